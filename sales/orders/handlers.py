"""What holds for orders at every door, and what follows from them: what waits for the delivery comes due."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.records.hooks import WriteBatch, before_write
from sales.orders import changing, services  # noqa: F401 - joins what follows the approval of contracts
from sales.orders.models import Order

FREE = (Order.State.CONFIRMED, Order.State.CANCELLED)


@before_write
def keep_delivered(batch: WriteBatch) -> None:
    """What was delivered stays known."""
    if batch.model is not Order:
        return
    for before, after in zip(batch.before, batch.after, strict=True):
        gone = before is not None and before.deleted_at is None and after.deleted_at is not None
        if gone and before.state not in FREE:
            raise ValidationError(_("“%(order)s” counts: close it instead.") % {"order": before}, code="locked")
