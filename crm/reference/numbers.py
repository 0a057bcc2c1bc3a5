"""Numbers of documents: gap-free where the law wants them so, else merely unique."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

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
    sequence = NumberSequence.objects.select_for_update().get(code=code, gap_free=True)
    period = (on or timezone.localdate()).strftime(sequence.period) if sequence.period else ""
    if period != sequence.current_period:
        sequence.current_period, sequence.last = period, 0
    sequence.last += 1
    sequence.save(update_fields=["current_period", "last"])
    return f"{sequence.prefix}{period}{sequence.last:0{sequence.digits}d}"


def plain_numbers(code: str, count: int = 1, *, on: date | None = None) -> list[str]:
    """The next ``count`` numbers of a sequence that may have gaps, in one statement that waits for nobody.

    A rollback does not give them back. NumberSequence.DoesNotExist when an administrator has not made the sequence.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """select prefix, period, digits, nextval(format('reference_number_%%s', id)::regclass)
            from reference_numbersequence cross join generate_series(1, %s) where code = %s and not gap_free""",
            [count, code],
        )
        rows = cursor.fetchall()
    if len(rows) < count:
        raise NumberSequence.DoesNotExist(code)
    day = on or timezone.localdate()
    return [
        f"{prefix}{day.strftime(period) if period else ''}{number:0{digits}d}"
        for prefix, period, digits, number in rows
    ]


def fill_numbers(records: Iterable[Any], column: str, code: str) -> None:
    """Number the new records that have no number yet: for ``prepare`` of a model whose documents may have gaps.

    ``@classmethod def prepare(cls, records): fill_numbers(records, "number", "service.ticket")``
    """
    wanting = [record for record in records if record._state.adding and not getattr(record, column)]
    for record, number in zip(wanting, plain_numbers(code, len(wanting)) if wanting else (), strict=True):
        setattr(record, column, number)
