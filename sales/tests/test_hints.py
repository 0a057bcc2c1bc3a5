"""Suggestions while typing: from the e-mail domain, the address, customers and earlier leads, never more than one may know."""

from __future__ import annotations

import pytest
from django.utils import translation

from crm.access.models import Scope
from crm.reference.models import Industry
from customers.factories import make_account
from sales.factories import make_lead
from sales.models import Lead

ALL = dict.fromkeys(("view", "add", "change"), Scope.OWN)
LABELS = ("sales.lead", "customers.account", "customers.contact")


@pytest.fixture(autouse=True)
def mine(rep, grant, client):
    for label in LABELS:
        grant(rep, label, **ALL)
    client.force_login(rep)
    with translation.override("en"):
        yield


@pytest.fixture
def typed(client):
    def ask(url, **data) -> dict[str, str]:
        response = client.post(url, data)
        assert response.status_code == 200, response.content.decode()
        return {hint.field: hint.shown for hint in response.context["hints"]}

    return ask


LEAD, ACCOUNT, CONTACT = "/sales/leads/check/", "/customers/accounts/check/", "/customers/contacts/check/"


@pytest.fixture
def steel(db):
    return Industry.objects.create(name="钢铁冶炼")


def test_a_lead_gets_what_is_known_of_the_customer(typed, rep, steel):
    make_account(
        owner=rep, name="远山钢铁", website="https://yuanshan.example", email="a@yuanshan.example", industry=steel
    )
    found = typed(LEAD, email="wang@yuanshan.example")
    assert found["company"] == "远山钢铁" and found["industry"] == str(steel) and "website" in found
    assert "company" not in typed(LEAD, email="wang@yuanshan.example", company="别的公司")
    assert typed(LEAD, email="wang@gmail.com") == {} == typed(LEAD, email="not an address")


def test_nothing_of_other_peoples_records(typed, other, rep, field_rule, steel):
    make_account(owner=other, name="远山钢铁", email="a@yuanshan.example", industry=steel)
    make_lead(owner=other, name="老线索", company="远山", email="b@yuanshan.example")
    assert set(typed(LEAD, email="wang@yuanshan.example")) == {"website"}
    assert set(typed(ACCOUNT, name="x", email="wang@yuanshan.example")) == {"website"}
    assert "account" not in typed(CONTACT, name="王", email="wang@yuanshan.example")


def test_nothing_of_hidden_fields(typed, rep, steel, field_rule):
    make_account(owner=rep, name="远山钢铁", email="a@yuanshan.example", industry=steel)
    field_rule(rep, "customers.account", "industry", "hidden")
    assert "industry" not in typed(LEAD, email="wang@yuanshan.example")
    field_rule(rep, "sales.lead", "website", "read")
    assert "website" not in typed(LEAD, email="wang@yuanshan.example")


def test_an_earlier_lead_helps_a_new_customer(typed, rep, steel):
    make_lead(owner=rep, company="远山钢铁", email="b@yuanshan.example", industry=steel)
    assert typed(ACCOUNT, email="new@yuanshan.example")["name"] == "远山钢铁"
    assert typed(LEAD, email="new@yuanshan.example")["industry"] == str(steel)


def test_nothing_is_written_and_words_are_escaped(typed, rep, client):
    make_lead(owner=rep, company='"><script>alert(1)</script>', email="b@yuanshan.example")
    body = client.post(LEAD, {"email": "new@yuanshan.example"}).content.decode()
    assert "<script>alert" not in body and "data-hint" in body
    assert Lead.objects.count() == 1


def test_who_may_not_add_is_asked_nothing(make_user, client):
    client.force_login(make_user("stranger"))
    assert client.post(LEAD, {"email": "new@yuanshan.example"}).status_code in {403, 404}
