"""Writing rules, switching them, and doing or undoing one run by hand."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import registry
from crm.records.actor import Actor
from crm.records.models import Record
from crm.records.undo import Undone, undo
from crm.workflows.guard import settle
from crm.workflows.models import Rule, RuleRun, RuleVersion
from crm.workflows.moments import next_time
from crm.workflows.steps import check_steps
from crm.workflows.timing import new_run
from crm.workflows.triggers import check_trigger
from crm.workflows.verdicts import Judges
from crm.workflows.wake import wake_rules


def principal_view(rule: Rule) -> BoundEntity:
    """The rule's entity as its principal sees it; ValidationError when the entity is gone."""
    entity = registry.get(rule.entity)
    if entity is None:
        raise ValidationError(_("The entity of this rule does not exist any more."))
    return bind(entity, rule.principal)


def check(rule: Rule, trigger: Any, condition: Any, steps: Any) -> dict[str, Any]:
    """The parts of a rule as they are stored, judged with the rights of its principal; ValidationError says what is wrong."""
    bound = principal_view(rule)
    problems: list[str] = []
    checked: dict[str, Any] = {}
    parts = {
        "trigger": lambda: check_trigger(trigger, bound),
        "condition": lambda: _condition(condition, bound),
        "steps": lambda: check_steps(steps, bound),
    }
    for name, read in parts.items():
        try:
            checked[name] = read()
        except ValidationError as error:
            problems += error.messages
    if problems:
        raise ValidationError(problems)
    return checked


def _condition(stored: Any, bound: BoundEntity) -> dict[str, Any]:
    if not stored:
        return {}
    bound.condition(stored)
    return stored


@transaction.atomic
def save_version(
    rule: Rule, *, trigger: Any, condition: Any, steps: Any, actor: Actor, note: str = ""
) -> RuleVersion | None:
    """Write what the rule says as its next version and use it from now on; None when it says that already."""
    Rule.objects.select_for_update().get(pk=rule.pk)
    checked = check(rule, trigger, condition, steps)
    if rule.current and all(getattr(rule.current, name) == value for name, value in checked.items()):
        return None
    number = (rule.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version = RuleVersion.objects.create(rule=rule, number=number, made_by=actor.user, note=note[:200], **checked)
    rule.current = version
    rule.alarm, rule.alarm_at = "", None  # it told of what the rule said before
    _plan(rule)
    rule.save(update_fields=["current", "next_at", "active_since", "alarm", "alarm_at"])
    return version


@transaction.atomic
def switch(rule: Rule, active: bool, *, actor: Actor) -> Rule:
    """Switch a rule on or off. What already waits stops when it comes to it after switching off."""
    if active:
        if rule.current is None:
            raise ValidationError(_("Say first what the rule does."))
        check(rule, rule.current.trigger, rule.current.condition, rule.current.steps)
    if rule.active != active:
        rule.active = active
        _plan(rule)
        rule.save(update_fields=["active", "active_since", "next_at"])
    return rule


def _plan(rule: Rule) -> None:
    """From when on dates count, and when a schedule comes round next."""
    now = timezone.now()
    rule.active_since = now if rule.active else None
    scheduled = rule.active and rule.current is not None and rule.current.trigger["on"] == "schedule"
    rule.next_at = next_time(rule.current.trigger, now) if scheduled else None


@transaction.atomic
def run_by_hand(rule: Rule, record: Record, *, actor: Actor) -> RuleRun:
    """Set the rule off on one record; its condition is judged as ever. The rule acts as its principal."""
    if not rule.active or rule.current is None or rule.current.trigger["on"] != "hand":
        raise ValidationError(_("“%(rule)s” can't be run by hand.") % {"rule": rule})
    if rule.entity != record.entity_label() or not bind(registry[rule.entity], actor.user).can_record("change", record):
        raise PermissionDenied
    run = new_run(rule, record, f"hand:{uuid4()}", timezone.now())
    verdict = Judges(rule.entity).judge(rule.principal_id, rule.current.condition, lambda fields: record)
    settle(run, verdict)
    run.lines = [{"t": "hand", "user": actor.user.pk, "said": str(actor.user)}, *run.lines]
    run.save()
    if run.state == RuleRun.State.DUE:
        transaction.on_commit(wake_rules)
    return run


def undo_run(run: RuleRun, *, actor: Actor) -> Undone:
    """Take back all that a run wrote, as far as it still stands; what waits in it is stopped."""
    with transaction.atomic():
        locked = RuleRun.objects.select_for_update().get(pk=run.pk)
        if locked.state in RuleRun.OPEN:
            locked.state, locked.next_at, locked.ended_at = RuleRun.State.STOPPED, None, timezone.now()
            locked.note({"t": "end", "why": "undone"})
            locked.save(update_fields=["state", "next_at", "ended_at", "lines"])
        return undo(locked.changes, actor=actor) if locked.changes else Undone()
