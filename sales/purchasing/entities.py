"""Purchase orders, their lines and what came, as records; bills and suppliers have files of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access import policy
from crm.entities.entity import Action, Entity, View, contribute, register
from crm.lib.money import format_money
from sales.catalogue.editor import lines_page
from sales.catalogue.entities import LINE
from sales.contracts.forms import NoteForm
from sales.orders.models import Order
from sales.purchasing import billing, making, services
from sales.purchasing.bill_entities import BillEntity  # noqa: F401 - registers itself
from sales.purchasing.forms import BillForm, PlaceForm, PurchaseForm, ReasonForm, ReceiveForm
from sales.purchasing.models import GoodsReceipt, PurchaseOrder, PurchaseOrderLine
from sales.purchasing.standing import COMING, STANDS
from sales.purchasing.supplier_entities import SupplierEntity  # noqa: F401 - registers itself

State = PurchaseOrder.State


def stands(*states: str) -> Callable[[PurchaseOrder], bool]:
    """Whether an order is in one of these states."""
    return lambda purchase: purchase.state in states


def is_billable(purchase: PurchaseOrder) -> bool:
    """Whether something of it is still to be billed; more than that is entered among its bills, by who may."""
    return purchase.state in STANDS and purchase.unbilled > 0


def in_states(*states: str) -> dict[str, Any]:
    """The condition of a view."""
    return {"all": [{"field": "state", "op": "in", "value": [str(one) for one in states]}]}


@register
class PurchaseOrderEntity(Entity):
    model = PurchaseOrder
    area = "purchasing"
    slug = "purchaseorders"
    icon = "shopping-cart"
    columns = ("number", "title", "supplier", "state", "total", "billed", "expected_on", "order", "owner", "created_at")
    filters = (
        "number", "title", "supplier", "order", "opportunity", "state", "total", "net_total", "tax_total", "billed",
        "paid", "overbilled", "currency", "ordered_on", "expected_on", "received_on", "supplier__code", "owner",
        "department", "created_at", "updated_at",
    )  # fmt: skip
    sortable = {"created_at": "created_at", "total": "total"}
    sums = ("total", "billed", "paid")
    search = {"text": ("title",), "company": ("supplier__name",), "code": ("number",)}
    subtitle = ("supplier", "total", "owner")
    pills = ("state",)
    quick = ("supplier", "title", "order", "opportunity", "expected_on", "currency")
    sections = {
        _("Purchase order"): ("number", "title", "supplier", "order", "opportunity", "owner"),
        _("Delivery"): ("state", "ordered_on", "expected_on", "received_on", "ship_to", "reason"),
        _("Money"): (
            "currency", "tax_included", "discount_percent", "discount_amount", "net_total", "tax_total", "total",
            "billed", "paid", "overbilled",
        ),
        _("Texts"): ("terms", "note"),
    }  # fmt: skip
    inline = ("title", "expected_on", "owner")
    views = (
        View("coming", _("On their way"), in_states(State.ORDERED, State.PARTIAL)),
        View("to_order", _("To be ordered"), in_states(State.APPROVED)),
    )
    shows_on = {"purchasing.supplier": "supplier", "orders.order": "order", "sales.opportunity": "opportunity"}
    verbs = ("overbill",)
    actions = (
        Action(
            "lines", _("Edit lines"), services.stay, "list-details", when=stands(State.DRAFT), page=lines_page,
            primary=True, automatic=False,
        ),
        Action(
            "submit", _("Hand in for approval"), services.submit_purchase, "send", NoteForm,
            when=services.is_draft, primary=True,
        ),
        Action("approve", _("Approve"), services.approve_purchase, "checks", when=services.is_approvable),
        Action(
            "place", _("Mark as ordered"), services.place_purchase, "shopping-cart", PlaceForm,
            when=stands(State.APPROVED), primary=True,
        ),
        Action(
            "receive", _("Receive goods"), services.receive_goods, "package-import", ReceiveForm,
            when=stands(State.ORDERED, State.PARTIAL), primary=True, automatic=False,
        ),
        Action(
            "bill", _("Enter a bill"), billing.enter_bill, "file-invoice", BillForm, permission="bill",
            when=is_billable, makes="purchasing.bill", primary=True, automatic=False,
        ),
        Action(
            "reopen", _("Back to draft"), services.reopen_purchase, "arrow-back-up", when=stands(State.APPROVED),
        ),
        Action(
            "close", _("Close"), services.close_purchase, "flag-check", when=stands(State.PARTIAL, State.RECEIVED),
        ),
        Action(
            "cancel", _("Cancel the order"), services.cancel_purchase, "ban", ReasonForm,
            when=stands(State.DRAFT, State.APPROVING, State.APPROVED, State.ORDERED), danger=True,
        ),
    )  # fmt: skip

    def figures(self, record: PurchaseOrder, user: Any) -> list[dict]:
        """What it comes to, and what of it is billed and paid."""
        named = {"total": gettext("Total"), "billed": gettext("Billed"), "paid": gettext("Paid so far")}
        free = {None, policy.Mode.READ}
        return [
            {"label": label, "value": format_money(getattr(record, name), record.currency)}
            for name, label in named.items()
            if policy.field_mode(user, [(self.label, name)]) in free
        ]


@register
class PurchaseOrderLineEntity(Entity):
    model = PurchaseOrderLine
    area = "purchasing"
    slug = "purchaseorderlines"
    icon = "list-details"
    nav = False
    columns = ("position", *LINE, "received", "total", "document")
    filters = ("document", "product", "name", "quantity", "received", "unit_price", "total")
    quick = ("document", "product", "quantity", "unit_price", "discount_percent")
    sections = {_("Purchase order line"): ("document", "position", *LINE, "received", "over", "order_line", "note")}
    inline = ("position", "name", "quantity", "unit_price", "discount_percent", "tax_rate")
    sums = ("total",)
    shows_on = {"purchasing.purchaseorder": "document"}


@register
class GoodsReceiptEntity(Entity):
    model = GoodsReceipt
    area = "purchasing"
    slug = "receipts"
    icon = "package-import"
    nav = False
    importable = False
    columns = ("document", "line", "quantity", "received_on", "owner", "over", "note")
    filters = ("document", "line", "quantity", "received_on", "owner", "over", "created_at")
    quick = ("line", "quantity", "received_on", "over", "note")
    sections = {_("Goods receipt"): ("document", "line", "quantity", "received_on", "owner", "over", "note")}
    inline = ("quantity", "received_on", "note")
    shows_on = {"purchasing.purchaseorder": "document"}

    def link_rows(self, name: str, rows: QuerySet) -> QuerySet:
        """Goods come for orders that were placed."""
        return rows.filter(document__state__in=COMING) if name == "line" else rows


contribute(
    "orders.order",
    Action(
        "purchase", _("Purchase"), making.purchase_lines, "shopping-cart", PurchaseForm, permission="purchase",
        when=lambda order: order.state != Order.State.CANCELLED, makes="purchasing.purchaseorder", automatic=False,
    ),
)  # fmt: skip
