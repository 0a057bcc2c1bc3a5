"""Effects outside our database: claimed before they are sent, sent under a stable key, never silently doubled or lost.

``queue_outgoing`` writes a row in the caller's transaction. A worker claims it (commits), calls the kind's sender, then
marks it. A worker that dies in between leaves a claim; after the kind's limit it becomes “unknown: send again?”, for a
person to decide, unless the kind ``may_repeat``: then the receiver is known to drop a second one with the same key.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from crm.records.actor import Actor
from crm.records.models import Outgoing, Record
from crm.records.sending import NotSent, on_settled, outgoing_kind, outgoing_kinds, tell
from crm.records.wake import wake_outgoing

__all__ = [
    "NotSent",
    "cancel_outgoing",
    "give_up",
    "on_settled",
    "outgoing_kind",
    "outgoing_kinds",
    "queue_outgoing",
    "send_again",
]

State = Outgoing.State


def queue_outgoing(
    kind: str, key: str, payload: dict, *, actor: Actor, record: Record | None = None, at: datetime | None = None
) -> Outgoing:
    """Send it once the caller's transaction has committed, at ``at`` (None: at once). The same key twice is one row."""
    row = Outgoing(
        kind=kind,
        key=key,
        payload=payload,
        entity=record.entity_label() if record else "",
        record_id=record.pk if record else None,
        next_at=at or timezone.now(),
        made_by=actor.user,
        cause=actor.cause[:100],
    )
    Outgoing.objects.bulk_create([row], ignore_conflicts=True)
    if at is None:
        transaction.on_commit(wake_outgoing)
    return Outgoing.objects.get(kind=kind, key=key)


@transaction.atomic
def cancel_outgoing(outgoing: Outgoing) -> bool:
    """Take back what is still waiting; False when it is being sent or was."""
    return _decide(outgoing, Q(state=State.QUEUED))


@transaction.atomic
def give_up(outgoing: Outgoing) -> bool:
    """Let be what failed, is unknown or waits."""
    return _decide(outgoing, Q(state__in=[State.QUEUED, State.FAILED, State.UNKNOWN]))


def _decide(outgoing: Outgoing, where: Q) -> bool:
    changed = Outgoing.objects.filter(where, pk=outgoing.pk).update(state=State.CANCELLED, settled_at=timezone.now())
    if changed:
        outgoing.refresh_from_db()
        tell(outgoing)
    return bool(changed)


@transaction.atomic
def send_again(outgoing: Outgoing) -> bool:
    """Queue what failed, is unknown or was given up once more, under the same key, with fresh attempts."""
    rows = Outgoing.objects.filter(pk=outgoing.pk, state__in=[State.FAILED, State.UNKNOWN, State.CANCELLED])
    # The number of attempts only grows, so that an attempt that is still under way stays fenced off.
    changed = rows.update(
        state=State.QUEUED, next_at=timezone.now(), settled_at=None, error="", attempts=F("attempts") + 1
    )
    if changed:
        outgoing.refresh_from_db()
        tell(outgoing)
        transaction.on_commit(wake_outgoing)
    return bool(changed)
