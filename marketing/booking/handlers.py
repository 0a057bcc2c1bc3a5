"""What follows from meetings that were booked: whatever a host does with one in the calendar, its booking and its visitor follow."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.activities.models import Task
from crm.ownership.handlers import comes_with_owner
from crm.privacy.own_places import plain_row, tied
from crm.privacy.places import Place, Subject, add_place
from crm.records.actor import Actor
from crm.records.hooks import WriteBatch, on_purge, on_redact, on_written
from marketing.booking.inviting import CANCELLED, MOVED, invite
from marketing.booking.models import Booking

# Who books comes to whom they booked.
comes_with_owner.add("booking")
FORGOTTEN = {"name": "", "email": "", "phone": "", "company": "", "answers": []}


@on_written
def follow_meetings(batch: WriteBatch) -> None:
    """A meeting that is moved, given to a colleague, called off or deleted takes its booking along, and tells the visitor."""
    if batch.model is not Task:
        return
    pairs = zip(batch.before, batch.after, strict=True)
    moved = {after.pk: after for before, after in pairs if before is not None and _differ(before, after)}
    if not moved:
        return
    rows = Booking.objects.select_for_update(of=("self",)).filter(task__in=moved, state=Booking.State.BOOKED)
    for booking in rows.select_related("page").order_by("pk"):
        _follow(booking, moved[booking.task_id], batch.actor)


def _differ(before: Task, after: Task) -> bool:
    return any(
        getattr(before, n) != getattr(after, n) for n in ("due_at", "ends_at", "status", "deleted_at", "owner_id")
    )


def _follow(booking: Booking, task: Task, actor: Actor) -> None:
    now, was = timezone.now(), (booking.starts_at, booking.ends_at, booking.host_id)
    ahead = booking.starts_at > now
    what = MOVED
    if task.deleted_at or task.status == Task.Status.CANCELLED:
        booking.state, what = Booking.State.CANCELLED, CANCELLED
    elif task.due_at is not None:
        length = booking.ends_at - booking.starts_at
        booking.starts_at, booking.ends_at = task.due_at, task.ends_at or task.due_at + length
        booking.host_id = task.owner_id
    if what == MOVED and was == (booking.starts_at, booking.ends_at, booking.host_id):
        return
    booking.moves, booking.changed_at = booking.moves + 1, now
    booking.save()
    # What was is of no use to anybody's calendar.
    if ahead or (what == MOVED and booking.starts_at > now):
        invite(booking, what, actor=actor)


@on_purge
def forget_people(model: type[Model], ids: list[int], actor: Actor) -> None:
    """What visitors typed goes with their record; that somebody booked stays counted."""
    on = Booking.objects.filter(on_entity=model._meta.label_lower, on_id__in=ids)
    on.update(**FORGOTTEN, on_id=None)


@on_redact
def blank_bookings(record: Any, fields: Collection[str]) -> int:
    """What is blanked on the record is blanked here."""
    names = {name for name in ("name", "email", "company") if name in fields}
    names |= {"phone"} if {"mobile", "phone"} & set(fields) else set()
    if not names:
        return 0
    rows = Booking.objects.filter(on_entity=record.entity_label(), on_id=record.pk)
    return rows.update(**{name: FORGOTTEN[name] for name in names})


def _empty(subject: Subject, actor: Actor) -> int:
    return tied(Booking, subject.keys).update(**FORGOTTEN)


add_place(
    Place(
        "booking.bookings",
        _("Meetings that the person booked"),
        lambda subject: tied(Booking, subject.keys).count(),
        _empty,
        lambda subject: (plain_row(row, "key") for row in tied(Booking, subject.keys)),
    )
)
