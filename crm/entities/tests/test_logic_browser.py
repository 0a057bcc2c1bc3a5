"""In a browser: the form obeys its rules while somebody types; an admin drags fields into a layout."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from crm.customfields import definitions, layouts
from crm.customfields.models import Cascade, LogicRule
from crm.customfields.services import define_field
from crm.records.actor import Actor
from customers.factories import make_account

pytestmark = pytest.mark.browser
LABEL = "customers.account"
PASSWORD = "right horse battery"


def options(*values):
    return [{"value": v, "label_zh": v, "label_en": v} for v in values]


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
    page.goto(f"{live_server.url}/sign-in/", wait_until="networkidle")
    page.fill("input[name=username]", boss.username)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{live_server.url}/")
    yield page
    definitions.assume_none()
    assert errors == []


@pytest.fixture
def ruled(transactional_db):
    actor = Actor(None, "test")
    define_field(LABEL, "choice", "grade", "级别", actor=actor, options=options("a", "b"))
    define_field(LABEL, "choice", "city", "城市", actor=actor, options=options("bj", "sh", "gz"))
    define_field(LABEL, "money", "budget", "预算", actor=actor)
    define_field(LABEL, "text", "note", "备注", actor=actor)
    big = {"all": [{"field": "custom.budget", "op": "gte", "value": "10000"}]}
    graded = {"all": [{"field": "custom.grade", "op": "in", "value": ["a"]}]}
    LogicRule.objects.create(entity=LABEL, target="custom.budget", effect="visible", where=graded)
    LogicRule.objects.create(entity=LABEL, target="custom.budget", effect="required", where=graded)
    LogicRule.objects.create(entity=LABEL, target="custom.note", effect="readonly", where=big)
    Cascade.objects.create(
        entity=LABEL, field="custom.city", by="custom.grade", matrix={"a": ["bj"], "b": ["sh", "gz"]}
    )
    layouts.forget()


def test_a_form_obeys_its_rules_while_somebody_types(ruled, admin, live_server, boss):
    page = admin
    account = make_account(owner=boss, custom={"note": "kept", "city": "gz", "grade": "b"})
    page.goto(f"{live_server.url}/customers/accounts/{account.pk}/edit/", wait_until="networkidle")
    budget, note = page.locator("[name='custom.budget']"), page.locator("[name='custom.note']")
    city, grade = page.locator("[name='custom.city']"), page.locator("[name='custom.grade']")
    expect(budget).to_be_hidden()
    grade.select_option("a")
    expect(budget).to_be_visible()
    expect(page.locator("[id='div_id_custom.budget'] .logic-star")).to_have_count(1)
    expect(city).to_have_value("")
    assert city.locator("option:not([hidden])").all_inner_texts() == ["", "bj"]
    budget.fill("1.2万")
    expect(note).to_be_disabled()
    budget.fill("9,999")
    expect(note).to_be_enabled()
    budget.fill("2万")
    city.select_option("bj")
    page.locator("[data-submit]").click()
    page.wait_for_url(f"{live_server.url}/customers/accounts/{account.pk}/")
    account.refresh_from_db()
    assert account.custom == {"note": "kept", "city": "bj", "grade": "a", "budget": "20000.00"}


def test_what_the_server_refuses_stands_beside_the_field(ruled, admin, live_server, boss):
    page = admin
    account = make_account(owner=boss)
    page.goto(f"{live_server.url}/customers/accounts/{account.pk}/edit/", wait_until="networkidle")
    page.locator("[name='custom.grade']").select_option("a")
    page.locator("[data-submit]").click()
    expect(page.locator("[id='div_id_custom.budget'] .invalid-feedback")).to_be_visible()
    expect(page.locator("[name='custom.grade']")).to_have_value("a")


def test_a_layout_is_arranged_by_dragging(admin, live_server):
    page = admin
    page.goto(
        f"{live_server.url}/admin/customfields/layout/arrange/?entity={LABEL}&surface=form", wait_until="networkidle"
    )
    phone = page.locator(".lay-field[data-name=phone]")
    first = page.locator("[data-parts] .lay-part").first.locator("[data-fields]")
    phone.drag_to(first.locator(".lay-field").first)
    expect(first.locator(".lay-field[data-name=phone]")).to_have_count(1)
    expect(page.locator(".lay-frame.desktop .see-part").first).to_contain_text(re.compile("Phone|电话"))
    website = page.locator(".lay-field[data-name=website]")
    website.focus()
    for _n in range(12):
        page.keyboard.press("Alt+ArrowDown")
    expect(page.locator(".tray .lay-field[data-name=website]")).to_have_count(1)
    page.locator("button[value=save]").click()
    page.locator(".messagelist").wait_for()
    parts = layouts.arranged(LABEL, "form")
    assert "phone" in parts[0].fields
    assert "website" not in {name for part in parts for name in part.fields}
