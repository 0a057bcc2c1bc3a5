"""Emptying the outbox: each subscriber hears of each entry exactly once, as far as our database can tell.

A delivery's effect and the removal of its row commit together. Killed in between, both vanish and the next dispatcher does
it again. Deliveries of one subscriber about one record keep their order; other records do not wait for them.
"""

from __future__ import annotations

import time
from datetime import timedelta

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from crm.records.hooks import subscribers
from crm.records.models import Delivery, Entry

logger = structlog.get_logger(__name__)

MAX_ATTEMPTS = 8


def dispatch(*, seconds: float = 20) -> int:
    """Deliver until nothing is due or ``seconds`` have passed; returns how many deliveries were tried. Any number may run at once."""
    end, tried = time.monotonic() + seconds, 0
    while time.monotonic() < end and _deliver_next():
        tried += 1
    return tried


def _deliver_next() -> bool:
    with transaction.atomic():
        delivery = _claim()
        if delivery is None:
            return False
        try:
            with transaction.atomic():
                _run(delivery)
        except Exception as error:  # noqa: BLE001 - noted on its row and tried again; it never stops the others
            _postpone(delivery, error)
        else:
            delivery.delete()
    return True


def _claim() -> Delivery | None:
    """The oldest due delivery that no other dispatcher holds and that no earlier one of its record holds back."""
    earlier = Delivery.objects.filter(
        state=Delivery.State.PENDING,
        subscriber=OuterRef("subscriber"),
        entity=OuterRef("entity"),
        record_id=OuterRef("record_id"),
        id__lt=OuterRef("id"),
    )
    due = Delivery.objects.filter(~Exists(earlier), state=Delivery.State.PENDING, next_at__lte=timezone.now())
    return due.order_by("next_at", "id").select_for_update(skip_locked=True, of=("self",)).first()


def _run(delivery: Delivery) -> None:
    subscriber = subscribers.get(delivery.subscriber)
    if subscriber is None:
        raise LookupError(f"There is no subscriber {delivery.subscriber}.")
    subscriber.run(Entry.objects.get(id=delivery.entry_id, at=delivery.entry_at))


def _postpone(delivery: Delivery, error: Exception) -> None:
    delivery.attempts += 1
    delivery.error = f"{type(error).__name__}: {error}"[:2000]
    delivery.next_at = timezone.now() + timedelta(seconds=min(3600, 2**delivery.attempts))
    if delivery.attempts >= MAX_ATTEMPTS or isinstance(error, LookupError) and delivery.subscriber not in subscribers:
        delivery.state = Delivery.State.FAILED
        logger.error("delivery_set_aside", delivery=delivery.pk, subscriber=delivery.subscriber, error=delivery.error)
    elif isinstance(error, DatabaseError):
        logger.warning("delivery_failed_in_database", delivery=delivery.pk, error=delivery.error)
    delivery.save(update_fields=["attempts", "error", "next_at", "state"])


def retry_failed() -> int:
    """Give every delivery that was set aside another round of attempts."""
    return Delivery.objects.filter(state=Delivery.State.FAILED).update(
        state=Delivery.State.PENDING, attempts=0, next_at=timezone.now()
    )
