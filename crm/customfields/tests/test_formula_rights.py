"""A computed value shows to nobody who may not know what it is made of, at any door."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from crm.access.models import Scope
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.testing import exported
from customers.factories import make_account
from sales.factories import make_opportunity

ACCOUNT, DEAL = "customers.account", "sales.opportunity"
DEALS, ACCOUNTS = "/sales/opportunities/", "/customers/accounts/"
# What stands in the computed values and nowhere else, as pages, files and searches would write it.
MARK = "77700"


@pytest.fixture
def desk(client, rep, grant):
    for label in (ACCOUNT, DEAL, "customers.contact"):
        grant(rep, label, **dict.fromkeys(("view", "add", "change", "delete", "export", "import"), Scope.OWN))
    client.force_login(rep)
    return client


@pytest.fixture
def world(define, rep):
    """``code`` of a computed value on deals or accounts, each made of something else."""
    show = {"searchable": True, "sortable": True, "on_card": True}

    def formula(entity, code, expression, result="integer"):
        define(entity, "formula", code, settings={"expression": expression, "result": result}, **show)

    formula(DEAL, "direct", "amount * 0 + 7770001")
    formula(DEAL, "nested", "direct + 1")
    formula(DEAL, "looked", "account.annual_revenue * 0 + 7770003")
    formula(DEAL, "worded", '"Q" & text(amount * 0 + 7770004)', "text")
    said = {"link": f"{DEAL}:account", "function": "sum", "field": "custom.direct"}
    define(ACCOUNT, "rollup", "rolled", settings=said, **{**show, "on_card": False})
    where = {"all": [{"field": "amount", "op": "gte", "value": "1"}]}
    said = {"link": f"{DEAL}:account", "function": "max", "field": "close_date", "where": where}
    define(ACCOUNT, "rollup", "asked", settings=said)
    account = make_account(owner=rep, name="Holder", annual_revenue=Decimal(5))
    deal = make_opportunity(owner=rep, name="Chance", account=account, amount=Decimal(12), close_date="2031-07-17")
    account.refresh_from_db()
    return account, deal


def names_of(user, label):
    return {field.name for field in bind(registry[label], user).offered}


CASES = {
    (DEAL, "amount"): {"direct", "nested", "worded", "rolled", "asked"},
    (ACCOUNT, "annual_revenue"): {"looked"},
    (DEAL, "account"): {"looked", "rolled", "asked"},
    (DEAL, "custom.direct"): {"direct", "nested", "rolled"},
    (DEAL, "close_date"): {"asked"},
}
EVERY = {"direct", "nested", "looked", "worded", "rolled", "asked"}


@pytest.mark.parametrize("hidden", CASES, ids=lambda key: f"{key[0]}.{key[1]}")
def test_what_is_hidden_hides_what_is_made_of_it(desk, world, rep, field_rule, hidden):
    field_rule(rep, *hidden, "hidden")
    shown = {n.removeprefix("custom.") for label in (ACCOUNT, DEAL) for n in names_of(rep, label) if "." in n}
    assert EVERY - {name for name in shown if "__" not in name} == CASES[hidden]


@pytest.mark.parametrize("mode", ["hidden", "masked"])
def test_no_door_lets_it_out(desk, world, rep, field_rule, mode):
    account, deal = world
    assert MARK in desk.get(f"{DEALS}{deal.pk}/").content.decode().replace(",", "")
    assert "Chance" in desk.get("/search/?q=Q7770004").content.decode()
    for label, name in CASES:
        if "." not in name and name != "account":
            field_rule(rep, label, name, mode)
    every = ",".join(f"custom.{code}" for code in ("direct", "nested", "looked", "worded"))
    through = "name,account__custom.rolled,account__custom.asked"
    pages = [
        f"{DEALS}?cols=name,{every}",
        f"{DEALS}?cols={through}",
        f"{DEALS}{deal.pk}/",
        f"{DEALS}{deal.pk}/history/",
        f"{DEALS}{deal.pk}/timeline/",
        f"{ACCOUNTS}{account.pk}/tabs/",
        f"{DEALS}{deal.pk}/why/",
        f"{DEALS}{deal.pk}/edit/",
        f"{DEALS}board/",
        f"{DEALS}board/open/",
        f"{DEALS}counts/?cols={every}",
        f"{ACCOUNTS}?cols=name,custom.rolled,custom.asked",
        f"{ACCOUNTS}{account.pk}/",
        *(f"{DEALS}{deal.pk}/cell/custom.{code}/" for code in ("direct", "nested", "looked", "worded")),
    ]
    for page in pages:
        said = desk.get(page).content.decode().replace(",", "")
        assert MARK not in said and "2031-07-17" not in said, page
    for cols in (f"name,{every}", through):
        assert MARK not in "\n".join(exported(desk, DEAL, f"?cols={cols}")).replace(",", "")
    assert "Chance" not in desk.get("/search/?q=Q7770004").content.decode()


@pytest.mark.parametrize("mode", ["hidden", "masked"])
def test_it_neither_filters_nor_sorts_nor_adds_up(desk, world, rep, field_rule, mode):
    field_rule(rep, DEAL, "amount", mode)
    for code in ("direct", "nested", "worded"):
        name = f"custom.{code}"
        assert desk.get(f"{DEALS}?{name}=7770001").status_code == 422
        where = json.dumps({"all": [{"field": name, "op": "filled"}]})
        assert desk.get(DEALS, {"where": where}).status_code == 422
        bound = bind(registry[DEAL], rep)
        assert name not in bound.filterable and name not in bound.sortable
        assert name not in bound.readable(bound.sums)
    bound = bind(registry[DEAL], rep)
    assert "account__custom.rolled" not in bound.filterable
