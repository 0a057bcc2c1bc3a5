"""Numbers of documents: gap-free where the law wants them so, else merely unique."""

from __future__ import annotations

from datetime import date

from django.db import connection, transaction
from django.utils import timezone

from crm.reference.models import NumberSequence


def next_number(code: str, *, on: date | None = None) -> str:
    """The next number of a sequence, without gaps: its row stays locked until the caller's transaction ends.

    Call it last in the transaction that writes the document, so that others wait as briefly as may be; a rollback gives
    the number back. NumberSequence.DoesNotExist when an administrator has not made the sequence. Must run in a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "next_number must run inside the transaction that uses the number."
        )
    sequence = NumberSequence.objects.select_for_update().get(code=code)
    period = (on or timezone.localdate()).strftime(sequence.period) if sequence.period else ""
    if period != sequence.current_period:
        sequence.current_period, sequence.last = period, 0
    sequence.last += 1
    sequence.save(update_fields=["current_period", "last"])
    return f"{sequence.prefix}{period}{sequence.last:0{sequence.digits}d}"
