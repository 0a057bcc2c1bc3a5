"""What holds for invoices at every door, and what follows from writing them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.approvals.course import on_settled
from crm.approvals.models import ApprovalInstance
from crm.lib.money import format_money
from crm.records.actor import Actor
from crm.records.diff import diff
from crm.records.hooks import WriteBatch, before_lock, before_write, on_written
from crm.records.models import Record
from sales.contracts.approving import on_change
from sales.contracts.models import Contract, ContractChange
from sales.invoicing import limits
from sales.invoicing.models import Invoice, InvoiceLine
from sales.invoicing.services import reopen_invoice
from sales.invoicing.standing import settle
from sales.orders.models import Order, OrderLine
from sales.receivables.models import Allocation, Instalment, Payment
from sales.receivables.standing import refresh

State = Invoice.State
SETTLED = (ApprovalInstance.State.REJECTED, ApprovalInstance.State.WITHDRAWN)
ZERO = Decimal(0)


@before_lock
def lock_whole(model: type, records: Sequence[Any]) -> None:
    """What is billed is locked before its invoices: so what is left of it is counted one after the other."""
    if model is Invoice:
        limits.hold(records)
    elif model is InvoiceLine:
        limits.hold(Invoice._base_manager.filter(pk__in={row.document_id for row in records}))


@before_write
def keep_invoices(batch: WriteBatch) -> None:
    """Once handed in an invoice changes by its verbs alone, whichever door it comes through; undo is none of them."""
    if batch.model is not Invoice:
        return
    for before, after in zip(batch.before, batch.after, strict=True):
        if before is None or getattr(after, "moving", False):
            continue
        told = {"invoice": before, "state": before.get_state_display()}
        open_still = before.state == after.state == State.REQUESTED
        if before.deleted_at != after.deleted_at and not open_still:
            raise ValidationError(_("“%(invoice)s” counts: cancel or credit it instead.") % told, code="locked")
        locked = set() if open_still else set(diff(before, after)) - Invoice.FREE
        if locked:
            text = _("“%(invoice)s” is in the state “%(state)s”: this can't be changed any more.") % told
            raise ValidationError({name: ValidationError(text, code="locked") for name in sorted(locked)})


@before_write
def keep_lines(batch: WriteBatch) -> None:
    """Lines are as fixed as their invoice."""
    if batch.model is not InvoiceLine:
        return
    ids = {row.document_id for row in (*batch.before, *batch.after) if row is not None}
    fixed = Invoice._base_manager.filter(pk__in=ids).exclude(state=State.REQUESTED).first()
    if fixed is not None:
        text = _("“%(invoice)s” is handed in: its lines can't be changed any more.")
        raise ValidationError(text % {"invoice": fixed}, code="locked")


@on_written
def keep_limits(batch: WriteBatch) -> None:
    """No more is billed than was agreed. Runs after the totals were added up."""
    if batch.model is InvoiceLine:
        limits.check({row.document_id for row in batch.after}, batch.actor)
    elif batch.model is Invoice:
        grown = [a.pk for b, a in zip(batch.before, batch.after, strict=True) if b is None or _grows(b, a)]
        limits.check(grown, batch.actor) if grown else None


def _grows(before: Invoice, after: Invoice) -> bool:
    names = ("contract_id", "order_id", "deleted_at", "discount_percent", "discount_amount", "tax_included")
    return any(getattr(before, name) != getattr(after, name) for name in names)


@before_write
def keep_currency(batch: WriteBatch) -> None:
    """What is billed of a contract or an order is in its currency: that stays."""
    name = {Contract: "contract", Order: "order"}.get(batch.model)
    pairs = zip(batch.before, batch.after, strict=True)
    moved = [a.pk for b, a in pairs if name and b is not None and b.currency != a.currency]
    if moved and limits.counted().filter(**{f"{name}__in": moved}).exists():
        raise ValidationError({"currency": _("Money was booked in this currency already.")})


@on_written
def keep_orders(batch: WriteBatch) -> None:
    """An order that says how much there is to bill does not come to less than what is billed. Runs after the totals."""
    if batch.model not in (Order, OrderLine):
        return
    ids = {getattr(row, "document_id", row.pk) for row in (*batch.before, *batch.after) if row is not None}
    bills = limits.counted().filter(order__in=ids)
    orders = Order._base_manager.filter(pk__in=bills.values("order")).exclude(
        pk__in=bills.filter(beyond=True).values("order")
    )
    for order in orders.select_related("contract"):
        billed = ZERO if limits.is_limit(order.contract) else limits.billed(order)
        if billed > (ZERO if order.state == Order.State.CANCELLED else order.total):
            told = {"order": order, "billed": format_money(billed, order.currency)}
            raise ValidationError(_("Of “%(order)s” %(billed)s are invoiced: credit that first.") % told)


@on_written
def follow_invoices(batch: WriteBatch) -> None:
    """What waits for an invoice comes due with it, and no more when it is taken back."""
    if batch.model is not Invoice:
        return
    pairs = zip(batch.before, batch.after, strict=True)
    moved = {
        after.contract_id
        for before, after in pairs
        if before is not None and (before.state, before.issued_on) != (after.state, after.issued_on)
    } - {None}
    credited = {row.contract_id for row in batch.after if row.original_id} - {None}
    if moved:
        refresh(Instalment._base_manager.filter(contract__in=moved, event=Instalment.Event.INVOICE))
    if moved | credited:
        settle(moved | credited)


@on_written
def follow_payments(batch: WriteBatch) -> None:
    """What is received pays invoices. Runs after the instalments were worked out."""
    rows = [row for row in (*batch.before, *batch.after) if row is not None]
    if batch.model is Allocation:
        ids = {row.instalment_id for row in rows}
        settle(Instalment._base_manager.filter(pk__in=ids).values_list("contract", flat=True))
    elif batch.model is Payment:
        ids = {row.pk for row in rows}
        settle(Allocation._base_manager.filter(payment__in=ids).values_list("instalment__contract", flat=True))


@on_change
def billed_already(contract: Contract, change: ContractChange, *, actor: Actor) -> None:
    """A contract does not come to less than what is billed of it."""
    billed = limits.billed(contract) if limits.is_limit(contract) else ZERO
    if billed > contract.amount < (change.amount_before or ZERO):
        raise ValidationError(_("More of “%(contract)s” is invoiced: credit it first.") % {"contract": contract})


@on_settled
def back_to_request(instance: ApprovalInstance, record: Record, *, actor: Actor) -> None:
    """What was rejected or withdrawn is a request again."""
    if instance.state in SETTLED and isinstance(record, Invoice):
        reopen_invoice(record, actor=actor)
