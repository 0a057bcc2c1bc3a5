"""Bills and their payments as records."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Action, Entity, View, register
from sales.purchasing import billing
from sales.purchasing.forms import BillPaymentForm, ReasonForm
from sales.purchasing.models import Bill, BillPayment
from sales.purchasing.standing import STANDS

OPEN = {"field": "state", "op": "in", "value": ["open", "partially_paid", "overdue"]}
OVERDUE = {"field": "state", "op": "in", "value": ["overdue"]}


def is_open(bill: Bill) -> bool:
    """Whether something of it is still to be paid."""
    return bill.open_amount > 0


@register
class BillEntity(Entity):
    model = Bill
    area = "purchasing"
    icon = "file-invoice"
    importable = False
    columns = ("number", "supplier", "purchase", "amount", "paid", "billed_on", "due_on", "state", "owner")
    filters = (
        "number", "supplier", "purchase", "amount", "paid", "currency", "billed_on", "due_on", "state", "void",
        "supplier__code", "supplier__tax_id", "owner", "department", "created_at",
    )  # fmt: skip
    sortable = {"created_at": "created_at", "due_on": "due_key"}
    default_sort = "due_on"
    sums = ("amount", "paid")
    search = {"company": ("supplier__name",), "code": ("number",)}
    subtitle = ("supplier", "amount", "due_on")
    pills = ("state",)
    quick = ("purchase", "number", "billed_on", "amount", "due_on")
    sections = {
        _("Bill"): ("number", "supplier", "purchase", "billed_on", "due_on", "owner"),
        _("Money"): ("amount", "currency", "paid", "state", "void", "note"),
    }
    inline = ("number", "due_on", "note")
    views = (
        View("open", _("To be paid"), {"all": [OPEN]}, "due_on"),
        View("overdue", _("Overdue"), {"all": [OVERDUE]}, "due_on"),
    )
    attention = {"all": [OVERDUE]}
    shows_on = {"purchasing.supplier": "supplier", "purchasing.purchaseorder": "purchase"}
    actions = (
        Action(
            "pay", _("Pay"), billing.settle_bill, "cash", BillPaymentForm, when=is_open, permission="pay",
            makes="purchasing.billpayment", primary=True, automatic=False,
        ),
        Action(
            "void", _("Declare void"), billing.void_bill, "ban", ReasonForm, danger=True,
            when=lambda bill: not bill.void and not bill.paid,
        ),
    )  # fmt: skip

    def link_rows(self, name: str, rows: QuerySet) -> QuerySet:
        """What was placed can be billed."""
        return rows.filter(state__in=STANDS) if name == "purchase" else rows


@register
class BillPaymentEntity(Entity):
    model = BillPayment
    area = "purchasing"
    slug = "billpayments"
    icon = "cash-banknote"
    nav = False
    importable = False
    columns = ("bill", "amount", "paid_on", "method", "bank_ref", "owner")
    filters = ("bill", "amount", "paid_on", "method", "bank_ref", "created_at")
    quick = ("bill", "amount", "paid_on", "method", "bank_ref")
    sections = {_("Payment of a bill"): ("bill", "amount", "paid_on", "method", "bank_ref", "note", "owner")}
    inline = ("bank_ref", "note")
    sums = ("amount",)
    shows_on = {"purchasing.bill": "bill"}
