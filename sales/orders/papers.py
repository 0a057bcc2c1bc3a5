"""What delivery notes may name: what was ordered, what went out and what is left; no prices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.utils import timezone

from crm.documents.printing import Values, paper
from crm.documents.verbs import offers_paper
from sales.catalogue.pricing import plain
from sales.orders.models import Order, OrderLine
from sales.quotes.papers import ask_fields, lines_of, told_of

LABEL, LINE = "orders.order", "orders.orderline"
TOLD = (
    (LABEL, "title"),
    (LABEL, "account"),
    (LABEL, "contract"),
    (LABEL, "ship_to"),
    (LINE, "name"),
    (LINE, "quantity"),
    (LINE, "delivered"),
)


def values_of(order: Order, user: Any) -> Values:
    """The values of an order. PermissionDenied for who may not know what is delivered."""
    ask_fields(user, TOLD)
    customer = told_of(order.account, user, "name", "phone", "address")
    sender = order.delivery_owner or order.owner
    return {
        "order": {
            "number": order.number,
            "title": order.title,
            "date": (order.delivered_on or timezone.localdate()).isoformat(),
            "contract": order.contract.number if order.contract else "",
            "ship_to": order.ship_to or customer["address"],
        },
        "customer": customer,
        "sender": {"name": sender.name or sender.username, "mobile": sender.mobile},
        "lines": [_line(line) for line in lines_of(order)],
    }


def _line(line: OrderLine) -> Values:
    return {
        "name": line.name,
        "spec": line.product.spec if line.product else "",
        "note": line.note,
        "unit": line.unit,
        "quantity": plain(line.quantity),
        "delivered": plain(line.delivered),
        "left": plain(line.quantity - line.delivered),
    }


def sample() -> Values:
    """A made-up delivery note."""
    rows = [
        ("立式多级离心泵", "CDLF32-80，Q=32 m³/h，H=122 m", "台", "4", "2", "2"),
        ("变频控制柜", "一拖四，含触摸屏", "套", "1", "1", "0"),
    ]
    names = ("name", "spec", "unit", "quantity", "delivered", "left")
    return {
        "order": {
            "number": "DD2026000001", "title": "二期泵房改造", "date": "2026-12-20", "contract": "HT2026000001",
            "ship_to": "浙江省宁波市鄞州区科技路 88 号 2 号仓",
        },
        "customer": {"name": "宁波远山机械有限公司", "phone": "0574-87000000"},
        "sender": {"name": "林晓", "mobile": "13900000000"},
        "lines": [dict(zip(names, row, strict=True), note="") for row in rows],
    }  # fmt: skip


paper(LABEL, values_of, sample, Path(__file__).parent / "paper")
offers_paper(LABEL)
