"""Credit notes: what of an invoice is taken back, never more than it came to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _

from crm.files.services import store_file
from crm.lib.money import format_money
from crm.records import services as records
from crm.records.actor import Actor
from sales.contracts.making import LINE
from sales.invoicing import kinds
from sales.invoicing.models import Invoice, InvoiceLine
from sales.invoicing.requesting import lines_by_rate
from sales.invoicing.services import LIVE, held, move, must, stamp

State = Invoice.State
COPIED = (
    "account_id", "contact_id", "contract_id", "order_id", "instalment_id", "title_id", "kind", "currency", "owner_id",
    "buyer_name", "buyer_tax_id", "buyer_address", "buyer_bank",
)  # fmt: skip


def can_be_credited(invoice: Invoice) -> bool:
    """Whether something of it can be taken back."""
    return invoice.state in LIVE and invoice.original_id is None and invoice.open_amount > 0


@transaction.atomic
def credit_invoice(
    invoice: Invoice,
    *,
    actor: Actor,
    tax_number: str,
    reason: str,
    amount: Decimal | None = None,
    tax_code: str = "",
    issued_on: date | None = None,
    file: File | None = None,
) -> Invoice:
    """The credit note over the whole of what is left, or over ``amount``. What is credited can be billed anew."""
    invoice = held(invoice)
    must(invoice, *LIVE)
    amount = invoice.open_amount if amount is None else amount
    if not 0 < amount <= invoice.open_amount:
        left = format_money(invoice.open_amount, invoice.currency)
        raise ValidationError({"amount": _("Only %(left)s of it can be credited.") % {"left": left}}, code="over")
    note = Invoice(original=invoice, reason=reason, **{name: getattr(invoice, name) for name in COPIED})
    records.save(note, actor=actor, kind=kinds.REQUESTED)
    records.save_many(_lines(note, invoice, amount), actor=actor)
    note.refresh_from_db()
    Invoice._base_manager.filter(pk=invoice.pk).update(credited=invoice.credited + amount)
    stamp(note, tax_number, tax_code, issued_on)
    move(note, State.ISSUED, kinds.ISSUED, actor=actor)
    if file is not None:
        store_file(file, record=note, actor=actor)
    invoice.refresh_from_db()
    state = invoice.state if invoice.open_amount else State.CREDITED
    move(invoice, state, kinds.CREDITED, actor=actor, reason=reason, note=str(note))
    return note


def _lines(note: Invoice, invoice: Invoice, amount: Decimal) -> list[InvoiceLine]:
    """Of the whole each line, as it was billed; of a part one a tax rate."""
    lines = list(invoice.lines.filter(deleted_at__isnull=True))
    reduced = invoice.discount_percent or invoice.discount_amount
    if amount != invoice.total or reduced or not invoice.tax_included:
        return lines_by_rate(note, lines, -amount, _("Credit of %(invoice)s") % {"invoice": invoice})
    return [
        InvoiceLine(
            document=note,
            owner_id=note.owner_id,
            **{name: getattr(line, name) for name in LINE if name != "quantity"},
            quantity=-line.quantity,
        )
        for line in lines
    ]
