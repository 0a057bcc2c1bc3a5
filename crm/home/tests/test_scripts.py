"""The scripts in a real browser under the real Content-Security-Policy: what each promises, on pages with one piece each."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from crm.home.tests import pages

pytestmark = pytest.mark.browser


@pytest.fixture
def site(settings, live_server, page: Page):
    """Open a page; a script error or a refusal by the CSP fails the test."""
    settings.ROOT_URLCONF = "crm.home.tests.pages"
    pages.posts.clear()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda m: errors.append(m.text) if "Content Security Policy" in m.text else None)

    def go(path: str) -> Page:
        page.goto(live_server.url + path)
        page.wait_for_load_state("networkidle")
        return page

    yield go
    assert errors == []


def test_the_palette_searches_and_opens_with_keys_alone(site):
    page = site("/list/")
    page.keyboard.press("/")
    expect(page.locator("#palette input")).to_be_focused()
    page.keyboard.type("fou")
    expect(page.locator("[data-results] [role=option]")).to_have_text("Found")
    page.keyboard.press("Enter")
    page.wait_for_url("**/record/1/")


def test_letters_typed_into_a_field_are_no_commands(site):
    page = site("/form/")
    page.locator("#id_name").press_sequentially("c/?")
    assert page.locator("#id_name").input_value() == "c/?"
    assert not page.locator("#palette").evaluate("e => e.open")


def test_unsaved_work_asks_before_it_goes(site):
    page = site("/form/")
    page.locator("#id_name").fill("draft")
    page.locator(".brand").first.click()
    expect(page.locator("#ask")).to_be_visible()
    page.locator("#ask [data-no]").click()
    assert page.url.endswith("/form/") and page.locator("#id_name").input_value() == "draft"


def test_a_question_to_the_server_on_the_way_does_not_count_as_saving(site):
    page = site("/form/")
    with page.expect_response(lambda response: "/cell/" in response.url):
        page.locator("#id_name").press_sequentially("draft")
    page.locator(".brand").first.click()
    expect(page.locator("#ask")).to_be_visible()


def test_a_double_click_saves_once_and_saved_work_asks_nothing(site):
    page = site("/form/")
    page.locator("#id_name").fill("once")
    page.locator("[data-submit]").dblclick()
    page.wait_for_url("**/list/")
    assert [post["name"] for post in pages.posts] == [["once"]]


def test_a_refused_form_puts_the_focus_on_its_mistakes_and_keeps_the_rest(site):
    page = site("/form/")
    page.locator(".ts-control").click()
    page.keyboard.type("hairun")
    page.locator(".ts-dropdown .option", has_text="青岛海润水务").click()
    page.locator("[data-submit]").click()
    expect(page.locator("[data-error-summary]")).to_be_focused()
    assert pages.posts[0]["account"] == ["5"]
    page.locator("[data-error-summary] a").click()
    expect(page.locator("#id_name")).to_be_focused()


def test_all_rows_travel_as_all_and_the_query_not_as_ids(site):
    page = site("/list/?level=a")
    page.locator("[data-pick-page]").check()
    page.locator("[data-select-all]").click()
    expect(page.locator("[data-count]")).to_contain_text("500")
    page.locator("#bulk button").click()
    page.wait_for_url("**/list/")
    assert (
        pages.posts[0]["all"] == ["1"] and pages.posts[0]["query"] == ["level=a"] and "selected" not in pages.posts[0]
    )


def test_taking_one_row_off_ends_all(site):
    page = site("/list/")
    page.locator("[data-pick-page]").check()
    page.locator("[data-select-all]").click()
    page.locator("tbody input").first.uncheck()
    page.locator("#bulk button").click()
    page.wait_for_url("**/list/")
    assert pages.posts[0]["selected"] == ["2", "3"] and "all" not in pages.posts[0]


def test_rows_and_cells_by_keyboard(site):
    page = site("/list/")
    for key in ("j", "j", "x"):
        page.keyboard.press(key)
    assert page.locator("tbody input").nth(1).is_checked()
    page.keyboard.press("F2")
    expect(page.locator("td form input")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("tr.at [data-edit-url]")).to_have_text("old")
    page.keyboard.press("F2")
    expect(page.locator("td form input")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("tr.at [data-edit-url]")).to_have_text("new")


def lanes(page: Page) -> list[int]:
    return [page.locator(f"[data-lane={lane}] .lane-card").count() for lane in "abcd"]


def test_a_card_moves_by_keyboard_and_says_its_version(site):
    page = site("/board/")
    page.locator("[data-lane=a] .lane-card").focus()
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator("[data-lane=b] [data-lane-count]")).to_have_text("2")
    assert lanes(page) == [0, 2, 1, 1]
    assert pages.posts[0]["to"] == ["b"] and pages.posts[0]["version"] == ["7"]


def test_a_refused_card_goes_back_and_says_why(site):
    page = site("/board/")
    page.locator("[data-lane=b] .lane-card").drag_to(page.locator("[data-lane=c] [data-cards]"))
    expect(page.locator(".toast-note")).to_contain_text("The stage needs a close date.")
    assert lanes(page) == [1, 1, 1, 1]


def test_a_stage_that_needs_more_opens_its_form(site):
    page = site("/board/")
    page.locator("[data-lane=c] .lane-card").focus()
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator("#dialog input[name=close_date]")).to_be_visible()
    assert lanes(page) == [1, 1, 1, 1]


def test_conditions_become_the_json_of_the_address(site):
    page = site("/conditions/")
    page.locator(".cond-row select").first.select_option("amount")
    page.locator(".cond-row input").fill("1000")
    page.locator(".cond-acts .link").nth(1).click()
    page.locator(".cond-row").nth(1).locator("select").first.select_option("level")
    page.locator(".cond-row").nth(1).locator("label", has_text="A").click()
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**where=**")
    where = json.loads(parse_qs(urlsplit(page.url).query)["where"][0])
    assert where == {
        "all": [
            {"field": "amount", "op": "gte", "value": "1000"},
            {"any": [{"field": "level", "op": "in", "value": ["a"]}]},
        ]
    }
