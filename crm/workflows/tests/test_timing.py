"""What the clock sets off: to the minute, once, in working time where asked; waits that end by time, date or condition."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from crm.entities.testing import factory_of
from crm.lib.worktime import WorkTime
from crm.records import services as records
from crm.reference.calendars import OFFICE_HOURS
from crm.workflows import engine, pruning, services, timing
from crm.workflows.models import Rule, RuleRun
from crm.workflows.moments import after, moment_of, next_time, quiet_until
from crm.workflows.tests.conftest import runs, set_fields, when, work

pytestmark = pytest.mark.django_db
State = RuleRun.State
WEEK = WorkTime(week=(OFFICE_HOURS,) * 5 + ((), ()))


def at(text: str) -> datetime:
    return timezone.make_aware(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("value", "offset", "work_time", "expected"),
    [
        (date(2026, 11, 25), {"days": -3}, None, "2026-11-22 09:00"),
        (date(2026, 11, 25), {"days": -3, "at": "17:30"}, None, "2026-11-22 17:30"),
        (date(2026, 11, 25), {"days": -3, "at": "17:30"}, WEEK, "2026-11-20 17:30"),
        (date(2026, 11, 20), {"days": 1}, WEEK, "2026-11-23 09:00"),
        (at("2026-11-25 10:20"), {"hours": 2}, None, "2026-11-25 12:20"),
        (at("2026-11-25 10:20"), {"days": 1, "at": "08:00"}, None, "2026-11-26 08:00"),
    ],
)
def test_offsets(value, offset, work_time, expected):
    assert moment_of(value, offset, work_time) == at(expected)


def test_waits_in_working_time():
    assert after(at("2026-11-20 17:00"), {"hours": 2}, WEEK) == at("2026-11-23 10:00")
    assert after(at("2026-11-20 17:00"), {"days": 1}, WEEK) == at("2026-11-23 17:00")
    assert after(at("2026-11-20 17:00"), {"days": 1, "hours": 2}) == at("2026-11-21 19:00")


@pytest.mark.parametrize(
    ("trigger", "now", "expected"),
    [
        ({"every": "day", "at": "08:00"}, "2026-11-22 07:59", "2026-11-22 08:00"),
        ({"every": "day", "at": "08:00"}, "2026-11-22 08:00", "2026-11-23 08:00"),
        ({"every": "week", "weekdays": [0, 4], "at": "08:00"}, "2026-11-24 08:00", "2026-11-27 08:00"),
        ({"every": "month", "day": 31, "at": "08:00"}, "2026-11-02 08:00", "2026-11-30 08:00"),
    ],
)
def test_schedules_come_round(trigger, now, expected):
    assert next_time(trigger, at(now)) == at(expected)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-22 21:59", None),
        ("2026-11-22 22:00", "2026-11-23 08:00"),
        ("2026-11-23 07:59", "2026-11-23 08:00"),
        ("2026-11-23 08:00", None),
    ],
)
def test_quiet_hours_may_pass_midnight(now, until):
    start, end = datetime(2026, 1, 1, 22).time(), datetime(2026, 1, 1, 8).time()
    assert quiet_until(at(now), start, end) == (at(until) if until else None)


def test_a_date_reached_fires_once_and_again_when_it_moves(make_rule, seller, as_actor):
    today = timezone.localdate()
    rule = make_rule({"on": "date", "field": "close_date", "days": -2, "at": "09:00"}, set_fields(next_step="Hurry"))
    Rule.objects.filter(pk=rule.pk).update(active_since=timezone.now() - timedelta(days=30))
    soon = factory_of("sales.opportunity")(seller, close_date=today + timedelta(days=2))
    far = factory_of("sales.opportunity")(seller, close_date=today + timedelta(days=4))
    noon = timezone.make_aware(datetime.combine(today, datetime.min.time())) + timedelta(hours=9)
    assert timing.tick(noon - timedelta(minutes=1)) == 0
    assert timing.tick(noon) == 1
    assert timing.tick(noon + timedelta(minutes=1)) == 0
    RuleRun.objects.update(next_at=timezone.now())
    work()
    soon.refresh_from_db(), far.refresh_from_db()
    assert (soon.next_step, far.next_step) == ("Hurry", "")
    soon.close_date = today + timedelta(days=3)
    records.save(soon, actor=as_actor(seller))
    assert timing.tick(noon + timedelta(days=1)) == 1
    assert len({run.occurrence for run in runs(rule=rule)}) == 2


def test_a_date_before_the_rule_was_switched_on_is_past(make_rule, seller):
    make_rule({"on": "date", "field": "close_date", "days": 0, "at": "00:00"}, set_fields(next_step="Hurry"))
    factory_of("sales.opportunity")(seller, close_date=timezone.localdate() - timedelta(days=1))
    assert timing.tick() == 0


def test_a_schedule_looks_at_all_that_match_once(make_rule, seller):
    rule = make_rule(
        {"on": "schedule", "every": "day", "at": "08:00"},
        set_fields(next_step="Call"),
        condition=when("amount", "gte", "100"),
    )
    big = factory_of("sales.opportunity")(seller, amount=500)
    factory_of("sales.opportunity")(seller, amount=5)
    moment = rule.next_at
    assert timing.tick(moment - timedelta(seconds=1)) == 0
    assert (timing.tick(moment), timing.tick(moment)) == (1, 0)
    assert [run.record_id for run in runs(rule=rule)] == [big.pk]
    rule.refresh_from_db()
    assert rule.next_at == moment + timedelta(days=1)


def pass_time(rule: Rule, **span: float) -> None:
    """Let the runs of a rule and their waits be older by that much."""
    for run in RuleRun.objects.filter(rule=rule):
        moved = [
            line | {"until": (datetime.fromisoformat(line["until"]) - timedelta(**span)).isoformat()}
            if "until" in line
            else line
            for line in run.lines
        ]
        RuleRun.objects.filter(pk=run.pk).update(next_at=run.next_at and run.next_at - timedelta(**span), lines=moved)


def touch(opportunity, actor):
    opportunity.refresh_from_db()
    opportunity.amount = (opportunity.amount or 0) + 1
    records.save(opportunity, actor=actor)


def test_a_wait_holds_what_follows_and_then_lets_it_go_once(make_rule, opportunity, seller, as_actor):
    rule = make_rule(
        {"on": "changed", "field": "amount"},
        set_fields(description="first"),
        {"do": "wait", "for": "time", "days": 2},
        set_fields(next_step="then"),
    )
    touch(opportunity, as_actor(seller))
    work()
    opportunity.refresh_from_db()
    assert (opportunity.description, opportunity.next_step) == ("first", "")
    (run,) = runs(rule=rule)
    assert run.state == State.WAITING
    assert abs(run.next_at - timezone.now() - timedelta(days=2)) < timedelta(minutes=1)
    pass_time(rule, days=2)
    work()
    assert engine.advance() == 0
    opportunity.refresh_from_db()
    assert (opportunity.next_step, runs(rule=rule)[0].state) == ("then", State.DONE)


def test_after_a_wait_branches_judge_the_record_as_it_is(make_rule, opportunity, seller, as_actor):
    rule = make_rule(
        {"on": "changed", "field": "amount"},
        {"do": "wait", "for": "time", "days": 1},
        {"do": "if", "when": when("probability", "gte", "50"), "then": [set_fields(next_step="hot")], "else": []},
    )
    touch(opportunity, as_actor(seller))
    work()
    opportunity.refresh_from_db()
    opportunity.probability = 80
    records.save(opportunity, actor=as_actor(seller))
    pass_time(rule, days=1)
    work()
    opportunity.refresh_from_db()
    assert opportunity.next_step == "hot"


@pytest.mark.parametrize(("late", "expected"), [("go_on", "after"), ("stop", "")])
def test_a_wait_for_a_condition_ends_by_it_or_too_late(make_rule, opportunity, seller, as_actor, late, expected):
    rule = make_rule(
        {"on": "changed", "field": "amount"},
        {"do": "wait", "for": "condition", "when": when("probability", "gte", "50"), "days": 3, "late": late},
        set_fields(next_step="after"),
    )
    other = factory_of("sales.opportunity")(seller)
    for one in (opportunity, other):
        touch(one, as_actor(seller))
    work()
    timing.tick()
    work()
    assert {run.state for run in runs(rule=rule)} == {State.WAITING}
    other.refresh_from_db()
    other.probability = 60
    records.save(other, actor=as_actor(seller))
    timing.tick()
    work()
    other.refresh_from_db(), opportunity.refresh_from_db()
    assert (other.next_step, opportunity.next_step) == ("after", "")
    pass_time(rule, days=3)
    work()
    opportunity.refresh_from_db()
    assert opportunity.next_step == expected
    assert {run.state for run in runs(rule=rule)} == {State.DONE}


def test_until_a_date_of_the_record(make_rule, seller, as_actor):
    day = timezone.localdate() + timedelta(days=10)
    opportunity = factory_of("sales.opportunity")(seller, close_date=day)
    rule = make_rule(
        {"on": "changed", "field": "amount"},
        {"do": "wait", "for": "date", "field": "close_date", "days": -1, "at": "08:30"},
        set_fields(next_step="tomorrow"),
    )
    touch(opportunity, as_actor(seller))
    work()
    expected = timezone.make_aware(datetime.combine(day - timedelta(days=1), datetime(2026, 1, 1, 8, 30).time()))
    assert runs(rule=rule)[0].next_at == expected


def test_switching_off_and_the_trash_stop_what_waits(make_rule, opportunity, seller, as_actor):
    rule = make_rule(
        {"on": "changed", "field": "amount"}, {"do": "wait", "for": "time", "days": 1}, set_fields(next_step="x")
    )
    gone = factory_of("sales.opportunity")(seller)
    touch(opportunity, as_actor(seller)), touch(gone, as_actor(seller))
    work()
    gone.refresh_from_db()
    records.delete(gone, actor=as_actor(seller))
    pass_time(rule, days=1)
    RuleRun.objects.filter(record_id=opportunity.pk).update(next_at=timezone.now() + timedelta(hours=1))
    work()
    services.switch(rule, False, actor=as_actor(seller))
    pass_time(rule, hours=2)
    work()
    assert [(run.state, run.lines[-1]["why"]) for run in runs(rule=rule)] == [
        (State.STOPPED, "off"),
        (State.STOPPED, "gone"),
    ]


def test_traces_are_kept_for_a_while(make_rule, opportunity, seller, as_actor, settings):
    rule = make_rule({"on": "changed"}, set_fields(description="x"), condition=when("amount", "gte", "1000000"))
    waits = make_rule({"on": "changed"}, {"do": "wait", "for": "time", "days": 300}, set_fields(description="x"))
    touch(opportunity, as_actor(seller))
    work()
    now = timezone.now()
    assert pruning.prune(now + timedelta(days=29)) == 0
    assert pruning.prune(now + timedelta(days=31)) == 1
    assert pruning.prune(now + timedelta(days=200)) == 0
    assert (runs(rule=rule), len(runs(rule=waits))) == ([], 1)
