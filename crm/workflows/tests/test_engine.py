"""A rule fires on what it names, does its steps once, within the rights of its principal, and its trace says why."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction

from crm.entities.testing import factory_of
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Delivery, Entry
from crm.reference.models import Industry
from crm.workflows import engine, services
from crm.workflows.guard import MAX_A_MINUTE, MAX_DEPTH
from crm.workflows.models import Rule, RuleRun, RulesVersion, RuleVersion
from crm.workflows.tests.conftest import runs, set_fields, when, work
from sales import services as sales

pytestmark = pytest.mark.django_db
State = RuleRun.State


def change(record, actor, **values):
    record.refresh_from_db()
    for name, value in values.items():
        setattr(record, name, value)
    records.save(record, actor=actor)


def test_created_sets_off_once_and_the_trace_says_why(make_rule, seller):
    rule = make_rule({"on": "created"}, set_fields(next_step="Call"), condition=when("amount", "gte", "1000"))
    big = factory_of("sales.opportunity")(seller, amount=5000)
    small = factory_of("sales.opportunity")(seller, amount=10)
    work()
    big.refresh_from_db(), small.refresh_from_db()
    assert (big.next_step, small.next_step) == ("Call", "")
    done, skipped = runs(rule=rule)
    assert (done.state, skipped.state) == (State.DONE, State.SKIPPED)
    assert done.lines[0]["nodes"][0] | {"ok": None} == {
        "field": "amount",
        "op": "gte",
        "value": ["1000"],
        "found": "5000.00",
        "ok": None,
    }
    assert skipped.lines[0]["nodes"][0]["found"] == "10.00" and skipped.lines[0]["ok"] is False
    assert done.lines[1]["said"] == "Set Next step: Call."
    entry = Entry.objects.get(record_id=big.pk, kind="sales.opportunity.changed")
    assert (entry.cause, entry.actor_id) == (f"rule:{done.pk}", rule.principal_id)
    work()
    assert len(runs(rule=rule)) == 2


def test_no_rule_no_outbox_row(make_rule, opportunity, seller, as_actor):
    Delivery.objects.all().delete()
    rule = make_rule({"on": "changed", "field": "stage"}, set_fields(next_step="Call"))
    make_rule({"on": "created"}, set_fields(company="ACME"), entity="sales.lead")
    change(opportunity, as_actor(seller), next_step="Mail")
    assert not Delivery.objects.filter(subscriber="crm.workflows").exists()
    services.switch(rule, False, actor=Actor())
    sales.move_stage(opportunity, next_stage(opportunity), actor=as_actor(seller))
    assert not Delivery.objects.filter(subscriber="crm.workflows").exists()


def next_stage(opportunity):
    return opportunity.pipeline.stages.exclude(pk=opportunity.stage_id).filter(is_won=False, is_lost=False).first()


def test_entering_a_stage_counts_and_being_made_there_does_not(make_rule, opportunity, seller, as_actor):
    stage = next_stage(opportunity)
    rule = make_rule({"on": "stage", "to": [str(stage.pk)]}, set_fields(next_step="Offer"))
    made_there = factory_of("sales.opportunity")(seller, stage=stage)
    sales.move_stage(opportunity, stage, actor=as_actor(seller))
    work()
    opportunity.refresh_from_db(), made_there.refresh_from_db()
    assert (opportunity.next_step, made_there.next_step) == ("Offer", "")
    assert [run.record_id for run in runs(rule=rule)] == [opportunity.pk]


def test_from_and_to(make_rule, opportunity, seller, as_actor):
    rule = make_rule(
        {"on": "changed", "field": "next_step", "from": ["A"], "to": ["B"]}, set_fields(description="seen")
    )
    for value in ("A", "C", "A", "B"):
        change(opportunity, as_actor(seller), next_step=value)
    work()
    assert len(runs(rule=rule)) == 1


def test_a_kind_of_entry(make_rule, opportunity, seller, as_actor):
    rule = make_rule({"on": "kind", "kinds": ["sales.opportunity.won"]}, set_fields(next_step="Thank them"))
    sales.win_opportunity(opportunity, actor=as_actor(seller))
    work()
    opportunity.refresh_from_db()
    assert opportunity.next_step == "Thank them" and len(runs(rule=rule)) == 1


def test_the_record_is_judged_as_the_entry_left_it(make_rule, opportunity, seller, as_actor):
    rule = make_rule(
        {"on": "changed", "field": "amount"}, set_fields(description="seen"), condition=when("amount", "eq", "100")
    )
    change(opportunity, as_actor(seller), amount=100)
    change(opportunity, as_actor(seller), amount=200)
    work()
    assert [run.state for run in runs(rule=rule)] == [State.DONE, State.SKIPPED]


def test_a_linked_record_is_judged_as_it_was(make_rule, seller, as_actor):
    account = factory_of("customers.account")(seller)
    opportunity = factory_of("sales.opportunity")(seller, account=account)
    industry = Industry.objects.create(name="Pumps")
    rule = make_rule(
        {"on": "changed", "field": "amount"},
        set_fields(description="seen"),
        condition=when("account__industry", "filled"),
    )
    change(opportunity, as_actor(seller), amount=100)
    change(account, as_actor(seller), industry=industry)
    change(opportunity, as_actor(seller), amount=200)
    work()
    assert [run.state for run in runs(rule=rule)] == [State.SKIPPED, State.DONE]


def test_branches_see_what_the_run_did(make_rule, opportunity, seller, as_actor):
    rule = make_rule(
        {"on": "changed", "field": "amount"},
        set_fields(probability="70"),
        {
            "do": "if",
            "when": when("probability", "gte", "60"),
            "then": [set_fields(next_step="Yes"), {"do": "stop"}],
            "else": [set_fields(next_step="No")],
        },
        set_fields(description="never"),
    )
    change(opportunity, as_actor(seller), amount=100)
    work()
    opportunity.refresh_from_db()
    assert (opportunity.next_step, opportunity.description) == ("Yes", "")
    assert [line["t"] for line in runs(rule=rule)[0].lines] == ["condition", "effect", "if", "effect", "stop"]


def test_a_principal_who_lost_the_right_is_refused_and_nothing_happens(make_rule, opportunity, other, seller, as_actor):
    rule = make_rule({"on": "changed", "field": "amount"}, set_fields(next_step="Call"), principal=other, active=False)
    Rule.objects.filter(pk=rule.pk).update(active=True)
    change(opportunity, as_actor(seller), amount=100)
    work()
    opportunity.refresh_from_db()
    (run,) = runs(rule=rule)
    assert (run.state, run.lines, opportunity.next_step) == (State.REFUSED, [{"t": "end", "why": "principal"}], "")


def test_a_field_hidden_from_the_principal_refuses(make_rule, opportunity, robot, seller, as_actor, field_rule):
    looks = make_rule(
        {"on": "changed", "field": "next_step"}, set_fields(description="x"), condition=when("amount", "filled")
    )
    writes = make_rule({"on": "changed", "field": "next_step"}, set_fields(amount="7"))
    field_rule(robot, "sales.opportunity", "amount", "hidden")
    change(opportunity, as_actor(seller), next_step="A")
    work()
    assert runs(rule=looks)[0].state == State.REFUSED
    assert runs(rule=looks)[0].lines[0]["field"] == "amount"
    assert runs(rule=writes)[0].state == State.REFUSED
    opportunity.refresh_from_db()
    assert opportunity.description == "" and opportunity.amount != 7


def test_a_step_that_is_refused_fails_its_run_and_no_other(make_rule, opportunity, seller, as_actor):
    bad = make_rule({"on": "changed", "field": "amount"}, {"do": "effect", "effect": "do:reopen", "params": {}})
    good = make_rule({"on": "changed", "field": "amount"}, set_fields(next_step="Call"))
    change(opportunity, as_actor(seller), amount=100)
    work()
    assert (runs(rule=bad)[0].state, runs(rule=good)[0].state) == (State.FAILED, State.DONE)
    assert runs(rule=bad)[0].lines[-1]["ok"] is False


def test_an_effect_that_breaks_is_tried_again_and_then_set_aside_aloud(
    make_rule, opportunity, seller, as_actor, monkeypatch
):
    rule = make_rule({"on": "changed", "field": "amount"}, set_fields(next_step="Call"), set_fields(description="x"))
    tried = []

    def broken(name, record, params, *, actor):
        tried.append(name)
        raise RuntimeError("boom")

    monkeypatch.setattr(engine.effects, "perform", broken)
    change(opportunity, as_actor(seller), amount=100)
    work()
    for _again in range(engine.MAX_TRIES):
        RuleRun.objects.filter(rule=rule).update(next_at=RuleRun.objects.get(rule=rule).made_at)
        if RuleRun.objects.get(rule=rule).state in RuleRun.OPEN:
            engine.advance()
    (run,) = runs(rule=rule)
    rule.refresh_from_db()
    assert (run.state, len(tried)) == (State.FAILED, engine.MAX_TRIES)
    assert "boom" in rule.alarm and rule.alarm_at


def test_rules_that_set_each_other_off_are_stopped_aloud(make_rule, opportunity, seller, as_actor):
    make_rule({"on": "changed", "field": "next_step", "to": ["A"]}, set_fields(next_step="B"), name="To B")
    make_rule({"on": "changed", "field": "next_step", "to": ["B"]}, set_fields(next_step="A"), name="To A")
    change(opportunity, as_actor(seller), next_step="A")
    work(50)
    found = runs()
    assert [run.depth for run in found] == list(range(MAX_DEPTH + 2))
    assert found[-1].state == State.STOPPED and found[-1].lines[-1] == {"t": "end", "why": "depth"}
    assert {run.state for run in found[:-1]} == {State.DONE}
    assert found[-1].parent_id == found[-2].pk
    alarmed = Rule.objects.get(pk=found[-1].rule_id)
    assert "Pump station" in alarmed.alarm


def test_a_rule_that_keeps_coming_back_to_a_record_is_stopped_aloud(make_rule, opportunity, seller, as_actor):
    rule = make_rule({"on": "changed", "field": "amount"}, set_fields(next_step="Call"))
    for amount in range(MAX_A_MINUTE + 1):
        change(opportunity, as_actor(seller), amount=1000 + amount)
    work()
    assert [run.state for run in runs(rule=rule)] == [State.DONE] * MAX_A_MINUTE + [State.STOPPED]
    rule.refresh_from_db()
    assert rule.alarm


def test_a_run_can_be_undone_and_that_sets_nothing_off(make_rule, opportunity, seller, as_actor):
    rule = make_rule({"on": "changed"}, set_fields(next_step="Call", probability="20"))
    change(opportunity, as_actor(seller), amount=100)
    work(1)
    run = runs(rule=rule)[0]
    change(opportunity, as_actor(seller), probability=30)
    done = services.undo_run(run, actor=as_actor(seller))
    opportunity.refresh_from_db()
    assert (opportunity.next_step, opportunity.probability, [name for _e, name in done.conflicts]) == (
        "",
        30,
        ["probability"],
    )
    seen = {run.entry_id for run in runs(rule=rule)}
    work(1)
    undone = Entry.objects.filter(record_id=opportunity.pk).order_by("-id").first()
    assert undone.pk not in seen | {run.entry_id for run in runs(rule=rule)}


def test_versions_never_change_and_a_running_instance_keeps_its_own(make_rule, opportunity, seller, as_actor):
    rule = make_rule(
        {"on": "changed", "field": "amount"}, {"do": "wait", "for": "time", "hours": 1}, set_fields(next_step="Old")
    )
    change(opportunity, as_actor(seller), amount=100)
    work()
    services.save_version(
        rule,
        trigger={"on": "changed", "field": "amount"},
        condition={},
        steps=[set_fields(next_step="New")],
        actor=Actor(),
    )
    RuleRun.objects.filter(rule=rule).update(next_at=rule.active_since)
    work()
    opportunity.refresh_from_db()
    assert opportunity.next_step == "Old"
    assert [version.number for version in rule.versions.all()] == [2, 1]
    with pytest.raises(DatabaseError), transaction.atomic():
        rule.versions.update(note="x")


def test_two_rules_of_one_event_run_in_their_order(make_rule, opportunity, seller, as_actor):
    make_rule({"on": "changed", "field": "amount"}, set_fields(next_step="Last"), position=20)
    make_rule({"on": "changed", "field": "amount"}, set_fields(next_step="First"), position=5)
    change(opportunity, as_actor(seller), amount=100)
    work()
    opportunity.refresh_from_db()
    assert opportunity.next_step == "Last"


def test_by_hand(make_rule, opportunity, seller, other, as_actor):
    rule = make_rule({"on": "hand"}, set_fields(next_step="Call"))
    services.run_by_hand(rule, opportunity, actor=as_actor(seller))
    services.run_by_hand(rule, opportunity, actor=as_actor(seller))
    work()
    assert [run.state for run in runs(rule=rule)] == [State.DONE, State.DONE]
    with pytest.raises(PermissionDenied):
        services.run_by_hand(rule, opportunity, actor=as_actor(other))


def test_what_can_not_work_is_refused_where_it_is_written(make_rule):
    for trigger, steps in (
        ({"on": "moon"}, [set_fields(next_step="x")]),
        ({"on": "created"}, []),
        ({"on": "created"}, [set_fields(amount="much")]),
        ({"on": "created"}, [set_fields(version="7")]),
        ({"on": "created"}, [{"do": "effect", "effect": "do:vanish", "params": {}}]),
        ({"on": "created"}, [{"do": "if", "when": when("vanished", "is", "1"), "then": [], "else": []}]),
        ({"on": "created"}, [{"do": "wait", "for": "time", "days": -1}]),
        ({"on": "date", "field": "name"}, [set_fields(next_step="x")]),
        ({"on": "stage", "to": []}, [set_fields(next_step="x")]),
    ):
        with pytest.raises(ValidationError):
            make_rule(trigger, *steps)


def test_what_a_rule_says_can_be_blanked_with_personal_data_and_is_read_anew(make_rule):
    rule = make_rule({"on": "changed", "field": "amount"}, set_fields(next_step="Call 王小明"))
    versions, before = RuleVersion.objects.filter(rule=rule), RulesVersion.objects.get().version
    for redacting, values in (("off", {"steps": []}), ("on", {"number": 9}), ("on", {"steps": [], "rule_id": 0})):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select set_config('crm.redact', %s, true)", [redacting])
            versions.update(**values)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select set_config('crm.redact', 'on', true)")
        assert versions.update(steps=[set_fields(next_step="…")]) == 1
    assert RulesVersion.objects.get().version > before
