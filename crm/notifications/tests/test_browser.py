"""A file dropped, a colleague spoken to, the bell that tells them: in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from crm.access.models import Scope
from crm.activities.models import Comment
from crm.files.models import StoredFile
from crm.records.dispatch import dispatch
from sales.factories import make_opportunity

expect.set_options(timeout=20_000)
pytestmark = pytest.mark.browser
LABEL = "sales.opportunity"
PASSWORD = "right horse battery"


@pytest.fixture
def people(transactional_db, make_user, grant):
    found = []
    for username, name in (("lin", "林晓"), ("zhou", "周明远")):
        user = make_user(username, name=name)
        user.set_password(PASSWORD)
        user.save()
        grant(user, LABEL, view=Scope.ALL, change=Scope.OWN)
        found.append(user)
    return found


def sign_in(page: Page, address: str, username: str) -> None:
    page.goto(f"{address}/sign-in/")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{address}/")


def test_files_comments_and_the_bell(people, live_server, page: Page, browser):
    lin, _zhou = people
    deal = make_opportunity(owner=lin, name="泵站")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    sign_in(page, live_server.url, "lin")
    page.goto(f"{live_server.url}/sales/opportunities/{deal.pk}/?tab=files")
    drop = """place => {
        const data = new DataTransfer()
        data.items.add(new File(["hello"], "a.txt"))
        data.items.add(new File([], "empty.txt"))
        place.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }))
    }"""
    page.wait_for_function("document.querySelector('form[data-upload]')")
    page.wait_for_load_state("networkidle")
    page.locator("[data-files]").evaluate(drop)
    expect(page.locator(".file-line")).to_have_count(1)
    expect(page.locator(".toasts")).to_contain_text("The file is empty.")
    assert StoredFile.objects.get().name == "a.txt"

    page.goto(f"{live_server.url}/sales/opportunities/{deal.pk}/")
    page.locator("#composer label:has(input[value=comment])").click()
    area = page.locator("#composer textarea")
    area.press_sequentially("Look @zhoum", delay=30)
    expect(page.locator(".mention-list button")).to_have_text(["周明远"])
    area.press("Enter")
    expect(area).to_have_value("Look @周明远 ")
    page.locator("#composer [data-submit]").click()
    expect(page.locator(".spoken-to")).to_have_text(["@周明远"])
    assert [one["name"] for one in Comment.objects.get().mentions] == ["周明远"]
    dispatch()

    other = browser.new_context().new_page()
    sign_in(other, live_server.url, "zhou")
    expect(other.locator("[data-bell] .count")).to_have_text("1")
    other.locator("[data-bell] button").click()
    other.get_by_text("林晓 mentioned you on 泵站").click()
    other.wait_for_url(f"{live_server.url}/sales/opportunities/{deal.pk}/")
    expect(other.locator("[data-bell] .count")).to_have_text("")
    other.context.close()
    assert errors == []
