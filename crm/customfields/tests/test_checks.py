"""Validation rules refuse at every door, say why in the person's language, and leave old data editable."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils.translation import override

from crm.customfields import definitions
from crm.customfields.arranging import ValidationRule
from crm.customfields.formulas.checks import judge_rule, try_out
from crm.exchange.tests.test_import import Person, reasons
from crm.records.models import ChangeSet, Entry
from crm.records.services import delete, restore, save, save_many
from customers.factories import make_account
from sales.factories import make_opportunity
from sales.models import Opportunity

DEAL = "sales.opportunity"
URL = "/sales/opportunities/"


@pytest.fixture
def rule(define):
    """``rule("amount > 100", field="amount")`` refuses opportunities."""

    def make(expression="", **values):
        said = {"entity": DEAL, "name": "r", "message_en": "Too much.", "message_zh": "金额过大。", **values}
        made = ValidationRule(expression=expression, **said)
        made.full_clean()
        judge_rule(made)
        made.save()
        definitions.look_again()
        return made

    return make


def test_the_form_says_it_beside_the_field_in_the_persons_language(rule, desk, boss):
    rule("amount > 100", field="amount")
    deal = make_opportunity(owner=boss, amount=Decimal(5))
    page = {"name": "N", "stage": deal.stage_id, "currency": "CNY", "owner": boss.pk, "amount": "500"}
    answer = desk.post(URL + "add/", page)
    assert answer.status_code == 422 and answer.context["form"].errors == {"amount": ["Too much."]}
    boss.language = "zh-hans"
    boss.save()
    answer = desk.post(f"{URL}{deal.pk}/edit/", page | {"version": 1})
    assert answer.status_code == 422 and answer.context["form"].errors == {"amount": ["金额过大。"]}
    assert desk.post(URL + "add/", page | {"amount": "50"}).status_code == 302
    assert Opportunity.objects.count() == 2


def test_inline_bulk_and_undo_are_refused(rule, define, desk, actor, boss):
    deals = [make_opportunity(owner=boss, amount=Decimal(500 - n)) for n in range(3)]
    entry = None
    for deal in deals:
        deal.amount = Decimal(1)
        entry = save(deal, actor=actor)
    rule("amount > 100 and not is_new()", field="amount")
    answer = desk.post(f"{URL}{deals[0].pk}/cell/amount/", {"version": 2, "amount": "101"})
    assert answer.status_code == 422 and "Too much." in answer.content.decode()
    define(DEAL, "number", "score")
    rule("score > 5 and amount = 1", message_en="Score too high.")
    data = {"selected": [d.pk for d in deals], "apply": "1", "change_custom.score": "1", "custom.score": "7"}
    assert "Score too high." in desk.post(URL + "bulk/edit/", data, follow=True).content.decode()
    assert all(d.custom == {} for d in Opportunity.objects.all())
    desk.post(f"/undo/entry/{entry.pk}/", follow=True)
    assert {d.amount for d in Opportunity.objects.all()} == {Decimal(1)}
    assert ChangeSet.objects.filter(kind="undo").exists()


def test_a_batch_is_refused_as_a_whole(rule, actor, boss):
    rule("amount > 100")
    deals = [make_opportunity(owner=boss, amount=Decimal(n)) for n in (1, 2)]
    deals[0].amount, deals[1].amount = Decimal(3), Decimal(1000)
    with pytest.raises(ValidationError, match="Too much"):
        save_many(deals, actor=actor)


def test_old_data_stays_editable_unless_asked(rule, actor, boss):
    deal = make_opportunity(owner=boss, amount=Decimal(500))
    found = rule("amount > 100")
    deal.name = "Another"
    save(deal, actor=actor)
    deal.amount = Decimal(501)
    with pytest.raises(ValidationError):
        save(deal, actor=actor)
    found.always = True
    found.save()
    definitions.look_again()
    deal.refresh_from_db()
    deal.name = "Third"
    with pytest.raises(ValidationError):
        save(deal, actor=actor)
    changes = delete(Opportunity.objects.get(pk=deal.pk), actor=actor)
    assert changes and restore(Opportunity.objects.get(pk=deal.pk), actor=actor)


def test_it_compares_with_what_was_and_looks_through_links(rule, actor, boss):
    rule('old(amount) > amount and account.level = "VIP"', message_en="No discount.")
    account = make_account(owner=boss, level="vip")
    deal = make_opportunity(owner=boss, account=account, amount=Decimal(10))
    deal.amount = Decimal(11)
    save(deal, actor=actor)
    deal.amount = Decimal(9)
    with pytest.raises(ValidationError, match="No discount"):
        save(deal, actor=actor)


def test_it_sees_what_formulas_give(rule, define, actor, boss):
    define(DEAL, "formula", "bonus", settings={"expression": "amount / 10", "result": "money"})
    rule("bonus > 10", field="amount")
    make_opportunity(owner=boss, amount=Decimal(100))
    with pytest.raises(ValidationError):
        make_opportunity(owner=boss, amount=Decimal(101))


def test_conditions_refuse_too_and_both_must_hold(rule, actor, boss):
    where = {"all": [{"field": "next_step", "op": "empty"}]}
    rule("amount > 100", where=where, on_change=False)
    make_opportunity(owner=boss, amount=Decimal(500), next_step="Call")
    with pytest.raises(ValidationError):
        make_opportunity(owner=boss, amount=Decimal(500))
    deal = make_opportunity(owner=boss, amount=Decimal(5))
    deal.amount = Decimal(500)
    save(deal, actor=actor)


def test_an_import_refuses_in_its_preview_what_it_refuses_then(rule, client, boss, django_capture_on_commit_callbacks):
    rule("employees > 1000", field="employees", entity="customers.account")
    known = make_account(owner=boss, name="北辰", employees=5)
    person = Person(client, boss, django_capture_on_commit_callbacks)
    content = "客户名称,Employees\n南山,5\n西岭,5000\n北辰,9000\n"
    run, job = person.whole("customers.account", content, options={"mode": "upsert", "keys": "name"})
    known.refresh_from_db()
    assert (job.failed, known.employees) == (2, 5)
    assert all("Too much." in text for text in reasons(run).values())


def test_a_rule_that_cannot_be_is_refused_and_a_broken_one_refuses_nobody(rule, define, actor, boss):
    for values in ({"expression": "amoun > 1"}, {"expression": "amount"}, {}, {"expression": "true", "field": "zzz"}):
        with pytest.raises(ValidationError):
            rule(**values)
    with override("zh-hans"), pytest.raises(ValidationError):
        rule("金额 >")
    made = rule("[close date] < date(2020, 1, 1)")
    assert made.expression == "close_date < date(2020, 1, 1)"
    ValidationRule.objects.update(expression="gone > 1")
    definitions.look_again()
    make_opportunity(owner=boss)
    assert Entry.objects.filter(entity=DEAL).count() == 1


def test_it_is_tried_on_a_record(rule, boss):
    made = rule("amount > 100")
    ValidationRule.objects.all().delete()
    deals = [make_opportunity(owner=boss, amount=Decimal(n)) for n in (5, 500)]
    assert [try_out(made, deal, boss) for deal in deals] == [False, True]
