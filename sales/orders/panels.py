"""What record pages show of orders and products."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.panels import panel
from customers.models import Account
from sales.orders.handover import progress
from sales.orders.models import Order
from sales.orders.whitespace import may


@panel("customers.account", slot="side", template="orders/white_space_place.html", order=30)
def white_space(record: Account, user: Any) -> dict | None:
    """The place of what the account has and has not; filled in a second request."""
    return {"url": reverse("orders:white_space", args=[record.pk])} if may(user) else None


@panel("orders.order", slot="side", template="orders/handed_over.html", order=-20)
def handed_over(record: Order, user: Any) -> dict | None:
    """Who delivers it, since when, and how far they are."""
    if record.handed_over_at is None:
        return None
    told = bind(registry["orders.order"], user).texts([record], ("delivery_owner", "kick_off_on"))
    return {"told": told[record.pk], "progress": progress(record)}
