"""What money needs before a test that holds for every entity can save it."""

from __future__ import annotations

from decimal import Decimal

from crm.entities.testing import readies
from sales.receivables.models import Allocation, Refund


@readies("receivables.allocation")
@readies("receivables.refund")
def fits(record: Allocation | Refund) -> None:
    """No more than the payment holds."""
    record.payment.refresh_from_db()
    free = record.payment.amount - record.payment.allocated - record.payment.refunded
    if record.amount > free:
        record.amount = (free / 3).quantize(Decimal("0.01"))
