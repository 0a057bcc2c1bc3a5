"""Formulas: worked out with the write that changes a part, shown and compared like any field, read-only, no history."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from crm.customfields import definitions
from crm.customfields.formulas import recalculating
from crm.customfields.formulas.graph import graph
from crm.customfields.services import change_field, delete_field
from crm.entities.entity import registry
from crm.entities.testing import exported, listed
from crm.jobs.models import Job
from crm.jobs.running import run
from crm.records.actor import Actor
from crm.records.models import Entry
from crm.records.services import save, save_many
from customers.factories import make_account
from customers.models import Account
from sales.factories import make_opportunity
from sales.models import Opportunity
from sales.services import win_opportunity

ACCOUNT, DEAL = "customers.account", "sales.opportunity"
URL = "/sales/opportunities/"


@pytest.fixture
def formula(define):
    """``formula(DEAL, "bonus", "amount * 0.1", "money")``"""

    def make(entity, code, expression, result="number", **settings):
        return define(entity, "formula", code, settings={"expression": expression, "result": result}, **settings)

    return make


def held(record, code):
    record.refresh_from_db()
    return record.custom.get(code)


def run_jobs():
    for job in Job.objects.filter(state="queued", kind="customfields.recompute").order_by("pk"):
        run(job.pk)


def test_it_is_worked_out_with_the_write_and_leaves_no_trace(formula, define, actor, boss):
    define(DEAL, "number", "rate", decimals=3)
    formula(DEAL, "bonus", "amount * coalesce(rate, 0.1)", "money")
    formula(DEAL, "grade", 'if(bonus >= 100, "A", "B")', "text")
    deal = make_opportunity(owner=boss, amount=Decimal(999))
    assert deal.custom == {"bonus": "99.90", "grade": "B"}
    deal.amount = Decimal(1000)
    save(deal, actor=actor)
    assert (held(deal, "bonus"), held(deal, "grade"), deal.version) == ("100.00", "A", 2)
    deal.custom = {**deal.custom, "rate": "0.200", "bonus": "5", "grade": "Z"}
    entry = save(deal, actor=actor)
    assert entry.changes == {"custom.rate": [None, "0.200"]}
    assert (held(deal, "bonus"), held(deal, "grade")) == ("200.00", "A")
    deal.amount = None
    save(deal, actor=actor)
    assert (held(deal, "bonus"), held(deal, "grade")) == (None, "B")
    changed = {name for e in Entry.objects.filter(record_id=deal.pk) for name in e.changes}
    assert not {"custom.bonus", "custom.grade"} & changed


def test_nobody_writes_it(formula, desk, actor, boss):
    formula(DEAL, "bonus", "amount * 2", "money")
    deal = make_opportunity(owner=boss, amount=Decimal(5))
    form = desk.get(f"{URL}{deal.pk}/edit/").content.decode()
    assert 'name="custom.bonus"' not in form
    desk.post(f"{URL}{deal.pk}/cell/custom.bonus/", {"version": 1, "custom.bonus": "77"})
    data = {"selected": [deal.pk], "apply": "1", "change_custom.bonus": "1", "custom.bonus": "77"}
    desk.post(f"{URL}bulk/edit/", data)
    assert held(deal, "bonus") == "10.00"


def test_it_stands_on_every_surface(formula, desk, boss):
    formula(DEAL, "bonus", "amount * 2", "money", sortable=True, searchable=True, on_card=True)
    formula(DEAL, "note", '"总" & text(amount, "0")', "text", searchable=True)
    low, high = (make_opportunity(owner=boss, amount=Decimal(n), name=f"N{n}") for n in (10, 4000))
    listing = desk.get(f"{URL}?cols=name,custom.bonus")
    assert "8,000.00" in listing.content.decode()
    assert listed(desk, DEAL, "?custom.bonus__gte=100") == {high.pk}
    assert listed(desk, DEAL, "?custom.note=总10") == {low.pk}
    assert [r.pk for r in desk.get(f"{URL}?sort=-custom.bonus").context["page"].records] == [high.pk, low.pk]
    assert "custom.bonus" in registry[DEAL].field_names
    assert any("8,000.00" in line or "8000.00" in line for line in exported(desk, DEAL, "?cols=name,custom.bonus"))
    assert "总4000" in desk.get(f"{URL}{high.pk}/").content.decode()
    hits = desk.get("/search/?q=总4000").content.decode()
    assert "N4000" in hits


def test_it_follows_what_it_looks_up(formula, define, actor, boss):
    define(ACCOUNT, "number", "rate")
    formula(ACCOUNT, "twice", "rate * 2")
    formula(DEAL, "share", "amount * account.twice", "money")
    formula(DEAL, "region_of", 'coalesce(account.region.name, "-")', "text")
    account = make_account(owner=boss, custom={"rate": "0.10"})
    deals = [make_opportunity(owner=boss, account=account, amount=Decimal(100)) for _n in range(3)]
    other = make_opportunity(owner=boss, amount=Decimal(100))
    assert held(deals[0], "share") == "20.00" and held(other, "share") is None
    entries, versions = Entry.objects.count(), [d.version for d in deals]
    account.custom = {**account.custom, "rate": "0.50"}
    save(account, actor=actor)
    assert [held(d, "share") for d in deals] == ["100.00"] * 3
    assert Entry.objects.count() == entries + 1 and [d.version for d in deals] == versions
    other.account = account
    save(other, actor=actor)
    assert held(other, "share") == "100.00"
    other.account = None
    save(other, actor=actor)
    assert held(other, "share") is None


def test_many_are_worked_out_set_wise(formula, actor, boss, django_assert_max_num_queries):
    formula(DEAL, "share", "amount * account.annual_revenue / 100", "money")
    accounts = [make_account(owner=boss, annual_revenue=Decimal(n)) for n in (10, 20)]
    deals = [make_opportunity(owner=boss, account=accounts[n % 2], amount=Decimal(n)) for n in range(60)]
    for deal in deals:
        deal.amount += 100
    with django_assert_max_num_queries(25):
        save_many(deals, actor=actor)
    assert held(deals[1], "share") == "20.20"


def test_a_new_definition_is_worked_out_for_all_in_a_job(formula, actor, boss):
    deals = [make_opportunity(owner=boss, amount=Decimal(n)) for n in (1, 2)]
    field = formula(DEAL, "bonus", "amount * 3", "money")
    run_jobs()
    assert [held(d, "bonus") for d in deals] == ["3.00", "6.00"] and [d.version for d in deals] == [1, 1]
    assert Job.objects.get(kind="customfields.recompute").updated == 2
    change_field(field, actor=actor, settings={"expression": "amount * 4", "result": "money"})
    run_jobs()
    assert held(deals[1], "bonus") == "8.00"


def test_the_clock_is_followed_at_night(formula, actor, boss):
    formula(DEAL, "left", "days_between(today(), close_date)", "integer")
    deal = make_opportunity(owner=boss, close_date=datetime.date.today() + datetime.timedelta(days=9))
    assert held(deal, "left") == 9
    Opportunity.objects.filter(pk=deal.pk).update(custom={"left": 12})
    assert recalculating.nightly() == 1
    assert held(deal, "left") == 9 and recalculating.nightly() == 0


def test_what_other_rooms_work_out_is_followed(formula, boss, actor):
    formula(DEAL, "wait", "if(empty(closed_at), 0, 1)", "integer")
    deal = make_opportunity(owner=boss)
    assert held(deal, "wait") == 0
    win_opportunity(deal, actor=actor)
    assert held(deal, "wait") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("amoun * 2", "amount"),
        ("account * 2", "Name a field"),
        ("name", "is wanted"),
        ("owner.password", "no field"),
        ("name.x", "is no link"),
        ("", "Write an expression"),
    ],
)
def test_what_cannot_be_is_refused(formula, text, said):
    with pytest.raises(ValidationError) as found:
        formula(DEAL, "bonus", text, "money")
    assert said.lower() in str(found.value).lower()


def test_circles_are_refused(formula, define):
    first = formula(DEAL, "one", "amount + 1")
    formula(DEAL, "two", "one + 1")
    with pytest.raises(ValidationError, match="circles"):
        change_field(first, actor=Actor(None, "test"), settings={"expression": "two + 1", "result": "number"})
    with pytest.raises(ValidationError, match="circles|no field"):
        formula(DEAL, "self", "self + 1")


def test_towers_are_refused(formula):
    formula(DEAL, "f0", "amount")
    for number in range(1, 10):
        formula(DEAL, f"f{number}", f"f{number - 1} + 1")
    with pytest.raises(ValidationError, match="stand on each other"):
        formula(DEAL, "f10", "f9 + 1")


def test_labels_in_both_languages_name_fields(formula, define, boss):
    define(DEAL, "number", "rate", label_zh="返点 比例", label_en="Rebate")
    field = formula(DEAL, "bonus", "金额 * [返点 比例] + Rebate + [客户].[年营业额]", "money")
    assert field.settings["expression"] == "amount * custom.rate + custom.rate + account.annual_revenue"


def test_a_formula_that_breaks_later_keeps_its_values(formula, define, boss, actor):
    inner = define(DEAL, "number", "rate")
    formula(DEAL, "bonus", "rate * 2")
    deal = make_opportunity(owner=boss, custom={"rate": "2.00"})
    assert held(deal, "bonus") == "4.00"
    type(inner).objects.filter(pk=inner.pk).delete()
    definitions.look_again()
    assert graph().broken
    deal.amount = Decimal(3)
    save(deal, actor=actor)
    assert held(deal, "bonus") == "4.00"


def test_it_goes_without_history_as_it_came(formula, actor, boss):
    field = formula(DEAL, "bonus", "amount * 2", "money")
    deals = [make_opportunity(owner=boss, amount=Decimal(n)) for n in (1, 2)]
    entries = Entry.objects.count()
    run(delete_field(field, actor=actor).pk)
    assert [held(d, "bonus") for d in deals] == [None, None]
    assert (Entry.objects.count(), deals[0].version) == (entries, 1)
    assert not type(field).objects.exists()


def test_undo_and_trash_leave_it_right(formula, desk, actor, boss):
    formula(DEAL, "bonus", "amount * 2", "money")
    deal = make_opportunity(owner=boss, amount=Decimal(5))
    deal.amount = Decimal(7)
    entry = save(deal, actor=actor)
    desk.post(f"/undo/entry/{entry.pk}/")
    assert held(deal, "bonus") == "10.00"


def test_accounts_move_nothing_else(formula, actor, boss):
    """A formula of one entity costs the others nothing."""
    formula(DEAL, "bonus", "amount * 2", "money")
    assert make_account(owner=boss).custom == {} and Account.objects.count() == 1
