"""Orders: made of contracts, delivered in parts, handed over to whoever delivers them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.records import services as records
from crm.records.actor import Actor
from sales.contracts.approving import on_approval, on_end
from sales.contracts.making import DOCUMENT, copy_lines
from sales.contracts.models import Contract
from sales.orders import kinds
from sales.orders.installed import install
from sales.orders.models import Order, OrderLine

State = Order.State
OPEN = (State.CONFIRMED, State.FULFILLING)
ZERO = Decimal(0)


@on_approval
def make_order(contract: Contract, *, actor: Actor) -> None:
    """The order of an approved contract, with its lines; a framework is ordered from later. Once and no more."""
    if contract.kind == Contract.Kind.FRAMEWORK or Order.objects.alive().filter(contract=contract).exists():
        return
    order = Order(
        owner_id=contract.owner_id,
        title=contract.title,
        account_id=contract.account_id,
        opportunity_id=contract.opportunity_id,
        contract=contract,
        ordered_on=timezone.localdate(),
        deliver_by=contract.starts_on,
        ship_to=contract.account.address,
        **{name: getattr(contract, name) for name in DOCUMENT},
    )
    lines = list(contract.lines.filter(deleted_at__isnull=True))
    if not lines:
        order.tax_included, order.discount_percent, order.discount_amount = True, ZERO, ZERO
    records.save(order, actor=actor, kind=kinds.MADE)
    made = copy_lines(lines, order, OrderLine) or [
        OrderLine(document=order, owner_id=order.owner_id, name=contract.title, unit_price=contract.amount)
    ]
    records.save_many(made, actor=actor)


@on_end
def cancel_orders(contract: Contract, *, actor: Actor) -> None:
    """Nothing more is delivered of a contract that ends; what was delivered stays so."""
    for order in Order.objects.alive().filter(contract=contract, state__in=OPEN):
        delivered = OrderLine.objects.alive().filter(document=order, delivered__gt=0).exists()
        (close_order if delivered else cancel_order)(order, actor=actor)


@transaction.atomic
def deliver(
    order: Order, *, actor: Actor, quantities: Mapping[int, Decimal] | None = None, delivered_on: date | None = None
) -> Order:
    """Note what was delivered: so much more of each line (by its id), or everything that is left.

    What the customer has follows; once nothing is left the order is delivered. ValidationError for more than is left.
    """
    order = held(order)
    if order.state not in OPEN:
        raise ValidationError(_("“%(order)s” is not to be delivered any more.") % {"order": order}, code="state")
    day = delivered_on or timezone.localdate()
    lines = list(
        OrderLine._base_manager.select_for_update().filter(document=order, deleted_at__isnull=True).order_by("pk")
    )
    moved: list[tuple[OrderLine, Decimal]] = []
    for line in lines:
        left = line.quantity - line.delivered
        part = left if quantities is None else quantities.get(line.pk, ZERO)
        if part < 0 or part > left:
            told = {"line": line, "left": f"{left.normalize():f}"}
            raise ValidationError(_("Of “%(line)s” only %(left)s are left to deliver.") % told, code="left")
        if part:
            line.delivered += part
            moved.append((line, part))
    if not moved:
        raise ValidationError(_("Say what was delivered."))
    records.save_many([line for line, _part in moved], actor=actor)
    install(order, moved, day, actor=actor)
    whole = all(line.delivered == line.quantity for line in lines)
    order.state = State.DELIVERED if whole else State.FULFILLING
    order.delivered_on = day if whole else None
    records.save(order, actor=actor, kind=kinds.DELIVERED if whole else kinds.PART_DELIVERED, day=day.isoformat())
    return order


@transaction.atomic
def close_order(order: Order, *, actor: Actor) -> Order:
    """Nothing more is to be done for it."""
    return _end(order, State.CLOSED, kinds.CLOSED, (State.FULFILLING, State.DELIVERED), actor)


@transaction.atomic
def cancel_order(order: Order, *, actor: Actor, reason: str = "") -> Order:
    """It will not be delivered: only as long as nothing was."""
    return _end(order, State.CANCELLED, kinds.CANCELLED, (State.CONFIRMED,), actor, reason=reason)


def _end(order: Order, state: str, kind: str, allowed: tuple[str, ...], actor: Actor, **data: Any) -> Order:
    order = held(order)
    if order.state not in allowed:
        raise ValidationError(
            _("“%(order)s” is in the state “%(state)s”: this can't be done with it.")
            % {"order": order, "state": order.get_state_display()},
            code="state",
        )
    order.state = state
    records.save(order, actor=actor, kind=kind, **data)
    return order


def held(order: Order) -> Order:
    """The order as it is, kept until the transaction ends."""
    return Order._base_manager.select_for_update(of=("self",)).select_related("account").get(pk=order.pk)
