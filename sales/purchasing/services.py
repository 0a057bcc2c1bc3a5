"""The life of a purchase order: handed in, approved, ordered, received in parts, closed. Its state changes here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.approvals import services as approvals
from crm.records import services as records
from crm.records.actor import Actor
from sales.contracts.services import APPROVE, process_for
from sales.purchasing import kinds
from sales.purchasing.models import GoodsReceipt, PurchaseOrder, Supplier
from sales.purchasing.standing import COMING

State = PurchaseOrder.State
ZERO = Decimal(0)


def stay(purchase: PurchaseOrder, *, actor: Actor) -> None:
    """A verb that has a page of its own does nothing by itself."""


def is_draft(purchase: PurchaseOrder) -> bool:
    """Whether it can be handed in: a draft, or one that came back."""
    if purchase.state == State.APPROVING:
        return approvals.open_instance(purchase) is None
    return purchase.state == State.DRAFT


def is_approvable(purchase: PurchaseOrder) -> bool:
    """Whether the verb of its approval may run now: nobody is being asked any more."""
    return purchase.state == State.APPROVING and approvals.open_instance(purchase) is None


@transaction.atomic
def submit_purchase(purchase: PurchaseOrder, *, actor: Actor, note: str = "") -> PurchaseOrder:
    """Ask for approval by the process that fits it; where none does, it is approved at once.

    ValidationError without lines, or for a supplier that is paused or blocked.
    """
    purchase = _held(purchase)
    _must(purchase, State.DRAFT, State.APPROVING)
    if not purchase.lines.filter(deleted_at__isnull=True).exists():
        raise ValidationError(_("A purchase order needs at least one line."))
    if purchase.supplier.state in (Supplier.State.PAUSED, Supplier.State.BLOCKED):
        told = {"supplier": purchase.supplier, "state": purchase.supplier.get_state_display()}
        raise ValidationError(_("“%(supplier)s” is in the state “%(state)s”: choose another supplier.") % told)
    if purchase.state == State.DRAFT:
        move(purchase, State.APPROVING, kinds.SUBMITTED, actor=actor)
    requester = actor.user or purchase.owner
    process = process_for(purchase, "approve", requester)
    if process is None:
        return approve_purchase(purchase, actor=actor)
    approvals.start(process, purchase, actor=actor, requester=requester, note=note, carry=APPROVE)
    return purchase


@transaction.atomic
def reopen_purchase(purchase: PurchaseOrder, *, actor: Actor) -> PurchaseOrder:
    """Back to a draft: it was rejected, withdrawn, or is not ordered yet."""
    purchase = _held(purchase)
    _must(purchase, State.DRAFT, State.APPROVING, State.APPROVED)
    return purchase if purchase.state == State.DRAFT else move(purchase, State.DRAFT, kinds.RETURNED, actor=actor)


@transaction.atomic
def approve_purchase(purchase: PurchaseOrder, *, actor: Actor) -> PurchaseOrder:
    """It may be ordered. Twice does it once."""
    purchase = _held(purchase)
    if purchase.state == State.APPROVED:
        return purchase
    _must(purchase, State.APPROVING)
    return move(purchase, State.APPROVED, kinds.APPROVED, actor=actor)


@transaction.atomic
def place_purchase(
    purchase: PurchaseOrder, *, actor: Actor, ordered_on: date | None = None, expected_on: date | None = None
) -> PurchaseOrder:
    """The supplier has the order; from now on goods and bills may come."""
    purchase = _held(purchase)
    _must(purchase, State.APPROVED)
    purchase.ordered_on = ordered_on or timezone.localdate()
    purchase.expected_on = expected_on or purchase.expected_on
    return move(purchase, State.ORDERED, kinds.ORDERED, actor=actor)


@transaction.atomic
def receive_goods(
    purchase: PurchaseOrder,
    *,
    actor: Actor,
    quantities: Mapping[int, Decimal] | None = None,
    received_on: date | None = None,
    over: bool = False,
    note: str = "",
) -> PurchaseOrder:
    """Note what came: so much of each line (by its id), or everything that is left. Its state follows.

    ValidationError for more than was ordered, unless ``over`` says that this is right.
    """
    purchase = _held(purchase)
    _must(purchase, *COMING)
    parts = {
        line: line.left if quantities is None else quantities.get(line.pk, ZERO)
        for line in purchase.lines.filter(deleted_at__isnull=True).order_by("position", "pk")
    }
    made = [
        GoodsReceipt(
            line=line, quantity=part, received_on=received_on or timezone.localdate(), note=note,
            owner=actor.user or purchase.owner, over=over and part > line.left,
        )
        for line, part in parts.items()
        if part
    ]  # fmt: skip
    if not made:
        raise ValidationError(_("Say what came."))
    records.save_many(made, actor=actor)
    return PurchaseOrder._base_manager.get(pk=purchase.pk)


@transaction.atomic
def close_purchase(purchase: PurchaseOrder, *, actor: Actor) -> PurchaseOrder:
    """Nothing more is to come of it."""
    purchase = _held(purchase)
    _must(purchase, State.PARTIAL, State.RECEIVED)
    return move(purchase, State.CLOSED, kinds.CLOSED, actor=actor)


@transaction.atomic
def cancel_purchase(purchase: PurchaseOrder, *, actor: Actor, reason: str = "") -> PurchaseOrder:
    """It is not bought: only as long as nothing came and nothing is billed; a request under way is withdrawn."""
    purchase = _held(purchase)
    _must(purchase, State.DRAFT, State.APPROVING, State.APPROVED, State.ORDERED)
    if purchase.billed:
        raise ValidationError(_("It is billed: declare its bills void first."))
    running = approvals.open_instance(purchase)
    if running is not None:
        approvals.withdraw(running, actor=actor)
        purchase = _held(purchase)
    purchase.reason = reason
    return move(purchase, State.CANCELLED, kinds.CANCELLED, actor=actor, reason=reason)


def move(purchase: PurchaseOrder, state: str, kind: str, *, actor: Actor, **data: Any) -> PurchaseOrder:
    """Write a new state; the guard lets it through because it is said here."""
    purchase.state = purchase.moving_to = state
    records.save(purchase, actor=actor, kind=kind, **{name: value for name, value in data.items() if value})
    return purchase


def _held(purchase: PurchaseOrder) -> PurchaseOrder:
    rows = PurchaseOrder._base_manager.select_for_update(of=("self",)).select_related("supplier", "owner")
    return rows.get(pk=purchase.pk)


def _must(purchase: PurchaseOrder, *states: str) -> None:
    if purchase.state not in states or purchase.deleted_at is not None:
        raise ValidationError(
            _("“%(purchase)s” is in the state “%(state)s”: this can't be done with it.")
            % {"purchase": purchase, "state": purchase.get_state_display()},
            code="state",
        )
