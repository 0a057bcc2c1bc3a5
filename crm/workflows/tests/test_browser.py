"""An admin writes a rule with the mouse: trigger, condition, steps, branches, order; and switches it on."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from crm.workflows.models import Rule

pytestmark = pytest.mark.browser
PASSWORD = "right horse battery"


@pytest.fixture
def admin(transactional_db, boss, live_server, page: Page) -> Page:
    """A superuser's browser; a script error or a broken answer fails the test."""
    boss.set_password(PASSWORD)
    boss.save()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda m: errors.append(m.text) if "Content Security Policy" in m.text else None)
    page.on("response", lambda r: errors.append(f"{r.status} {r.url}") if r.status >= 500 else None)
    page.set_default_timeout(20_000)
    page.goto(f"{live_server.url}/sign-in/")
    page.fill("input[name=username]", boss.username)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{live_server.url}/")
    yield page
    assert errors == []


def add(page, list_selector: str, value: str) -> None:
    """Choose a step at the end of a list and wait until it stands there."""
    before = page.locator("[data-step]").count()
    page.locator(f"{list_selector} > .rule-add [data-add]").last.select_option(value)
    page.locator("[data-step]").nth(before).wait_for()


def test_a_rule_without_a_line_of_json(admin, live_server, boss):
    page = admin
    rule = Rule.objects.create(name="Pumps", entity="sales.opportunity", principal=boss)
    page.goto(f"{live_server.url}/admin/workflows/rule/{rule.pk}/change/")
    page.select_option("select[name=trigger-on]", "changed")
    page.locator("select[name=trigger-field]").wait_for()
    page.select_option("select[name=trigger-field]", "amount")
    page.locator("[data-trigger]").wait_for()
    condition = page.locator("fieldset .cond-field").first
    condition.locator(".cond-acts button").first.click()
    condition.locator("select").nth(1).select_option("amount")
    condition.locator("select").nth(2).select_option("gte")
    condition.locator(".between input").fill("5000")
    add(page, "form > fieldset > [data-steps]", "effect:set_fields")
    page.select_option("[data-add-field]", "next_step")
    page.locator("input[name$='-next_step']").fill("Call them")
    add(page, "form > fieldset > [data-steps]", "if")
    add(page, "[data-branch=then]", "effect:create_task")
    page.locator("[data-branch=then] input[name$='-subject']").fill("Visit")
    add(page, "[data-branch=else]", "stop")
    page.locator("[data-sortable] > [data-step]").nth(1).locator("[data-up]").first.click()
    page.click("button[name=switch]")
    page.locator(".rule-state.on").wait_for()
    rule.refresh_from_db()
    said = rule.current
    assert rule.active
    assert said.trigger["on"] == "changed" and said.trigger["field"] == "amount"
    assert said.condition == {"all": [{"field": "amount", "op": "gte", "value": "5000"}]}
    branch, fields = said.steps
    assert fields == {"do": "effect", "effect": "set_fields", "params": {"next_step": "Call them"}}
    assert branch["then"][0]["effect"] == "create_task" and branch["then"][0]["params"]["subject"] == "Visit"
    assert branch["else"] == [{"do": "stop"}]
