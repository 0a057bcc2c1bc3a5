"""What holds for purchases at every door, and what follows from writing them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.approvals.course import on_settled
from crm.approvals.models import ApprovalInstance
from crm.records.actor import Actor
from crm.records.diff import diff
from crm.records.hooks import WriteBatch, before_lock, before_write, on_written
from crm.records.models import Record
from sales.purchasing import kinds, prices, standing  # noqa: F401 - prices register themselves
from sales.purchasing.models import Bill, BillPayment, GoodsReceipt, PurchaseOrder, PurchaseOrderLine, SupplierRating
from sales.purchasing.services import move, reopen_purchase

State = PurchaseOrder.State
OPEN = (State.DRAFT, State.APPROVING)
# What may be changed at any time: whose it is, when it is expected, what we note for ourselves.
FREE = {"owner", "department", "note", "custom", "extras", "expected_on", "ship_to"}
WITH_STATE = {"state", "ordered_on", "reason"}
MONEY = {"purchase", "amount", "number", "billed_on"}
SETTLED = (ApprovalInstance.State.REJECTED, ApprovalInstance.State.WITHDRAWN)


def _written(batch: WriteBatch) -> list[Any]:
    return [row for row in (*batch.after, *batch.before) if row is not None]


@before_lock
def lock_orders(model: type, records: Sequence[Any]) -> None:
    """Orders first, then bills, each in the order of their ids: whoever moves goods or money locks in the same order."""
    if model not in (GoodsReceipt, Bill, BillPayment):
        return
    stored = model._base_manager.filter(pk__in=[r.pk for r in records if r.pk])
    orders, bills = PurchaseOrder._base_manager, Bill._base_manager
    if model is BillPayment:
        ids = {r.bill_id for r in records} | set(stored.values_list("bill", flat=True))
        wanted = set(bills.filter(pk__in=ids).values_list("purchase", flat=True))
    else:
        name = "document_id" if model is GoodsReceipt else "purchase_id"
        ids, wanted = set(), {getattr(r, name) for r in records} | set(stored.values_list(name, flat=True))
    list(orders.select_for_update().filter(pk__in=wanted).order_by("pk").values_list("pk"))
    list(bills.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))


@before_write
def keep_orders(batch: WriteBatch) -> None:
    """What was approved stays as it is; a state changes by its commands alone."""
    if batch.model is PurchaseOrder:
        for before, after in zip(batch.before, batch.after, strict=True):
            _judge(before, after)
    elif batch.model is PurchaseOrderLine:
        ids = {line.document_id for line in _written(batch)}
        fixed = PurchaseOrder._base_manager.filter(pk__in=ids).exclude(state__in=OPEN).first()
        if fixed is not None:
            text = _("“%(purchase)s” is approved: take it back to draft first.")
            raise ValidationError(text % {"purchase": fixed}, code="locked")


def _judge(before: PurchaseOrder | None, after: PurchaseOrder) -> None:
    if before is None:
        if after.state != State.DRAFT:
            raise ValidationError(_("A purchase order begins as a draft."))
        return
    said = getattr(after, "moving_to", None)
    if before.state != after.state and said != after.state:
        raise ValidationError(_("The state of a purchase order changes by its commands."))
    if before.state in OPEN:
        return
    told = {"purchase": before}
    if before.deleted_at is None and after.deleted_at is not None:
        raise ValidationError(_("“%(purchase)s” is approved: cancel it instead.") % told, code="locked")
    if changed := set(diff(before, after)) - FREE - (WITH_STATE if said else set()):
        text = _("“%(purchase)s” is approved: take it back to draft first.") % told
        raise (
            ValidationError(text, code="locked")
            if changed & WITH_STATE
            else ValidationError({name: ValidationError(text, code="locked") for name in sorted(changed)})
        )


@before_write
def keep_facts(batch: WriteBatch) -> None:
    """Goods and bills are of orders that were placed; a bill that is paid stays as it is."""
    if batch.model not in (GoodsReceipt, Bill) or batch.undoing:
        return
    name, states = ("document_id", standing.COMING) if batch.model is GoodsReceipt else ("purchase_id", standing.STANDS)
    alive = {getattr(row, name) for row in batch.after if row.deleted_at is None}
    early = PurchaseOrder._base_manager.filter(pk__in=alive).exclude(state__in=states).first()
    if early is not None and any(_touched(*pair) for pair in zip(batch.before, batch.after, strict=True)):
        told = {"purchase": early, "state": early.get_state_display()}
        raise ValidationError(
            _("“%(purchase)s” is in the state “%(state)s”: this can't be done with it.") % told, code="state"
        )
    if batch.model is Bill:
        for before, after in zip(batch.before, batch.after, strict=True):
            _judge_bill(before, after)


def _touched(before: Record | None, after: Record) -> bool:
    return (
        before is None
        or before.deleted_at != after.deleted_at
        or bool({"quantity", *MONEY} & diff(before, after).keys())
    )


def _judge_bill(before: Bill | None, after: Bill) -> None:
    if before is None:
        return
    if before.void != after.void and not getattr(after, "voiding", False):
        raise ValidationError(_("A bill becomes void by its command alone."))
    if not (before.paid or before.void):
        return
    if before.deleted_at is None and after.deleted_at is not None and before.paid:
        raise ValidationError(_("Something of it is paid: take the payments back first."), code="locked")
    if fixed := MONEY & diff(before, after).keys():
        text = _("“%(bill)s” is paid or void: this can't be changed any more.") % {"bill": before}
        raise ValidationError({name: ValidationError(text, code="locked") for name in sorted(fixed)})


@on_written
def follow_goods(batch: WriteBatch) -> None:
    """What came moves the order on, or back."""
    if batch.model is not GoodsReceipt:
        return
    states = standing.receive({row.document_id for row in _written(batch)})
    orders = PurchaseOrder._base_manager.select_for_update().filter(pk__in=states).order_by("pk")
    for order in list(orders):
        if order.state in standing.COMING and order.state != states[order.pk]:
            move(order, states[order.pk], kinds.CAME, actor=batch.actor)
    standing.judge({order.supplier_id for order in orders})


@on_written
def follow_money(batch: WriteBatch) -> None:
    """Bills and payments change how bills and orders stand."""
    rows = _written(batch)
    if batch.model is Bill:
        standing.pay({row.pk for row in batch.after})
        standing.bill({row.purchase_id for row in rows}, batch.actor.user)
    elif batch.model is BillPayment:
        bills = {row.bill_id for row in rows}
        standing.pay(bills)
        orders = Bill._base_manager.filter(pk__in=bills).values_list("purchase", flat=True)
        standing.bill(set(orders), batch.actor.user)


@on_written
def follow_suppliers(batch: WriteBatch) -> None:
    """How good a supplier is follows from ratings, and from days that orders were expected on."""
    if batch.model is SupplierRating:
        standing.judge({row.supplier_id for row in _written(batch)})
    elif batch.model is PurchaseOrder:
        pairs = zip(batch.before, batch.after, strict=True)
        moved = {
            b.supplier_id for b, a in pairs if b is not None and (b.expected_on, b.state) != (a.expected_on, a.state)
        }
        standing.judge(moved) if moved else None


@on_settled
def back_to_draft(instance: ApprovalInstance, record: Record, *, actor: Actor) -> None:
    """What was rejected or withdrawn is a draft again."""
    if instance.state in SETTLED and isinstance(record, PurchaseOrder) and record.state == State.APPROVING:
        reopen_purchase(record, actor=actor)
