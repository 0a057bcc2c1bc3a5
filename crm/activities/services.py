"""Following records up, and doing what was to be done."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy, pooling
from crm.activities.kinds import CANCELLED, CHECKED_IN, COMPLETED, FOLLOWED_UP, REOPENED, STARTED
from crm.activities.models import FollowUp, Task
from crm.lib.dates import due_phrase
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Record
from crm.reference.calendars import worktime_of

# The hour by which something without an hour is due: the end of the working day.
EVENING = time(18)
CLAUSES = re.compile(r"[,，。；;！!？?\n]|\.\s")


@transaction.atomic
def add_follow_up(
    parent: Record,
    *,
    kind: str,
    text: str,
    actor: Actor,
    happened_at: datetime | None = None,
    outcome: str = "",
    next_step: str = "",
    next_step_on: date | None = None,
    task: Task | None = None,
) -> FollowUp:
    """Keep what was said or done with ``parent``. Whoever may see ``parent`` reads it on its timeline.

    A day for the next step makes a task of it for whoever wrote.
    """
    follow_up = FollowUp(
        owner=actor.user,
        on_entity=parent.entity_label(),
        on_id=parent.pk,
        kind=kind,
        text=text,
        happened_at=happened_at or timezone.now(),
        outcome=outcome,
        next_step=next_step,
        next_step_on=next_step_on,
        task=task,
    )
    records.save(follow_up, actor=actor)
    told = {
        "text": text,
        "followup": follow_up.pk,
        "outcome": outcome,
        "next_step": next_step,
        "next_step_on": next_step_on.isoformat() if next_step_on else "",
        "happened_at": follow_up.happened_at.isoformat(),
    }
    records.log(parent, FOLLOWED_UP[kind], actor=actor, **{key: value for key, value in told.items() if value})
    touch(parent, follow_up.happened_at)
    if next_step_on:
        add_task(parent, subject=next_step or follow_up.title, due_on=next_step_on, actor=actor)
    return follow_up


def add_task(parent: Record | None, *, subject: str, actor: Actor, due_on: date | None = None, **values: Any) -> Task:
    """Something that ``actor`` is to do about ``parent``, by the evening of a day."""
    task = Task(
        owner=actor.user,
        subject=subject[:300],
        on_entity=parent.entity_label() if parent else "",
        on_id=parent.pk if parent else None,
        due_at=timezone.make_aware(datetime.combine(due_on, EVENING)) if due_on else None,
        **values,
    )
    records.save(task, actor=actor)
    return task


@transaction.atomic
def complete_task(
    task: Task,
    *,
    actor: Actor,
    outcome: str = "",
    report: str = "",
    next_step: str = "",
    next_step_on: date | None = None,
) -> Task:
    """It is done. What came of it is kept with it and, where it is about a record, told there as a follow-up, whose next step
    makes the next task; all of it can be undone together."""
    task.outcome, task.report = outcome or task.outcome, report or task.report
    if not (outcome or report or next_step_on):
        return _set_status(task, Task.Status.DONE, COMPLETED, actor)
    title = {"entity": task.entity_label(), "title": str(task)}
    actor = replace(actor, changes=actor.changes or records.change_set("complete", actor=actor, **title))
    _set_status(task, Task.Status.DONE, COMPLETED, actor)
    parent = task.on
    told = isinstance(parent, Record) and (outcome or report) and policy.can(actor.user, FollowUp.entity_label(), "add")
    if told and pooling.may_note(actor.user, parent):
        add_follow_up(
            parent,
            kind=task.kind if task.kind in FollowUp.Kind.values else FollowUp.Kind.NOTE,
            text=report or f"{task.subject}: {outcome}",
            actor=actor,
            happened_at=min(task.due_at or timezone.now(), timezone.now()),
            outcome=outcome,
            next_step=next_step,
            next_step_on=next_step_on,
            task=task,
        )
    elif next_step_on:
        add_task(parent, subject=next_step or task.subject, due_on=next_step_on, actor=actor)
    return task


def start_task(task: Task, *, actor: Actor) -> Task:
    """Somebody is at it."""
    return _set_status(task, Task.Status.DOING, STARTED, actor)


def cancel_task(task: Task, *, actor: Actor, outcome: str = "") -> Task:
    """It will not be done; ``outcome`` says why."""
    task.outcome = outcome or task.outcome
    return _set_status(task, Task.Status.CANCELLED, CANCELLED, actor)


def postpone_task(task: Task, *, actor: Actor, days: int = 1, working: bool = True, to: date | None = None) -> Task:
    """Put it off by so many (working) days, or to a day, at the same hour. ValidationError where it has no day yet."""
    if task.due_at is None and to is None:
        raise ValidationError(_("It has no day yet: enter one."))
    zone = timezone.get_current_timezone()
    was = (task.due_at or timezone.make_aware(datetime.combine(to or timezone.localdate(), EVENING))).astimezone(zone)
    day = to
    if day is None:
        start = max(was, timezone.now().astimezone(zone))
        later = worktime_of(task.owner).days_after(start, days) if working else start + timedelta(days=days)
        day = later.astimezone(zone).date()
    task.due_at = timezone.make_aware(datetime.combine(day, was.time()), zone)
    records.save(task, actor=actor)
    return task


def check_in(task: Task, *, actor: Actor, latitude: Decimal | None = None, longitude: Decimal | None = None) -> Task:
    """Somebody has arrived, where the browser says they are if they let it tell."""
    task.checked_in_at, task.status = timezone.now(), Task.Status.DOING
    if latitude is not None and longitude is not None:
        task.latitude, task.longitude = latitude, longitude
    records.save(task, actor=actor, kind=CHECKED_IN)
    return task


def reopen_task(task: Task, *, actor: Actor) -> Task:
    """It is to be done after all."""
    return _set_status(task, Task.Status.OPEN, REOPENED, actor)


def _set_status(task: Task, status: str, kind: str, actor: Actor) -> Task:
    if task.status != status:
        task.status = status
        records.save(task, actor=actor, kind=kind)
    return task


def planned(text: str, next_step: str, next_step_on: date | None, today: date) -> tuple[str, date | None]:
    """The next step and its day: as entered, else as the words say (“下周三前”, “in 3 days”), else none.

    In the text of a follow-up only days to come count: “today” there tells when it was said.
    """
    if next_step_on:
        return next_step, next_step_on
    day = due_phrase(next_step, today) if next_step else None
    if day is None:
        told = due_phrase(text, today)
        day = told if told and told > today else None
    return (next_step or _said(text, day, today)) if day else next_step, day


def _said(text: str, day: date, today: date) -> str:
    """The words of a text that name the day: “下周三前发送方案”."""
    clauses = (clause.strip() for clause in CLAUSES.split(text))
    return next((clause[:300] for clause in clauses if due_phrase(clause, today) == day), _("Follow up"))


def touch(parent: Record, moment: datetime) -> None:
    """Note the last activity on a record and on those whose timelines its entries share. Derived: no version, no entry."""
    for record in parent.timeline_subjects():
        if record is None:
            continue
        try:
            record._meta.get_field("last_activity_at")
        except FieldDoesNotExist:
            continue
        older = Q(last_activity_at__isnull=True) | Q(last_activity_at__lt=moment)
        type(record)._base_manager.filter(older, pk=record.pk).update(last_activity_at=moment)
