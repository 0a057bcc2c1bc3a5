"""What the clock sets off: dates of records, schedules, waits for a condition. Found set-wise, one query a rule."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.entities.bound import BoundEntity
from crm.entities.entity import registry
from crm.fields.conditions import ConditionError
from crm.reference.calendars import worktime_of
from crm.workflows import steps as walk
from crm.workflows.guard import settle
from crm.workflows.judging import read_condition
from crm.workflows.models import Rule, RuleRun
from crm.workflows.moments import moment_of, next_time
from crm.workflows.verdicts import Judges

logger = structlog.get_logger(__name__)

# How far back dates are looked for: what a stop of some days left undone is caught up with.
CATCH_UP = timedelta(days=3)
# An offset in working days covers at most so much more of the calendar.
STRETCH = 3
MOST = 5000
BATCH = 500


def tick(now: datetime | None = None) -> int:
    """Make the runs that are due by now; how many. Safe to call at any time, by any number at once."""
    now = now or timezone.now()
    made = 0
    for rule in Rule.objects.filter(active=True, current__trigger__on="date").select_related("current", "principal"):
        made += _dates(rule, now)
    for pk in Rule.objects.filter(active=True, next_at__lte=now).values_list("pk", flat=True):
        made += _schedule(pk, now)
    return made + wake_met(now)


# Dates


def occurrences(rule: Rule, trigger: dict[str, Any], since: datetime, until: datetime) -> list[tuple[Any, datetime]]:
    """(record, moment) for every record whose date, moved by the offset, lies in the span."""
    entity = registry.get(rule.entity)
    if entity is None:
        return []
    name = trigger["field"]
    field = entity.field(name)
    work = worktime_of(rule.principal) if trigger.get("working") else None
    first, last = _reach(trigger, since, until, field.kind)
    rows = entity.model._base_manager.filter(
        Q(**{f"{name}__gte": first, f"{name}__lte": last}), deleted_at__isnull=True
    )
    relation = field.relation
    rows = rows.select_related(relation) if relation else rows
    found = ((row, moment_of(field.value(row), trigger, work)) for row in rows.order_by("pk")[: MOST * 4])
    return [(row, moment) for row, moment in found if since < moment <= until]


def _reach(trigger: dict[str, Any], since: datetime, until: datetime, kind: str) -> tuple[Any, Any]:
    """The values that can come into question at all; which of them do is decided one by one."""
    days = int(trigger.get("days") or 0)
    pause = timedelta(hours=int(trigger.get("hours") or 0), minutes=int(trigger.get("minutes") or 0))
    slack = timedelta(days=2)
    far = timedelta(days=days * STRETCH + (15 if days > 0 else -15)) if trigger.get("working") else timedelta(days=days)
    near = timedelta(days=days)
    first = since - max(near, far) - pause - slack
    last = until - min(near, far) - pause + slack
    if kind == "date":
        return timezone.localdate(first), timezone.localdate(last)
    return first, last


def _dates(rule: Rule, now: datetime) -> int:
    since = max(now - CATCH_UP, rule.active_since or now)
    found = occurrences(rule, rule.current.trigger, since, now)
    field = rule.current.trigger["field"]
    keyed = [
        (row, f"date:{_key(registry[rule.entity].field(field).value(row))}:{rule.current_id}") for row, _m in found
    ]
    known = set(
        RuleRun.objects.filter(rule=rule, record_id__in=[row.pk for row, _k in keyed]).values_list(
            "record_id", "occurrence"
        )
    )
    fresh = [(row, key) for row, key in keyed if (row.pk, key) not in known]
    return _make(rule, fresh, now)


def _key(value: date | datetime) -> str:
    return value.isoformat()


def _make(rule: Rule, found: list[tuple[Any, str]], now: datetime) -> int:
    """Runs on the records, each judged as it is now; what another process made first is left alone."""
    judges, made = Judges(rule.entity), 0
    for start in range(0, len(found), BATCH):
        batch = found[start : start + BATCH]
        judges.may_see_all(rule.principal_id, [row.pk for row, _key in batch])
        runs = []
        for row, key in batch:
            run = new_run(rule, row, key, now)
            settle(run, judges.judge(rule.principal_id, rule.current.condition, lambda _fields, row=row: row))
            runs.append(run)
        RuleRun.objects.bulk_create(runs, ignore_conflicts=True)
        made += len(runs)
    return made


def new_run(rule: Rule, record: Any, occurrence: str, now: datetime) -> RuleRun:
    """A run that no entry set off."""
    return RuleRun(
        rule=rule,
        version_id=rule.current_id,
        entity=rule.entity,
        record_id=record.pk,
        title=str(record)[:300],
        occurrence=occurrence,
        made_at=now,
    )


# Schedules


@transaction.atomic
def _schedule(pk: int, now: datetime) -> int:
    """The records that meet the condition now, once for this moment; then the next moment. One process at a time a rule."""
    rule = (
        Rule.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("current", "principal")
        .filter(pk=pk, active=True, next_at__lte=now)
        .first()
    )
    if rule is None:
        return 0
    key = f"at:{timezone.localtime(rule.next_at):%Y-%m-%dT%H:%M}"
    Rule.objects.filter(pk=pk).update(next_at=next_time(rule.current.trigger, now))
    rows = matching(Judges(rule.entity).bound(rule.principal_id), rule.current.condition)
    if rows is None:
        text = _("“%(rule)s” could not look for records: its condition is not understood any more.")
        Rule.objects.filter(pk=pk).update(alarm=text % {"rule": rule}, alarm_at=now)
        return 0
    found = list(rows.order_by("pk")[: MOST + 1])
    if len(found) > MOST:
        text = _("“%(rule)s” found more than %(most)d records; only the first were looked at.")
        Rule.objects.filter(pk=pk).update(alarm=text % {"rule": rule, "most": MOST}, alarm_at=now)
    return _make(rule, [(row, key) for row in found[:MOST]], now)


def matching(bound: BoundEntity, condition: dict[str, Any]) -> Any:
    """The principal's records that meet a condition; None when it is not understood."""
    try:
        group = read_condition(bound, condition)
    except ConditionError:
        return None
    return bound.records().filter(group.q(bound.reader()))


# Waits for a condition


def wake_met(now: datetime) -> int:
    """Let runs go on whose condition has come true: one query for each step that waits."""
    waiting: dict[tuple[int, str], list[RuleRun]] = {}
    runs = RuleRun.objects.filter(state=RuleRun.State.WAITING, next_at__gt=now).select_related("version", "rule")
    for run in runs.order_by("next_at")[: MOST * 4]:
        step = walk.step_at(run.version.steps, run.place)
        if step and step["do"] == "wait" and step["for"] == "condition":
            waiting.setdefault((run.version_id, str(run.place)), []).append(run)
    return sum(_wake(group, now) for group in waiting.values())


def _wake(runs: list[RuleRun], now: datetime) -> int:
    run = runs[0]
    step = walk.step_at(run.version.steps, run.place)
    bound = Judges(run.entity).bound(run.rule.principal_id) if run.entity in registry else None
    rows = matching(bound, step["when"]) if bound and step else None
    if rows is None:
        return 0
    met = set(rows.filter(pk__in=[one.record_id for one in runs]).values_list("pk", flat=True))
    ids = [one.pk for one in runs if one.record_id in met]
    return RuleRun.objects.filter(pk__in=ids, state=RuleRun.State.WAITING).update(next_at=now)
