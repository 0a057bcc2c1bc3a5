"""Reminders to visitors, so many hours before the meeting as the page says: queued when due, under a key that is there once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from crm.records.actor import Actor
from crm.records.models import Outgoing
from crm.records.outgoing import queue_outgoing
from marketing.booking.columns import EARLIEST
from marketing.booking.inviting import MAIL, REMINDED
from marketing.booking.models import Booking


def remind(now: datetime | None = None) -> int:
    """Queue what is due; returns how many mails. Safe to repeat: the key names the booking, its time and the reminder."""
    now = now or timezone.now()
    due = dict(_due(now))
    known = set(Outgoing.objects.filter(kind=MAIL, key__in=due).values_list("key", flat=True))
    for key, booking in due.items():
        if key not in known:
            payload = {"booking": booking.pk, "what": REMINDED, "at": booking.starts_at.isoformat()}
            queue_outgoing(MAIL, key, payload, actor=Actor(None, "booking"))
    return len(due.keys() - known)


def _due(now: datetime) -> Iterator[tuple[str, Booking]]:
    """The latest reminder of each meeting to come, whose moment came after it was booked or changed: that was told by itself."""
    rows = Booking.objects.filter(
        state=Booking.State.BOOKED,
        task__isnull=False,
        starts_at__gt=now,
        starts_at__lte=now + timedelta(hours=EARLIEST),
    )
    for booking in rows.exclude(email="").select_related("page"):
        for hours in booking.page.reminded:
            if booking.changed_at < booking.starts_at - timedelta(hours=hours) <= now:
                yield f"{booking.pk}-{booking.starts_at:%Y%m%d%H%M}-{REMINDED}-{hours}", booking
                break
