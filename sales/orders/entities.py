"""Orders, their lines and what customers have, as records."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.entities.entity import Action, Entity, View, register
from sales.catalogue.entities import LINE
from sales.orders import handover, services
from sales.orders.forms import DeliverForm, HandOverForm, ReasonForm
from sales.orders.models import CustomerProduct, Order, OrderLine

State = Order.State


def is_open(order: Order) -> bool:
    """Whether something is still to be delivered."""
    return order.state in services.OPEN


@register
class OrderEntity(Entity):
    model = Order
    area = "sales"
    icon = "truck-delivery"
    columns = ("number", "title", "account", "contract", "total", "state", "deliver_by", "owner", "created_at")
    filters = (
        "number", "title", "account", "contract", "opportunity", "state", "total", "currency", "ordered_on",
        "deliver_by", "delivered_on", "owner", "department", "created_at", "updated_at",
    )  # fmt: skip
    sortable = {"created_at": "created_at", "total": "total"}
    sums = ("total",)
    search = {"text": ("title",), "company": ("account__name",), "code": ("number",)}
    subtitle = ("account", "total", "owner")
    pills = ("state",)
    quick = ("account", "contract", "title", "ordered_on", "deliver_by")
    sections = {
        pgettext_lazy("sale", "Order"): ("number", "title", "account", "contract", "opportunity", "owner"),
        _("Delivery"): ("state", "ordered_on", "deliver_by", "delivered_on", "ship_to"),
        _("Money"): ("currency", "tax_included", "discount_percent", "discount_amount", "total"),
        _("Handed over"): ("delivery_owner", "kick_off_on", "handed_over_at"),
        _("More"): ("note",),
    }
    inline = ("title", "deliver_by", "owner")
    actions = (
        Action(
            "deliver", _("Deliver"), services.deliver, "package-export", DeliverForm, when=is_open, primary=True,
            automatic=False,
        ),
        Action(
            "hand_over", _("Hand over for delivery"), handover.hand_over, "transfer", HandOverForm,
            when=lambda order: order.handed_over_at is None and is_open(order),
        ),
        Action(
            "close", _("Close"), services.close_order, "flag-check",
            when=lambda order: order.state in (State.FULFILLING, State.DELIVERED),
        ),
        Action(
            "cancel", _("Cancel the order"), services.cancel_order, "ban", ReasonForm,
            when=lambda order: order.state == State.CONFIRMED, danger=True,
        ),
    )  # fmt: skip
    views = (
        View(
            "open",
            _("To deliver"),
            {"all": [{"field": "state", "op": "in", "value": ["confirmed", "fulfilling"]}]},
        ),
    )
    shows_on = {
        "customers.account": "account",
        "contracts.contract": "contract",
        "sales.opportunity": "opportunity",
    }


@register
class OrderLineEntity(Entity):
    model = OrderLine
    area = "sales"
    icon = "list-details"
    nav = False
    columns = ("position", *LINE, "delivered", "total", "document")
    filters = ("document", "product", "name", "quantity", "delivered", "unit_price", "total")
    quick = ("document", "product", "quantity", "unit_price", "discount_percent")
    sections = {_("Order line"): ("document", "position", *LINE, "delivered", "note")}
    inline = ("position", "name", "quantity", "unit_price", "discount_percent", "tax_rate")
    sums = ("total",)
    shows_on = {"orders.order": "document"}


@register
class CustomerProductEntity(Entity):
    model = CustomerProduct
    area = "sales"
    slug = "customerproducts"
    icon = "devices"
    columns = ("account", "product", "quantity", "serial", "since", "until", "state", "owner")
    filters = (
        "account", "product", "quantity", "serial", "since", "until", "state", "contract", "owner", "department",
        "created_at",
    )  # fmt: skip
    search = {"text": ("product__name",), "company": ("account__name",), "code": ("serial",)}
    subtitle = ("account", "until")
    pills = ("state",)
    quick = ("account", "product", "quantity", "serial", "since", "until")
    sections = {
        _("Customer’s product"): ("account", "product", "quantity", "serial", "contract", "owner"),
        _("Time"): ("since", "until", "state", "note"),
    }
    inline = ("quantity", "serial", "since", "until", "state")
    bulk_edit = ("until", "state")
    shows_on = {"customers.account": "account", "catalogue.product": "product", "contracts.contract": "contract"}
