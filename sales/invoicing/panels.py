"""What record pages show of invoices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from crm.access import policy
from crm.entities.bound import knows
from crm.entities.panels import panel
from crm.lib.money import format_money
from customers.models import Account
from sales.contracts.models import Contract
from sales.invoicing.figures import Open, open_amounts
from sales.invoicing.models import Invoice, InvoiceLine
from sales.orders.models import Order

LABEL = "invoicing.invoice"
TEMPLATE = "invoicing/open_amounts.html"


def _may(record: Any, user: Any) -> bool:
    return policy.can(user, LABEL, "view")


@panel("customers.account", slot="side", template=TEMPLATE, order=25, later=_may)
@panel("contracts.contract", slot="side", template=TEMPLATE, order=-10, later=_may)
@panel("orders.order", slot="side", template=TEMPLATE, order=-10, later=_may)
def open_invoicing(record: Account | Contract | Order, user: Any) -> dict | None:
    """Agreed, invoiced and received, and what is open between them."""
    rows = [{"currency": one.currency, "lines": _told(one)} for one in open_amounts(record, user)]
    alone = isinstance(record, Order) and record.contract_id is None
    return {"rows": rows, "several": len(rows) > 1, "alone": alone} if rows else None


def _told(one: Open) -> list[dict[str, Any]]:
    named = (
        (_("Contracted"), one.contracted, False),
        (_("Invoiced"), one.invoiced, False),
        (_("Received"), one.received, False),
        (_("Invoiced, not received"), one.unpaid, True),
        (_("Contracted, not invoiced"), one.unbilled, True),
    )
    return [
        {"label": label, "value": format_money(value, one.currency), "open": is_open and value > 0}
        for label, value, is_open in named
        if value is not None
    ]


@panel(LABEL, slot="side", template="invoicing/credits.html", order=-15)
def credit_notes(record: Invoice, user: Any) -> dict | None:
    """The credit notes of an invoice that the reader sees."""
    if not record.credited or not knows(user, LABEL, "total", "credited"):
        return None
    found = Invoice.objects.restrict(user).filter(original=record, deleted_at__isnull=True).order_by("pk")
    rows = [{"record": row, "total": format_money(row.total, row.currency)} for row in found]
    return {"rows": rows} if rows else None


@panel(LABEL, slot="side", template="invoicing/tax.html", order=-20)
def tax_by_rate(record: Invoice, user: Any) -> dict | None:
    """What it comes to without tax, the tax and the total, a tax rate each."""
    if not knows(user, "invoicing.invoiceline", "net", "tax", "total", "tax_rate") or not knows(user, LABEL, "total"):
        return None
    rows = InvoiceLine.objects.restrict(user).filter(document=record, deleted_at__isnull=True).order_by("tax_rate")
    found = [
        {"rate": f"{Decimal(rate).normalize():f}%"}
        | {
            name: format_money(value, record.currency)
            for name, value in zip(("net", "tax", "total"), sums, strict=True)
        }
        for rate, *sums in rows.values_list("tax_rate").annotate(Sum("net"), Sum("tax"), Sum("total"))
    ]
    return {"rows": found} if found else None
