"""Figures and forms of sales obey the rights of who looks."""

from decimal import Decimal

import pytest
from django.utils import translation

from crm.access.models import Scope
from crm.entities.bound import bind
from crm.entities.entity import entity_of
from crm.records.actor import Actor
from customers.factories import make_account, make_contact
from sales.factories import make_lead, make_loss_reason, make_opportunity, make_pipeline, make_role, make_stage
from sales.forms import ConvertForm, LoseForm, WinForm
from sales.models import Lead, Opportunity
from sales.panels import stage_path

pytestmark = pytest.mark.django_db


def figures(record, user):
    with translation.override("en"):
        return {f["label"]: f for f in entity_of(record).all_figures(record, user)}


@pytest.fixture
def account(rep, other):
    account = make_account(owner=rep)
    make_opportunity(account=account, owner=rep, amount=Decimal("1200000"), stage=make_stage("赢单"))
    make_opportunity(account=account, owner=rep, amount=Decimal("5000"))
    make_opportunity(account=account, owner=other, amount=Decimal("7000"))
    return account


def test_an_account_shows_what_the_viewer_may_add_up(account, rep, boss, grant):
    assert set(figures(account, rep)) == {"Health"}
    grant(rep, "sales.opportunity", view=Scope.OWN)
    mine = figures(account, rep)
    assert (mine["Won so far"]["value"], mine["Under way"]["value"]) == ("¥1.2M", "¥5K")
    assert figures(account, boss)["Under way"]["note"] == "2 opportunities"


def test_hidden_amounts_are_counted_not_added(account, rep, grant, field_rule):
    grant(rep, "sales.opportunity", view=Scope.ALL)
    field_rule(rep, "sales.opportunity", "amount", "masked")
    shown = figures(account, rep)
    assert shown["Under way"]["value"] == "2 opportunities"
    assert "note" not in shown["Under way"]


def test_a_contact_shows_the_open_sales_they_are_in(boss):
    contact = make_contact()
    make_role(make_opportunity(), contact)
    make_role(make_opportunity(stage=make_stage("赢单")), contact)
    assert figures(contact, boss)["Open opportunities"]["value"] == "1"


def test_an_opportunity_shows_its_weighted_amount(boss):
    deal = make_opportunity(amount=Decimal("1000"), stage=make_stage("方案设计"))
    assert figures(deal, boss)["Weighted"]["value"] == "¥300"
    assert Opportunity.objects.weighted().get().weighted == Decimal("300")


def test_verbs_fit_the_state(boss):
    deal, won = make_opportunity(), make_opportunity(stage=make_stage("赢单"))
    names = [{a.name for a in bind(entity_of(o), boss).actions_on(o)} for o in (deal, won)]
    assert names == [
        {"win", "move", "lose", "assign_by_rules", "forward", "tag", "merge", "enrol"},
        {"reopen", "tag", "merge"},
    ]


def test_the_path_is_walked_by_who_may_change_the_sale(rep, other, grant):
    grant(rep, "sales.opportunity", view=Scope.ALL, change=Scope.OWN)
    mine, theirs = make_opportunity(owner=rep, stage=make_stage("方案设计")), make_opportunity(owner=other)
    path = stage_path(mine, rep)
    assert [step["place"] for step in path["steps"]] == ["past", "now", "", "", ""]
    assert (path["may"], stage_path(theirs, rep)["may"]) == (True, False)


def test_a_stage_that_is_hidden_shows_no_path(rep, grant, field_rule):
    grant(rep, "sales.opportunity", view=Scope.ALL)
    field_rule(rep, "sales.opportunity", "stage", "hidden")
    assert stage_path(make_opportunity(), rep) is None


def test_losing_asks_for_a_reason_and_winning_for_the_sum(boss):
    deal = make_opportunity(amount=Decimal("5"))
    assert not LoseForm({}, user=boss, record=deal).is_valid()
    assert LoseForm({"loss_reason": make_loss_reason().pk}, user=boss, record=deal).is_valid()
    form = WinForm({"amount": "1.2万", "close_date": "2026-11-01"}, user=boss, record=deal)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["amount"] == Decimal("12000")


def test_who_may_not_know_the_amount_is_not_asked_for_it(rep, grant, field_rule):
    grant(rep, "sales.opportunity", view=Scope.ALL)
    field_rule(rep, "sales.opportunity", "amount", "hidden")
    assert "amount" not in WinForm(user=rep, record=make_opportunity(amount=Decimal("5"))).fields


def test_conversion_offers_what_is_there_then_the_new(rep, other, grant):
    make_pipeline()
    for label in ("customers.account", "customers.contact"):
        grant(rep, label, view=Scope.OWN, add=Scope.OWN)
    grant(rep, "sales.opportunity", add=Scope.OWN)
    mine = make_account(name="海岳装备有限公司", owner=rep)
    make_account(name="海岳装备集团", owner=other)
    lead = make_lead(owner=rep, name="曾敏", company="上海海岳装备有限公司")
    form = ConvertForm(user=rep, record=lead)
    assert [value for value, _label in form.fields["account"].choices] == [str(mine.pk), "new"]
    drawn = form.offers()[0]
    assert (drawn["hidden"], drawn["options"][0]["line"].title) == (1, "海岳装备有限公司")
    assert [value for value, _label in form.fields["contact"].choices] == ["new", "none"]
    data = {"account": str(mine.pk), "contact": "new", "create_opportunity": "on", "stage": make_stage("赢单").pk}
    assert "stage" in ConvertForm(data, user=rep, record=lead).errors
    data["stage"] = make_stage("方案设计").pk
    chosen = ConvertForm(data, user=rep, record=lead)
    assert chosen.is_valid(), chosen.errors
    done = entity_of(lead).actions[0].run(lead, actor=Actor(rep), **chosen.cleaned_data)
    assert done == mine
    assert Lead.objects.get().converted_opportunity.account == mine


def test_conversion_takes_only_candidates(rep, other, grant):
    grant(rep, "customers.account", view=Scope.OWN, add=Scope.OWN)
    foreign = make_account(name="海岳装备集团", owner=other)
    form = ConvertForm({"account": foreign.pk, "contact": "none"}, user=rep, record=make_lead(company="海岳装备"))
    assert "account" in form.errors
