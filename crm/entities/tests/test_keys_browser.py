"""Every key that the map promises does what it says."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from crm.entities.tests.test_logic_browser import admin  # noqa: F401 - a fixture
from customers.factories import make_account
from sales.factories import make_opportunity

pytestmark = pytest.mark.browser


@pytest.fixture
def deal(transactional_db, boss):
    make_account(name="甲公司", owner=boss)
    make_account(name="乙公司", owner=boss)
    return make_opportunity(owner=boss)


def test_keys_of_lists(deal, admin: Page, live_server):  # noqa: F811
    page = admin
    page.goto(f"{live_server.url}/customers/accounts/?view=", wait_until="networkidle")
    rows = page.locator("tbody tr[data-id]")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(rows.nth(1)).to_have_class(re.compile("at"))
    page.keyboard.press("k")
    expect(rows.nth(0)).to_have_class(re.compile("at"))
    page.keyboard.press("x")
    expect(rows.nth(0).locator("input[name=selected]")).to_be_checked()
    address = rows.nth(0).get_attribute("data-url")
    page.keyboard.press("e")
    page.wait_for_url(f"{live_server.url}{address}edit/")
    page.go_back()
    page.wait_for_load_state("networkidle")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/customers/accounts/\d+/$"))


def test_keys_of_records_and_forms(deal, admin: Page, live_server):  # noqa: F811
    page = admin
    page.goto(f"{live_server.url}/sales/opportunities/{deal.pk}/", wait_until="networkidle")
    page.keyboard.press("t")
    expect(page.locator("#composer input[value=task]")).to_be_checked()
    expect(page.locator("#composer textarea")).to_be_focused()
    page.locator("h1").click()
    page.keyboard.press("n")
    expect(page.locator("#composer input[value=task]")).not_to_be_checked()
    page.locator("h1").click()
    page.keyboard.press("e")
    page.wait_for_url(re.compile(r"/edit/$"), wait_until="networkidle")
    page.fill("[name=product_text]", "Pumps")
    page.locator("h1").click()
    page.keyboard.press("s")
    page.wait_for_url(f"{live_server.url}/sales/opportunities/{deal.pk}/")
    deal.refresh_from_db()
    assert deal.product_text == "Pumps"


def test_keys_of_boards(deal, admin: Page, live_server):  # noqa: F811
    page = admin
    page.goto(f"{live_server.url}/sales/opportunities/board/?pipeline={deal.pipeline_id}", wait_until="networkidle")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("j")
    card = page.locator(f"#card-{deal.pk}")
    expect(card).to_be_focused()
    with page.expect_response(re.compile("/move/")) as answer:
        page.keyboard.press("Alt+ArrowRight")
    assert answer.value.status == 200
    expect(page.locator(f"[data-lane] #card-{deal.pk}")).to_have_count(1)
    before = deal.stage_id
    deal.refresh_from_db()
    assert deal.stage_id != before
    page.locator(f"#card-{deal.pk}").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/sales/opportunities/{deal.pk}/")


def test_keys_everywhere_and_the_map_names_them(deal, admin: Page, live_server):  # noqa: F811
    page = admin
    page.goto(f"{live_server.url}/customers/accounts/?view=", wait_until="networkidle")
    page.keyboard.press("?")
    shortcuts = page.locator("#shortcuts")
    expect(shortcuts).to_be_visible()
    named = shortcuts.locator("kbd").all_inner_texts()
    assert {"/", "c", "?", "j", "k", "x", "e", "Enter", "n", "t", "s", "g", "Alt ←", "Ctrl Enter", "F2"} <= set(named)
    letters = page.locator("#nav a[data-go]").evaluate_all("all => all.map(a => a.dataset.go)")
    assert len(letters) == len(set(letters))
    page.keyboard.press("Escape")
    expect(shortcuts).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    page.keyboard.press("c")
    expect(page.locator("#create-menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#create-menu")).to_be_hidden()
    home = page.locator("#nav a[data-go=h]").get_attribute("href")
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url(f"{live_server.url}{home}")


def test_the_last_look_comes_back(deal, admin: Page, live_server):  # noqa: F811
    page = admin
    with page.expect_response(re.compile("/preferences/")):
        page.goto(
            f"{live_server.url}/sales/opportunities/board/?view=&pipeline={deal.pipeline_id}", wait_until="networkidle"
        )
    page.goto(f"{live_server.url}/sales/opportunities/")
    assert "/board/" in page.url
