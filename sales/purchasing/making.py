"""Purchases made of a sales order: from whoever asks least, nothing typed twice, nothing bought twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.records import services as records
from crm.records.actor import Actor
from sales.orders.models import Order, OrderLine
from sales.purchasing import kinds
from sales.purchasing.models import PurchaseOrder, PurchaseOrderLine, Supplier, SupplierPrice
from sales.purchasing.prices import cheapest, in_terms, may_know, offers, reached

ZERO = Decimal(0)
State = PurchaseOrder.State


@dataclass(frozen=True)
class Wanted:
    """So much of a line, of a supplier; its price where one is known."""

    line: OrderLine
    quantity: Decimal
    supplier: Supplier
    price: SupplierPrice | None


def lines_left(order: Order) -> list[tuple[OrderLine, Decimal]]:
    """The lines with products, and what of each is not bought yet."""
    lines = OrderLine.objects.alive().filter(document=order, product__isnull=False)
    bought = PurchaseOrderLine.objects.alive().filter(order_line__document=order, document__deleted_at__isnull=True)
    bought = bought.exclude(document__state=State.CANCELLED).order_by()
    sums = dict(bought.values_list("order_line").annotate(Sum("quantity")))
    rows = lines.select_related("product").order_by("position", "pk")
    return [(line, max(line.quantity - sums.get(line.pk, ZERO), ZERO)) for line in rows]


def count_purchases(order: Order) -> int:
    """How many purchase orders that count there are for a sales order, whoever may see them."""
    return PurchaseOrder.objects.alive().filter(order=order).exclude(state=State.CANCELLED).count()


@transaction.atomic
def purchase_lines(
    order: Order,
    *,
    actor: Actor,
    quantities: Mapping[int, Decimal] | None = None,
    suppliers: Mapping[int, int] | None = None,
    supplier: Supplier | None = None,
) -> PurchaseOrder | None:
    """Draft purchase orders for lines (by their ids) of a sales order, one for each supplier and currency.

    Each line goes to the named supplier, else to whoever asks least, else to ``supplier``. Without ``quantities`` what is
    left is bought. Returns the only order that was made; None where there are several. ValidationError for more than is left.
    """
    order = Order._base_manager.select_for_update(of=("self",)).get(pk=order.pk)
    if order.state == Order.State.CANCELLED or order.deleted_at is not None:
        raise ValidationError(_("“%(order)s” is cancelled.") % {"order": order}, code="state")
    wanted = []
    rows = lines_left(order)
    known = offers(line.product_id for line, _left in rows) if may_know(actor.user) else {}
    for line, left in rows:
        quantity = left if quantities is None else quantities.get(line.pk, ZERO)
        if quantity > left:
            told = {"line": line, "left": f"{left.normalize():f}"}
            raise ValidationError(_("Of “%(line)s” only %(left)s are not bought yet.") % told, code="over")
        if quantity > 0:
            wanted.append(
                _choose(line, quantity, known.get(line.product_id, []), (suppliers or {}).get(line.pk), supplier)
            )
    if not wanted:
        raise ValidationError(_("Everything of it is bought already."), code="nothing")
    groups: dict[tuple[int, str], list[Wanted]] = defaultdict(list)
    for one in wanted:
        groups[one.supplier.pk, one.price.currency if one.price else one.supplier.currency].append(one)
    made = [_make(order, currency, rows, actor=actor) for (_pk, currency), rows in groups.items()]
    return made[0] if len(made) == 1 else None


def _choose(
    line: OrderLine, quantity: Decimal, prices: Sequence[SupplierPrice], chosen: int | None, fallback: Supplier | None
) -> Wanted:
    if chosen:
        fitting = [row for (pk, _currency), row in reached(prices, quantity).items() if pk == chosen]
        price = cheapest(fitting, quantity)
        return Wanted(line, quantity, price.supplier if price else Supplier.objects.alive().get(pk=chosen), price)
    price = cheapest(prices, quantity)
    if price is not None:
        return Wanted(line, quantity, price.supplier, price)
    if fallback is None:
        raise ValidationError(
            _("No supplier has a price for “%(line)s”: choose one.") % {"line": line}, code="supplier"
        )
    return Wanted(line, quantity, fallback, None)


def _make(order: Order, currency: str, wanted: Sequence[Wanted], *, actor: Actor) -> PurchaseOrder:
    today = timezone.localdate()
    days = [one.price.lead_days for one in wanted if one.price and one.price.lead_days is not None]
    included = wanted[0].price.tax_included if wanted[0].price else True
    purchase = PurchaseOrder(
        owner=actor.user or order.owner,
        title=order.title,
        supplier=wanted[0].supplier,
        order=order,
        opportunity_id=order.opportunity_id,
        currency=currency,
        tax_included=included,
        expected_on=today + timedelta(days=max(days)) if days else order.deliver_by,
        ship_to=order.ship_to,
    )
    records.save(purchase, actor=actor, kind=kinds.MADE)
    lines = [_line(purchase, one, place * 10) for place, one in enumerate(wanted, 1)]
    records.save_many(lines, actor=actor)
    return PurchaseOrder._base_manager.get(pk=purchase.pk)


def _line(purchase: PurchaseOrder, one: Wanted, position: int) -> PurchaseOrderLine:
    product, price = one.line.product, ZERO
    if one.price is not None:
        price = in_terms(one.price, product, tax_included=purchase.tax_included)
    return PurchaseOrderLine(
        document=purchase,
        owner=purchase.owner,
        position=position,
        product=product,
        name=one.line.name,
        unit=one.line.unit,
        quantity=one.quantity,
        list_price=price if one.price else None,
        unit_price=price,
        tax_rate=product.tax_rate,
        order_line=one.line,
    )
