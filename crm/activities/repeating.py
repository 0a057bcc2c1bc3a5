"""Activities that repeat: each occurrence is a task of its own, made ahead of time and kept together by ``series``."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.activities import checklists, recurrence
from crm.activities.kinds import REPEATED
from crm.activities.models import Participant, Task
from crm.records import services as records
from crm.records.actor import Actor

# So far ahead occurrences are made, at most so many at once, and always the next one.
AHEAD = timedelta(days=400)
MOST = 60
FAR = timedelta(days=366 * 8)
COPIED = (
    "owner_id", "subject", "kind", "all_day", "place", "priority", "remind", "description",
    "parent_id", "on_entity", "on_id", "repeats", "series",
)  # fmt: skip
THIS, FOLLOWING, ALL = "this", "following", "all"


def zone_of(user: Any) -> ZoneInfo:
    """The time zone in which the person's activities repeat."""
    try:
        return ZoneInfo(user.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.TIME_ZONE)


@transaction.atomic
def repeat_task(task: Task, rule: str, *, actor: Actor, now: datetime | None = None) -> Task:
    """Let the task come round by an RRULE, this one being the first; those of the near future are made at once.

    Where it repeats already, those to come go by the new rule. One change set; ValidationError where the rule makes no sense.
    """
    if task.due_at is None:
        raise ValidationError(_("Enter first when it is due or begins."))
    zone = zone_of(task.owner)
    rule = recurrence.settled(rule, task.due_at, zone)
    actor = _together(task, actor)
    if task.series:
        end_series(task, actor=actor)
    task.series, task.occurs_at, task.repeats = _new_series(), task.due_at, rule
    records.save(task, actor=actor, kind=REPEATED, rule=rule)
    _make(task, zone, actor, now or timezone.now())
    return task


@transaction.atomic
def end_series(task: Task, *, actor: Actor) -> Task:
    """Let it not come round again after this one: those to come go to the trash, what was has its place."""
    actor = _together(task, actor)
    later = _series(task).filter(occurs_at__gt=task.occurs_at, deleted_at__isnull=True)
    gone = [one for one in later if one.is_open]
    stay = [one for one in _series(task).filter(occurs_at__lte=task.occurs_at, deleted_at__isnull=True) if one.repeats]
    for one in gone:
        one.repeats = ""
    last = task.occurs_at.astimezone(zone_of(task.owner)).date()
    for one in stay:
        one.repeats = recurrence.ended(one.repeats, last)
    records.save_many([*gone, *stay], actor=actor)
    if gone:
        records.delete_many(gone, actor=actor, changes=actor.changes)
    Task._base_manager.filter(series=task.series, occurs_at__gt=task.occurs_at).update(repeats="")
    task.refresh_from_db()
    return task


@transaction.atomic
def change_series(task: Task, scope: str, values: Mapping[str, Any], *, actor: Actor) -> Task:
    """Write ``values`` (attribute → value) on this occurrence, on this and the open ones after it, or on all open ones.

    A new beginning or end moves the others by as much in local time. One change set that can be undone.
    """
    actor = _together(task, actor)
    if scope == THIS or not task.series:
        _put(task, values)
        records.save(task, actor=actor)
        return task
    zone = zone_of(task.owner)
    rows = list(
        _series(task).filter(**({} if scope == ALL else {"occurs_at__gte": task.occurs_at})).order_by("occurs_at")
    )
    moved = "due_at" in values and values["due_at"] != task.due_at
    others = {name: value for name, value in values.items() if name not in {"due_at", "ends_at"}}
    for row in rows:
        if row.is_open and not row.deleted_at:
            _put(row, others)
    if moved:
        _move(rows, task, values["due_at"], zone)
    if values.get("ends_at", task.ends_at) != task.ends_at or moved:
        _lengthen(rows, task, values)
    if scope == FOLLOWING and rows and rows[0].series and _series(task).filter(occurs_at__lt=task.occurs_at).exists():
        _split(rows, task, zone, actor)
    records.save_many([row for row in rows if row.is_open and not row.deleted_at], actor=actor)
    task.refresh_from_db()
    return task


def extend_all(now: datetime | None = None) -> int:
    """Make the occurrences of every series that have come into reach; returns how many. Two at once do it once."""
    now, made = now or timezone.now(), 0
    lasts = Task._base_manager.filter(series__isnull=False).exclude(repeats="").values("series")
    short = lasts.annotate(last=Max("occurs_at")).filter(last__lt=now + AHEAD).order_by("series")
    for series in short.values_list("series", flat=True):
        with transaction.atomic():
            rows = Task._base_manager.filter(series=series).order_by("-occurs_at")
            last = rows.select_for_update(skip_locked=True, of=("self",)).select_related("owner").first()
            if last is not None and last.repeats and rows.filter(deleted_at__isnull=True).exists():
                made += _make(last, zone_of(last.owner), Actor(None, "repeat"), now)
    return made


def _make(last: Task, zone: ZoneInfo, actor: Actor, now: datetime) -> int:
    """The occurrences after ``last`` up to the horizon, and the next one where none lies ahead."""
    reach = max(now, last.occurs_at) + FAR
    found = list(recurrence.occurrences(last.repeats, last.occurs_at, zone, until=reach, most=MOST))
    near = [moment for moment in found if moment <= now + AHEAD]
    if not near and last.occurs_at <= now:
        near = found[:1]
    if not near:
        return 0
    new = [_copy(last, moment, zone) for moment in near]
    records.save_many(new, actor=replace(actor, user=actor.user or last.owner))
    people = list(last.participants.all())
    Participant.objects.bulk_create(
        Participant(task=one, user_id=p.user_id, entity=p.entity, record_id=p.record_id, acts=p.acts, state=p.state)
        for one in new
        for p in people
    )
    return len(new)


def _copy(last: Task, moment: datetime, zone: ZoneInfo) -> Task:
    made = Task(**{name: getattr(last, name) for name in COPIED}, occurs_at=moment, due_at=moment)
    made.custom, made.checklist = dict(last.custom), checklists.unticked(last.checklist)
    if last.ends_at and last.due_at:
        made.ends_at = _at_same_length(last, moment, zone)
    return made


def _at_same_length(like: Task, start: datetime, zone: ZoneInfo) -> datetime:
    """The end of an activity of the same length; whole days end at midnight, whatever the clocks do between."""
    if not like.all_day:
        return start + (like.ends_at - like.due_at)
    days = like.ends_at.astimezone(zone).replace(tzinfo=None) - like.due_at.astimezone(zone).replace(tzinfo=None)
    return (start.astimezone(zone).replace(tzinfo=None) + days).replace(tzinfo=zone)


def _move(rows: list[Task], task: Task, to: datetime, zone: ZoneInfo) -> None:
    """Give the rows the occurrences of the moved rule in their order; those that are closed keep their own moment."""
    before, after = task.due_at.astimezone(zone), to.astimezone(zone)
    rule = recurrence.moved(task.repeats, before, after)
    shift = after.replace(tzinfo=None) - before.replace(tzinfo=None)
    first = (rows[0].occurs_at.astimezone(zone).replace(tzinfo=None) + shift).replace(tzinfo=zone)
    moments = [first, *recurrence.occurrences(rule, first, zone, until=first + FAR * 4, most=len(rows))]
    for row, moment in zip(rows, moments, strict=False):
        if row.deleted_at or not row.is_open:
            continue
        length = (row.ends_at - row.due_at) if row.ends_at and row.due_at else None
        row.occurs_at = row.due_at = moment
        row.ends_at = moment + length if length else row.ends_at
        row.repeats = rule


def _lengthen(rows: list[Task], task: Task, values: Mapping[str, Any]) -> None:
    """The length that this one gets, for all of them."""
    start, end = values.get("due_at", task.due_at), values.get("ends_at", task.ends_at)
    if end == task.ends_at and start != task.due_at and end is not None:
        end = start + (task.ends_at - task.due_at)
    for row in rows:
        if row.is_open and not row.deleted_at and row.due_at:
            row.ends_at = row.due_at + (end - start) if end else None


def _split(rows: list[Task], task: Task, zone: ZoneInfo, actor: Actor) -> None:
    """Those that follow are a series of their own from now on; the old one ends before it."""
    earlier = list(_series(task).filter(occurs_at__lt=task.occurs_at).order_by("occurs_at"))
    old = earlier[-1]
    last = old.occurs_at.astimezone(zone).date()
    alive = [one for one in earlier if not one.deleted_at]
    for one in alive:
        one.repeats = recurrence.ended(one.repeats, last) if one.repeats else ""
    records.save_many(alive, actor=actor)
    Task._base_manager.filter(pk__in=[one.pk for one in earlier if one.deleted_at]).update(repeats="")
    number = _new_series()
    Task._base_manager.filter(pk__in=[row.pk for row in rows if row.deleted_at or not row.is_open]).update(
        series=number
    )
    for row in rows:
        row.series = number


def _new_series() -> int:
    """A number that no series has."""
    return secrets.randbits(62)


def _put(task: Task, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(task, name, value)


def _series(task: Task) -> Any:
    return Task._base_manager.filter(series=task.series).select_related("owner")


def _together(task: Task, actor: Actor) -> Actor:
    """The actor, with a change set for all that is written."""
    if actor.changes is not None:
        return actor
    made = records.change_set("repeat", actor=actor, entity=task.entity_label(), title=str(task))
    return replace(actor, changes=made)
