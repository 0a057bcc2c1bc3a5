"""A dry run says what the real run did, on 1,000 historic entries, and writes nothing."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from crm.entities.testing import factory_of
from crm.records import services as records
from crm.records.models import Entry
from crm.reference.models import Industry
from crm.workflows.dryrun import dry_run
from crm.workflows.models import RuleRun
from crm.workflows.tests.conftest import runs, set_fields, when, work
from sales import services as sales
from sales.models import Stage

pytestmark = pytest.mark.django_db


def shape(state: str, lines: list[dict]) -> tuple:
    """What must be equal: the state, every test with the value found, every branch and every effect."""
    kept = [
        {key: line[key] for key in ("t", "at", "nodes", "ok", "effect", "params", "why") if key in line}
        for line in lines
    ]
    return state, kept


def test_a_dry_run_equals_the_real_run(make_rule, seller, as_actor):
    chance = random.Random(7)
    both = {"any": [when("stage", "in", stage_ids(3)), {"field": "amount", "op": "lte", "value": "50"}]}
    branch = {
        "do": "if",
        "when": when("probability", "gte", "40"),
        "then": [set_fields(description="likely"), {"do": "effect", "effect": "do:win", "params": {}}],
        "else": [{"do": "wait", "for": "time", "days": 1}, set_fields(description="later")],
    }
    rules = [
        make_rule({"on": "changed", "field": "amount"}, set_fields(next_step="Call"), condition=when("probability", "gte", "50")),
        make_rule({"on": "changed", "field": "amount"}, set_fields(probability="45"), branch, condition={"all": [both]}),
        make_rule({"on": "created"}, {"do": "effect", "effect": "do:reopen", "params": {}}),
        make_rule({"on": "stage", "to": stage_ids(2)}, set_fields(next_step="Offer"), condition=when("account__industry", "filled")),
        make_rule({"on": "kind", "kinds": ["sales.opportunity.won"]}, set_fields(next_step="Thanks")),
        make_rule({"on": "changed"}, {"do": "wait", "for": "time", "days": 1}, set_fields(next_step="x"), condition=when("amount", "gte", "70")),
    ]  # fmt: skip
    accounts = [
        factory_of("customers.account")(seller, industry=one) for one in (None, Industry.objects.create(name="Pumps"))
    ]
    found = [factory_of("sales.opportunity")(seller, account=chance.choice(accounts), amount=n) for n in range(60)]
    act = Actions(chance, as_actor(seller), accounts)
    while Entry.objects.filter(entity="sales.opportunity").count() < 1000:
        act.on(chance.choice(found))
        work()
    before = {m: m.objects.count() for m in (Entry, RuleRun)}
    compared = 0
    for rule in rules:
        real = {run.entry_id: shape(run.state, run.lines) for run in runs(rule=rule)}
        trials = dry_run(rule, rule.current, days=1).trials
        tried = {trial.entry_id: shape(trial.state, trial.lines) for trial in trials}
        assert tried.keys() == real.keys()
        for entry, expected in real.items():
            assert tried[entry] == expected
        compared += len(real)
    assert compared >= 1000
    assert {run.state for run in runs()} >= {"done", "skipped", "waiting", "failed"}
    assert {m: m.objects.count() for m in before} == before


def stage_ids(count: int) -> list[str]:
    return [str(pk) for pk in Stage.objects.filter(is_lost=False, is_won=False).values_list("pk", flat=True)[:count]]


class Actions:
    """People at work: amounts, stages, chances, accounts, and linked accounts that grow and shrink."""

    def __init__(self, chance, actor, accounts) -> None:
        self.chance, self.actor, self.accounts = chance, actor, accounts

    def on(self, opportunity) -> None:
        opportunity.refresh_from_db()
        roll = self.chance.random()
        if opportunity.state != "open":
            sales.reopen_opportunity(opportunity, actor=self.actor)
        elif roll < 0.1:
            sales.win_opportunity(opportunity, actor=self.actor)
        elif roll < 0.4:
            stages = list(
                opportunity.pipeline.stages.filter(is_won=False, is_lost=False).exclude(pk=opportunity.stage_id)
            )
            sales.move_stage(opportunity, self.chance.choice(stages), actor=self.actor)
        elif roll < 0.5:
            account = self.chance.choice(self.accounts)
            account.refresh_from_db()
            account.industry = self.chance.choice([None, Industry.objects.first()])
            records.save(account, actor=self.actor)
        else:
            opportunity.amount = self.chance.choice([10, 40, 70, 100])
            opportunity.probability = self.chance.choice([10, 30, 60, 90])
            opportunity.account = self.chance.choice(self.accounts)
            records.save(opportunity, actor=self.actor)


def test_dates_and_schedules_are_tried_too(make_rule, seller):
    today = timezone.localdate()
    due = factory_of("sales.opportunity")(seller, close_date=today, amount=100)
    factory_of("sales.opportunity")(seller, close_date=today + timedelta(days=9), amount=1)
    dated = make_rule({"on": "date", "field": "close_date", "days": -1, "at": "00:00"}, set_fields(next_step="x"))
    daily = make_rule(
        {"on": "schedule", "every": "day", "at": "08:00"},
        set_fields(next_step="x"),
        condition=when("amount", "gte", "50"),
    )
    assert [trial.record_id for trial in dry_run(dated, dated.current, days=3).trials] == [due.pk]
    assert [trial.record_id for trial in dry_run(daily, daily.current, days=3).trials] == [due.pk]
    due.refresh_from_db()
    assert due.next_step == ""
