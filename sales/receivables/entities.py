"""Instalments, payments and allocations as records."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Entity, View, register
from sales.receivables.models import Allocation, Instalment, Payment

OPEN = {"field": "state", "op": "in", "value": ["pending", "due", "partially_paid", "overdue"]}


@register
class InstalmentEntity(Entity):
    model = Instalment
    area = "sales"
    icon = "calendar-dollar"
    importable = False
    columns = ("contract", "seq", "name", "amount", "received", "due_on", "state", "account")
    filters = (
        "contract", "account", "seq", "name", "amount", "received", "written_off", "due_on", "event", "state",
        "currency", "contract__owner", "created_at",
    )  # fmt: skip
    sortable = {"created_at": "created_at", "due_on": "due_key"}
    default_sort = "due_on"
    sums = ("amount", "received")
    subtitle = ("account", "amount", "due_on")
    pills = ("state",)
    quick = ("contract", "seq", "name", "amount", "event", "days", "fixed_on")
    sections = {
        _("Instalment"): ("contract", "account", "seq", "name", "ratio", "amount", "currency"),
        _("Due"): ("event", "days", "months", "fixed_on", "due_on", "remind_days"),
        _("Paid"): ("state", "received", "written_off", "note"),
    }
    inline = ("name", "event", "days", "months", "fixed_on", "remind_days")
    views = (
        View("overdue", _("Overdue"), {"all": [{"field": "state", "op": "in", "value": ["overdue"]}]}, "due_on"),
        View("open", _("Open"), {"all": [OPEN]}, "due_on"),
    )
    shows_on = {"contracts.contract": "contract", "customers.account": "account"}


@register
class PaymentEntity(Entity):
    model = Payment
    area = "sales"
    icon = "cash"
    columns = ("number", "account", "amount", "paid_on", "method", "payer", "state", "allocated", "owner")
    filters = (
        "number", "account", "contract", "amount", "allocated", "refunded", "paid_on", "method", "payer", "bank_ref",
        "state", "currency", "owner", "department", "created_at",
    )  # fmt: skip
    sortable = {"created_at": "created_at", "paid_on": "paid_on"}
    sums = ("amount",)
    search = {"text": ("payer",), "company": ("account__name",), "code": ("number", "bank_ref")}
    subtitle = ("account", "amount", "paid_on")
    pills = ("state",)
    quick = ("account", "contract", "paid_on", "amount", "method", "payer", "bank_ref")
    sections = {
        _("Payment"): ("number", "account", "contract", "payer", "owner"),
        _("Money"): ("amount", "currency", "paid_on", "method", "bank_ref"),
        _("State"): ("state", "confirmed_by", "confirmed_at", "allocated", "refunded", "note"),
    }
    shows_on = {"customers.account": "account", "contracts.contract": "contract"}
    keys = ("bank_ref",)


@register
class AllocationEntity(Entity):
    model = Allocation
    area = "sales"
    icon = "arrows-split"
    nav = False
    importable = False
    columns = ("payment", "instalment", "amount", "created_at")
    filters = ("payment", "instalment", "amount", "created_at")
    quick = ("payment", "instalment", "amount")
    sections = {_("Allocation"): ("payment", "instalment", "amount")}
    shows_on = {"receivables.payment": "payment", "receivables.instalment": "instalment"}
