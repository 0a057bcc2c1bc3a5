"""What a change of a contract means for its orders: the one that holds what changed follows; where nobody can say which, its owner decides."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.activities.models import Task
from crm.notifications.services import notify
from crm.records import services as records
from crm.records.actor import Actor
from sales.catalogue.models import PricedLine
from sales.contracts.approving import on_change
from sales.contracts.making import DOCUMENT, LINE, copy_lines
from sales.contracts.models import Contract, ContractChange
from sales.orders.models import Order, OrderLine
from sales.orders.notices import NOT_FOLLOWED
from sales.orders.services import OPEN, ZERO, held

COMPARED = tuple(name for name in LINE if name not in ("position", "list_price"))
DAYS = timedelta(days=2)
EVENING = time(18)


@on_change
def change_orders(contract: Contract, change: ContractChange, *, actor: Actor) -> None:
    """What is still to be delivered is what the contract says now; less than what was delivered already is refused.

    The only order of a contract takes up all of it. Of several, the one that alone holds a line takes up its change; what
    nobody can place so becomes a task of the contract's owner that names the orders.
    """
    orders = list(Order.objects.alive().filter(contract=contract).exclude(state=Order.State.CANCELLED).order_by("pk"))
    if len(orders) == 1 and orders[0].state in OPEN:
        _follow(held(orders[0]), contract, actor)
    elif orders:
        left = _place(contract, change, [held(order) for order in orders], actor)
        if left:
            _ask_owner(contract, change, orders, left, actor)


def _follow(order: Order, contract: Contract, actor: Actor) -> None:
    """The whole contract is in one order."""
    for name in DOCUMENT:
        setattr(order, name, getattr(contract, name))
    left = list(OrderLine.objects.alive().filter(document=order).order_by("position", "pk"))
    if wanted := copy_lines(contract.lines.filter(deleted_at__isnull=True), order, OrderLine):
        lines = [_taken_from(left, line) for line in wanted]
    elif len(left) == 1:
        lines, left = left, []
        lines[0].unit_price = contract.amount / lines[0].quantity
    else:
        return
    _write(order, lines, left, actor)


def _place(contract: Contract, change: ContractChange, orders: list[Order], actor: Actor) -> list[str]:
    """Write what has one place alone; what has none, or several, is returned by its name."""
    now = list(contract.lines.filter(deleted_at__isnull=True).order_by("position", "pk"))
    before, after = _by_thing(change.replaced), _by_thing(now)
    rows = OrderLine.objects.alive().filter(document__in=orders).order_by("position", "pk")
    there, known = _by_thing(rows), {order.pk: order for order in orders}
    amounts = not change.replaced and change.amount_before != contract.amount
    left = [str(change)] if amounts or change.retermed else []
    for thing in dict.fromkeys((*before, *after)):
        old, new, places = before.get(thing, []), after.get(thing, []), there.get(thing, [])
        if [_said(line) for line in old] == [_said(line) for line in new]:
            continue
        if len(old) == len(places) == 1 and len(new) < 2 and known[places[0].document_id].state in OPEN:
            order = known[places[0].document_id]
            lines = [_taken_from(places, line) for line in copy_lines(new, order, OrderLine)]
            _write(order, lines, places, actor)
        else:
            left.append(str((new or old)[0]))
    return left


def _by_thing(lines: Iterable[PricedLine]) -> dict[tuple[Any, str], list[Any]]:
    """Lines by what they are about."""
    found: dict[tuple[Any, str], list[Any]] = {}
    for line in lines:
        found.setdefault((line.product_id, line.name), []).append(line)
    return found


def _said(line: PricedLine) -> tuple[Any, ...]:
    return tuple(getattr(line, name) for name in COMPARED)


def _taken_from(there: list[OrderLine], wanted: OrderLine) -> OrderLine:
    """The line of the order that is about the same thing, now as it is wanted; else the wanted one, which is new."""
    same = next((one for one in there if (one.product_id, one.name) == (wanted.product_id, wanted.name)), None)
    if same is None:
        return wanted
    there.remove(same)
    for name in LINE:
        setattr(same, name, getattr(wanted, name))
    return same


def _write(order: Order, lines: list[OrderLine], gone: list[OrderLine], actor: Actor) -> None:
    """Of what was delivered already nothing is taken back."""
    for line in (*gone, *lines):
        if line.delivered > (ZERO if line in gone else line.quantity):
            told = {"line": line, "delivered": f"{line.delivered.normalize():f}", "order": order}
            text = _(
                "Of “%(line)s” %(delivered)s were delivered already with %(order)s: the change can't go below that."
            )
            raise ValidationError(text % told, code="delivered")
    records.save(order, actor=actor)
    if gone:
        records.delete_many(gone, actor=actor)
    if lines:
        records.save_many(lines, actor=actor)


def _ask_owner(contract: Contract, change: ContractChange, orders: list[Order], left: list[str], actor: Actor) -> None:
    """A task and a notice: which order takes it up?"""
    names = "\n".join(f"· {order} ({order.get_state_display()})" for order in orders)
    told = {"change": change, "lines": "、".join(left), "orders": names}
    task = Task(
        owner_id=contract.owner_id,
        subject=(_("Carry a contract change over to its orders: %(change)s") % told)[:300],
        description=_("Not carried over by itself: %(lines)s\n\nOrders of the contract:\n%(orders)s") % told,
        on_entity=contract.entity_label(),
        on_id=contract.pk,
        due_at=timezone.make_aware(datetime.combine(timezone.localdate() + DAYS, EVENING)),
    )
    records.save(task, actor=actor)
    data = {"change": str(change), "orders": ", ".join(order.number for order in orders)}
    notify([contract.owner], NOT_FOLLOWED, actor=actor, record=contract, data=data, key=f"change_orders:{change.pk}")
