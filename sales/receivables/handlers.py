"""What holds for money at every door, and what follows from writing it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Max
from django.utils.translation import gettext as _

from crm.access import policy
from crm.records.diff import diff
from crm.records.hooks import WriteBatch, before_lock, before_write, on_written
from sales.contracts.models import OWED, Contract
from sales.orders.models import Order
from sales.receivables import approving, purchases  # noqa: F401 - they register themselves
from sales.receivables.models import Allocation, Instalment, Payment, Refund, WriteOff
from sales.receivables.plan import PLAN
from sales.receivables.standing import fact, refresh, settle

MOVES = (Allocation, Refund)
FACTS = ("signed_on", "starts_on", "accepted_on", "state", "account_id", "currency")
RIGHTS = {Allocation: "allocate", Refund: "refund", WriteOff: "writeoff"}
FINAL = (Payment.State.RETURNED, Payment.State.VOID)


@before_lock
def lock_money(model: type, records: Sequence[Any]) -> None:
    """Payments first, then instalments, each in the order of their ids: whoever moves money locks in the same order."""
    if model not in RIGHTS:
        return
    stored = model._base_manager.filter(pk__in=[r.pk for r in records if r.pk])
    for name, whole in (("payment_id", Payment), ("instalment_id", Instalment)):
        if hasattr(model, name.removesuffix("_id")):
            ids = {getattr(r, name) for r in records} | set(stored.values_list(name, flat=True))
            list(whole._base_manager.select_for_update().filter(pk__in=ids - {None}).order_by("pk").values_list("pk"))


def _written(batch: WriteBatch) -> list[Any]:
    return [row for row in (*batch.after, *batch.before) if row is not None]


@on_written
def follow_money(batch: WriteBatch) -> None:
    """What is allocated, refunded and written off changes how payments and instalments stand."""
    rows = _written(batch)
    if batch.model in MOVES:
        settle(row.payment_id for row in rows)
    if batch.model in (Allocation, WriteOff):
        refresh(Instalment._base_manager.filter(pk__in={row.instalment_id for row in rows}))
    elif batch.model is Payment:
        moved = [a.pk for b, a in zip(batch.before, batch.after, strict=True) if b is None or b.state != a.state]
        refresh(_paid_by(moved))
    elif batch.model is Instalment:
        refresh(Instalment._base_manager.filter(pk__in={row.pk for row in rows}))


def _paid_by(payments: list[int]) -> Any:
    ids = Allocation._base_manager.filter(payment__in=payments, deleted_at__isnull=True).values("instalment")
    return Instalment._base_manager.filter(pk__in=ids)


@before_write
def keep_currency(batch: WriteBatch) -> None:
    """What was paid or given up of a contract is in its currency: that stays."""
    if batch.model is not Contract:
        return
    pairs = zip(batch.before, batch.after, strict=True)
    moved = [after.pk for before, after in pairs if before is not None and before.currency != after.currency]
    for model in (Allocation, WriteOff) if moved else ():
        if model._base_manager.filter(instalment__contract__in=moved, deleted_at__isnull=True).exists():
            raise ValidationError({"currency": _("Money was booked in this currency already.")})


@on_written
def follow_contracts(batch: WriteBatch) -> None:
    """When a contract is signed, accepted or ended, its instalments come due, or are owed no more."""
    if batch.model is not Contract:
        return
    moved = [
        after
        for before, after in zip(batch.before, batch.after, strict=True)
        if before is not None and any(getattr(before, name) != getattr(after, name) for name in FACTS)
    ]
    for contract in moved:
        Instalment._base_manager.filter(contract=contract).exclude(
            account=contract.account_id, currency=contract.currency
        ).update(account=contract.account_id, currency=contract.currency)
    refresh(Instalment._base_manager.filter(contract__in=[contract.pk for contract in moved]))


@fact(Instalment.Event.DELIVERY)
def delivered(ids: Collection[int]) -> dict[int, date]:
    """The day on which everything of a contract was delivered."""
    orders = Order._base_manager.filter(contract__in=ids, deleted_at__isnull=True)
    orders = orders.exclude(state=Order.State.CANCELLED).order_by()
    days = orders.values_list("contract").annotate(Max("delivered_on"), Count("pk"), Count("delivered_on"))
    return {contract: day for contract, day, all_of, done in days if day is not None and all_of == done}


@on_written
def follow_orders(batch: WriteBatch) -> None:
    """What waits for the delivery comes due with the last one."""
    if batch.model is Order:
        ids = {row.contract_id for row in _written(batch)} - {None}
        waiting = Instalment._base_manager.filter(contract__in=ids, event=Instalment.Event.DELIVERY)
        refresh(waiting) if ids else None


@before_write
def keep_plan(batch: WriteBatch) -> None:
    """The instalments of an approved contract change together, by its plan alone: so they always add up to its amount."""
    if batch.model is not Instalment or batch.undoing or getattr(batch.changes, "kind", "") == PLAN:
        return
    touched = [
        after
        for before, after in zip(batch.before, batch.after, strict=True)
        if before is None
        or before.deleted_at != after.deleted_at
        or {"amount", "contract"} & diff(before, after).keys()
    ]
    if not touched:
        return
    approved = Contract._base_manager.filter(pk__in={row.contract_id for row in touched}, state__in=OWED).first()
    if approved is not None:
        text = _("The instalments of “%(contract)s” add up to its amount: change them together, by “Payment plan”.")
        raise ValidationError(text % {"contract": approved}, code="plan")


@before_write
def keep_payments(batch: WriteBatch) -> None:
    """What was confirmed is changed by its verbs alone, and never goes to the trash."""
    if batch.model is not Payment:
        return
    for before, after in zip(batch.before, batch.after, strict=True):
        if before is None:
            continue
        if before.state == Payment.State.REGISTERED:
            if before.currency != after.currency and before.allocations.filter(deleted_at__isnull=True).exists():
                raise ValidationError({"currency": _("Money was booked in this currency already.")})
            continue
        if after.deleted_at is not None and before.deleted_at is None:
            raise ValidationError(_("“%(payment)s” counts: void it instead.") % {"payment": before}, code="locked")
        fixed = {"amount", "currency", "paid_on", "method", "bank_ref"} & diff(before, after).keys()
        if fixed:
            text = _("“%(payment)s” is settled: what the bank says of it can't be changed.") % {"payment": before}
            raise ValidationError(dict.fromkeys(sorted(fixed), text))


@before_write
def ask_rights(batch: WriteBatch) -> None:
    """Money that counts is moved only by who may, whichever door it comes through."""
    right, user = RIGHTS.get(batch.model), batch.actor.user
    if right is None:
        return
    payments = Payment._base_manager.in_bulk({r.payment_id for r in _written(batch)}) if right != "writeoff" else {}
    for row in batch.after:
        payment = payments.get(getattr(row, "payment_id", None))
        if payment is None or row.deleted_at is not None:
            continue
        if payment.state in FINAL:
            raise ValidationError(_("“%(payment)s” does not count any more.") % {"payment": payment})
        if isinstance(row, Allocation):
            _fits(row, payment)
    counts = any(p.state == Payment.State.CONFIRMED for p in payments.values())
    if user is not None and not batch.undoing and (counts or right == "writeoff") and not _may(user, right):
        raise PermissionDenied(_("You may not do this with money that counts. Finance can."))


def _may(user: Any, right: str) -> bool:
    if right == "writeoff":
        return policy.can(user, "receivables.writeoff", "add")
    return policy.can(user, "receivables.payment", right)


def _fits(row: Allocation, payment: Payment) -> None:
    if row.instalment.currency != payment.currency:
        told = {"payment": payment.currency, "instalment": row.instalment.currency}
        raise ValidationError(_("The payment is in %(payment)s, the instalment in %(instalment)s.") % told)
    if row.instalment.void or row.instalment.deleted_at is not None:
        raise ValidationError(_("“%(name)s” is void: nothing is owed of it.") % {"name": row.instalment})
