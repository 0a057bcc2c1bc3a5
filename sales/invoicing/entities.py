"""Invoices, their lines and titles as records."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Action, Entity, View, contribute, register
from customers.models import Account
from sales.catalogue.entities import LINE
from sales.contracts.models import Contract
from sales.contracts.services import FORCE
from sales.invoicing import crediting, requesting, sending, services, titles
from sales.invoicing.forms import CreditForm, IssueForm, ReasonForm, RequestForm, SendForm
from sales.invoicing.models import Invoice, InvoiceLine, InvoiceTitle
from sales.orders.models import Order
from sales.receivables.models import Instalment

State = Invoice.State


def in_state(*states: str) -> Any:
    """Whether an invoice, and no credit note, is in one of these states."""
    return lambda invoice: invoice.state in states and invoice.original_id is None


def is_billable(contract: Contract) -> bool:
    """Whether a contract may be billed: something of it is left."""
    return contract.state in FORCE and requesting.billable(contract) > 0


def is_due_for_invoice(instalment: Instalment) -> bool:
    """Whether an instalment may be billed."""
    return not instalment.void and instalment.contract.state in FORCE and requesting.billable(instalment) > 0


def is_orders_invoice(order: Order) -> bool:
    """Whether an order may be billed."""
    in_force = order.contract is None or order.contract.state in FORCE
    return order.state != Order.State.CANCELLED and in_force and requesting.billable(order) > 0


def among(*states: str) -> dict[str, Any]:
    """The condition of these states."""
    return {"field": "state", "op": "in", "value": list(states)}


@register
class InvoiceTitleEntity(Entity):
    model = InvoiceTitle
    area = "sales"
    slug = "invoicetitles"
    icon = "receipt"
    nav = False
    columns = ("name", "tax_id", "account", "bank", "bank_account", "is_default")
    filters = ("account", "name", "tax_id", "bank", "is_default", "created_at")
    search = {"company": ("name",), "code": ("tax_id",)}
    subtitle = ("tax_id", "account")
    quick = ("account", "name", "tax_id", "address", "phone", "bank", "bank_account", "is_default")
    sections = {
        _("Invoice title"): ("account", "name", "tax_id", "is_default"),
        _("For special invoices"): ("address", "phone", "bank", "bank_account"),
    }
    inline = ("name", "tax_id", "bank", "bank_account")
    keys = ("tax_id",)
    shows_on = {"customers.account": "account"}
    actions = (
        Action(
            "default", _("Make it the default"), titles.make_default, "star", when=lambda title: not title.is_default
        ),
    )

    def new(self, user: Any, initial: Mapping[str, Any]) -> InvoiceTitle:
        """What is known of the account is filled in."""
        pk = str(initial.get("account") or "")
        account = Account.objects.restrict(user).filter(pk=pk).first() if pk.isdecimal() else None
        return titles.proposed(account, user) if account is not None else InvoiceTitle(owner=user)

    def save(self, record: Any, *, actor: Any, **options: Any) -> Any:
        return titles.save_title(record, actor=actor, **options)


@register
class InvoiceEntity(Entity):
    model = Invoice
    area = "sales"
    icon = "file-invoice"
    importable = False
    columns = ("number", "account", "total", "state", "tax_number", "issued_on", "contract", "owner")
    filters = (
        "number", "tax_number", "tax_code", "account", "contract", "order", "instalment", "kind", "state", "total",
        "tax_total", "credited", "received", "settled", "currency", "issued_on", "delivered_on", "buyer_name", "original",
        "beyond", "owner", "department", "created_at",
    )  # fmt: skip
    sortable = {"created_at": "created_at", "total": "total"}
    sums = ("total",)
    search = {"text": ("buyer_name", "note"), "company": ("account__name",), "code": ("number", "tax_number")}
    subtitle = ("account", "total", "tax_number", "owner")
    pills = ("state",)
    quick = ("account", "contract", "order", "title", "kind")
    sections = {
        _("Invoice"): ("number", "kind", "account", "contact", "contract", "order", "instalment", "owner"),
        _("Tax office"): ("tax_number", "tax_code", "issued_on", "delivered_on", "original", "reason"),
        _("Made out to"): ("title", "buyer_name", "buyer_tax_id", "buyer_address", "buyer_bank"),
        _("Money"): (
            "net_total", "tax_total", "total", "currency", "credited", "received", "settled", "beyond", "tax_included",
        ),
        _("State"): ("state", "note"),
    }  # fmt: skip
    inline = ("note", "owner")
    attention = {"all": [among(State.APPROVED)]}
    views = (
        View("to_issue", _("To issue"), {"all": [among(State.APPROVED)]}),
        View(
            "unpaid",
            _("Issued, not paid"),
            {"all": [among(State.ISSUED, State.DELIVERED), {"field": "settled", "op": "is", "value": False},
                     {"field": "original", "op": "empty"}]},
        ),
    )  # fmt: skip
    shows_on = {
        "customers.account": "account", "contracts.contract": "contract", "orders.order": "order",
        "receivables.instalment": "instalment",
    }  # fmt: skip
    verbs = ("beyond",)
    actions = (
        Action("submit", _("Hand in for approval"), services.submit_invoice, "send", when=services.is_request,
               primary=True),
        Action("approve", _("Approve"), services.approve_invoice, "checks", when=services.is_approvable),
        Action(
            "issue", _("Issue"), services.issue_invoice, "file-check", IssueForm, when=in_state(State.APPROVED),
            permission="issue", primary=True, automatic=False,
        ),
        Action(
            "send", _("Send to the customer"), sending.send_invoice, "mail-forward", SendForm,
            when=in_state(State.ISSUED, State.DELIVERED), automatic=False,
        ),
        Action(
            "delivered", _("Mark as delivered"), services.deliver_invoice, "circle-check", when=in_state(State.ISSUED),
            bulk=True,
        ),
        Action(
            "credit", _("Credit note"), crediting.credit_invoice, "receipt-refund", CreditForm,
            when=crediting.can_be_credited, permission="issue", automatic=False,
        ),
        Action(
            "void", _("Make void"), services.void_invoice, "ban", ReasonForm, when=in_state(State.ISSUED),
            permission="issue", danger=True,
        ),
        Action(
            "cancel", _("Cancel the request"), services.cancel_invoice, "ban", ReasonForm,
            when=in_state(*services.OPEN), danger=True,
        ),
    )  # fmt: skip

    def settled(self, record: Invoice) -> Collection[str]:
        return () if record.state == State.REQUESTED else {*self.form_names} - Invoice.FREE


@register
class InvoiceLineEntity(Entity):
    model = InvoiceLine
    area = "sales"
    icon = "list-details"
    nav = False
    importable = False
    columns = ("position", *LINE, "net", "tax", "total", "document")
    filters = ("document", "product", "name", "quantity", "unit_price", "tax_rate", "net", "tax", "total")
    quick = ("document", "product", "quantity", "unit_price", "discount_percent")
    sections = {_("Invoice line"): ("document", "position", *LINE, "note")}
    inline = ("position", "name", "quantity", "unit_price", "discount_percent", "tax_rate")
    sums = ("total",)
    shows_on = {"invoicing.invoice": "document"}


REQUEST = {
    "icon": "file-invoice",
    "form": RequestForm,
    "permission": "view",
    "automatic": False,
    "makes": "invoicing.invoice",
}
NAMED = ("request_invoice", _("Request an invoice"))
contribute("contracts.contract", Action(*NAMED, requesting.request_for_contract, when=is_billable, **REQUEST))
contribute("orders.order", Action(*NAMED, requesting.request_for_order, when=is_orders_invoice, **REQUEST))
contribute(
    "receivables.instalment", Action(*NAMED, requesting.request_for_instalment, when=is_due_for_invoice, **REQUEST)
)
