"""Deciding from a mail in a real browser, which says where it posts from; choosing people in the editor of a process."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from crm.approvals.tests.conftest import ask, node, open_task
from crm.approvals.tokens import mail_address

pytestmark = pytest.mark.browser


@pytest.fixture
def instance(transactional_db, seller, signers, opportunity, make_process):
    return ask(make_process(node(signers[0], opens=["amount"])), opportunity, seller)


def test_a_browser_decides_from_the_mail(instance, signers, live_server, page: Page):
    page.goto(live_server.url + mail_address(open_task(instance), signers[0]))
    page.fill("textarea[name=comment]", "from the train")
    page.click("button[value=approve]")
    page.locator("button[value=approve]").wait_for(state="detached")
    instance.refresh_from_db()
    assert instance.state == "approved"


def test_people_are_chosen_with_the_mouse(instance, boss, signers, live_server, page: Page):
    boss.set_password("right horse battery")
    boss.save()
    page.goto(f"{live_server.url}/sign-in/")
    page.fill("input[name=username]", boss.username)
    page.fill("input[name=password]", "right horse battery")
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{live_server.url}/")
    page.goto(f"{live_server.url}/admin/approvals/approvalprocess/{instance.process_id}/change/")
    page.locator("[data-card] .ts-control").first.click()
    page.keyboard.type("Signer 2")
    page.locator(".ts-dropdown .option").filter(has_text="Signer 2").click(timeout=10_000)
    assert page.locator("[data-card] .ts-control .item").filter(has_text="Signer 2").is_visible()
