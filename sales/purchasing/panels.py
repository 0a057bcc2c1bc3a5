"""What record pages show of purchases: what a sales order costs us and leaves, for who may know it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone

from crm.access import policy
from crm.entities.entity import registry
from crm.entities.panels import panel
from crm.lib.money import format_money, round_money
from crm.reference.models import ExchangeRate
from sales.orders.models import Order
from sales.purchasing.making import count_purchases, lines_left
from sales.purchasing.models import PurchaseOrder

LABEL = "purchasing.purchaseorder"
OPEN = {None, policy.Mode.READ}


def _knows(user: Any, label: str, *names: str) -> bool:
    return all(policy.field_mode(user, [(label, name)]) in OPEN for name in names)


@panel("orders.order", slot="side", template="purchasing/margin.html", order=-15)
def margin(record: Order, user: Any) -> dict | None:
    """The purchases for a sales order and its margin without tax: only for who sees all of them, and what they come to."""
    if not policy.can(user, LABEL, "view"):
        return None
    seen = PurchaseOrder.objects.restrict(user).filter(order=record).exclude(state=PurchaseOrder.State.CANCELLED)
    rows = list(seen.select_related("supplier").order_by("pk"))
    if not rows or not _knows(user, LABEL, "order", "number", "supplier", "state"):
        return None
    costs = _knows(user, LABEL, "net_total", "total")
    entity = registry[LABEL]
    lines = [
        {
            "purchase": row,
            "url": entity.url("record", row.pk),
            "cost": format_money(row.net_total, row.currency) if costs else "",
        }
        for row in rows
    ]
    context = {"rows": lines, "late": any(row.is_late for row in rows)}
    if costs and _knows(user, "orders.order", "net_total", "total") and count_purchases(record) == len(rows):
        context |= _margin(record, rows)
    return context


def _margin(order: Order, rows: list[PurchaseOrder]) -> dict[str, Any]:
    """What is left of the sales amount; nothing where a rate is missing."""
    day = timezone.localdate()
    cost = Decimal(0)
    rates: dict[str, Decimal | None] = {}
    for row in rows:
        for currency in (row.currency, order.currency):
            if currency not in rates:
                rates[currency] = ExchangeRate.objects.rate_of(currency, day)
        own, theirs = rates[order.currency], rates[row.currency]
        if row.currency == order.currency:
            cost += row.net_total
        elif own and theirs:
            cost += round_money(row.net_total * theirs / own, order.currency)
        else:
            return {"unknown": row.currency}
    left = order.net_total - cost
    share = (100 * left / order.net_total).quantize(Decimal("0.1")) if order.net_total else None
    return {
        "sold": format_money(order.net_total, order.currency),
        "cost": format_money(cost, order.currency),
        "left": format_money(left, order.currency),
        "share": share,
        "loss": left < 0,
        "missing": sum(1 for _line, open_ in lines_left(order) if open_),
    }
