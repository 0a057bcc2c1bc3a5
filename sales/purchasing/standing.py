"""How purchases, bills and suppliers stand: worked out from receipts, bills, payments and ratings alone, here and nowhere else.

Derived columns: they bump no version and write no entry.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Avg, Count, F, Max, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.lib.money import format_money
from sales.purchasing.models import (
    Bill,
    BillPayment,
    GoodsReceipt,
    PurchaseOrder,
    PurchaseOrderLine,
    Supplier,
    SupplierRating,
)

ZERO = Decimal(0)
State = PurchaseOrder.State
COMING = (State.ORDERED, State.PARTIAL, State.RECEIVED)
"""The states that follow from what came."""
STANDS = (*COMING, State.CLOSED)
"""It was ordered, and is owed."""
ORDER = "purchasing.purchaseorder"


def receive(purchases: Collection[int]) -> dict[int, str]:
    """Work out anew what came of these orders; the state that each should be in, where it follows from that.

    ValidationError where more came than was ordered and nobody said that this is right.
    """
    rows = GoodsReceipt._base_manager.filter(document__in=purchases, deleted_at__isnull=True).order_by()
    came = {
        pk: (quantity, bool(over))
        for pk, quantity, over in rows.values_list("line").annotate(
            came=Sum("quantity"), said=Count("pk", filter=Q(over=True))
        )
    }
    moved, states = [], {}
    whole: dict[int, list[PurchaseOrderLine]] = {pk: [] for pk in purchases}
    for line in PurchaseOrderLine._base_manager.select_for_update().filter(document__in=purchases).order_by("pk"):
        received, said = came.get(line.pk, (ZERO, False))
        over = received > line.quantity
        if over and not said:
            told = {"line": line, "quantity": f"{line.quantity.normalize():f}"}
            raise ValidationError(_("Of “%(line)s” only %(quantity)s were ordered.") % told, code="over")
        if (line.received, line.over) != (received, over):
            line.received, line.over = received, over
            moved.append(line)
        if line.deleted_at is None:
            whole[line.document_id].append(line)
    PurchaseOrderLine._base_manager.bulk_update(moved, ("received", "over"), batch_size=500)
    last = dict(rows.values_list("document").annotate(Max("received_on")))
    for pk, lines in whole.items():
        done = bool(lines) and not any(line.left for line in lines)
        some = any(line.received for line in lines)
        states[pk] = State.RECEIVED if done else State.PARTIAL if some else State.ORDERED
        PurchaseOrder._base_manager.filter(pk=pk).update(received_on=last.get(pk) if done else None)
    return states


def bill(purchases: Collection[int], user: Any) -> None:
    """Work out anew what is billed and paid of these orders.

    ValidationError where ``user`` would bill more than was ordered and has no right to it; None is the program itself.
    """
    rows = Bill._base_manager.filter(purchase__in=purchases, deleted_at__isnull=True, void=False).order_by()
    sums = {pk: two for pk, *two in rows.values_list("purchase").annotate(Sum("amount"), Sum("paid"))}
    moved = []
    for order in PurchaseOrder._base_manager.select_for_update().filter(pk__in=purchases).order_by("pk"):
        billed, paid = sums.get(order.pk, (ZERO, ZERO))
        above = billed > order.total
        if above and billed > order.billed and user is not None and not policy.can_record(user, order, "overbill"):
            left = format_money(order.unbilled, order.currency)
            text = _("Of the order only %(left)s are left to be billed.") % {"left": left}
            raise ValidationError({"amount": text}, code="over")
        if (order.billed, order.paid, order.overbilled) != (billed, paid, above):
            order.billed, order.paid, order.overbilled = billed, paid, above
            moved.append(order)
    PurchaseOrder._base_manager.bulk_update(moved, ("billed", "paid", "overbilled"), batch_size=500)


def state_of(amount: Decimal, paid: Decimal, due_on: date, today: date, *, void: bool = False) -> str:
    """What the facts of a bill and the day make of it. It is overdue from the day after."""
    if void:
        return Bill.State.VOID
    if paid >= amount:
        return Bill.State.PAID
    if due_on < today:
        return Bill.State.OVERDUE
    return Bill.State.PARTIAL if paid else Bill.State.OPEN


def pay(bills: Collection[int], today: date | None = None) -> None:
    """Work out anew how these bills stand, locked in the order of their ids. ValidationError where more is paid than billed."""
    day = today or timezone.localdate()
    payments = BillPayment._base_manager.filter(bill__in=bills, deleted_at__isnull=True).order_by()
    sums = dict(payments.values_list("bill").annotate(Sum("amount")))
    moved = []
    for row in Bill._base_manager.select_for_update().filter(pk__in=bills).order_by("pk"):
        paid = sums.get(row.pk, ZERO)
        if paid > row.amount or (paid and row.void):
            left = format_money(row.open_amount, row.currency)
            raise ValidationError({"amount": _("Only %(left)s of it are open.") % {"left": left}}, code="over")
        state = state_of(row.amount, paid, row.due_on, day, void=row.void)
        if (row.paid, row.state) != (paid, state):
            row.paid, row.state = paid, state
            moved.append(row)
    Bill._base_manager.bulk_update(moved, ("paid", "state"), batch_size=500)


def judge(suppliers: Collection[int]) -> None:
    """Work out anew how good these suppliers are: the mean of their ratings, and how much of what came came in time."""
    ratings = SupplierRating._base_manager.filter(supplier__in=suppliers, deleted_at__isnull=True).order_by()
    means = dict(ratings.values_list("supplier").annotate(Avg("score")))
    orders = PurchaseOrder._base_manager.filter(supplier__in=suppliers, deleted_at__isnull=True).order_by()
    orders = orders.filter(received_on__isnull=False, expected_on__isnull=False).exclude(state=State.CANCELLED)
    in_time = Count("pk", filter=Q(received_on__lte=F("expected_on")))
    kept = {
        pk: (good, every)
        for pk, good, every in orders.values_list("supplier").annotate(good=in_time, every=Count("pk"))
    }
    for pk in sorted(suppliers):
        mean, (good, every) = means.get(pk), kept.get(pk, (0, 0))
        Supplier._base_manager.filter(pk=pk).update(
            rating=mean.quantize(Decimal("0.1"), ROUND_HALF_UP) if mean is not None else None,
            on_time=(Decimal(100 * good) / every).quantize(Decimal("0.01"), ROUND_HALF_UP) if every else None,
        )


def turn(today: date | None = None) -> int:
    """What a new day makes of bills, in one statement; how many moved."""
    day = today or timezone.localdate()
    late = Bill._base_manager.filter(deleted_at__isnull=True, state__in=("open", "partially_paid"), due_on__lt=day)
    return late.update(state=Bill.State.OVERDUE)
