"""Asking for an invoice of what is there already: of a contract, an order, an instalment. Nothing is typed twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from crm.access import policy
from crm.records import services as records
from crm.records.actor import Actor
from sales.catalogue.arithmetic import share
from sales.catalogue.models import PricedLine
from sales.contracts.making import DOCUMENT, copy_lines
from sales.contracts.models import Contract
from sales.invoicing import kinds, limits, titles
from sales.invoicing.models import Invoice, InvoiceLine, InvoiceTitle
from sales.invoicing.services import submit_invoice
from sales.orders.models import Order
from sales.receivables.models import Instalment

LABEL = "invoicing.invoice"
RATE = Decimal(13)
ZERO = Decimal(0)


def request_for_contract(contract: Contract, *, actor: Actor, **values: Any) -> Invoice:
    """Bill what of a contract is left."""
    return _request(contract, actor=actor, contract=contract, **values)


def request_for_order(order: Order, *, actor: Actor, **values: Any) -> Invoice:
    """Bill what of an order is left: of its contract, where it has one."""
    whole = whole_of(order)
    return _request(whole, actor=actor, order=order, contract=order.contract, **values)


def request_for_instalment(instalment: Instalment, *, actor: Actor, **values: Any) -> Invoice:
    """Bill an instalment."""
    contract = instalment.contract
    return _request(contract, actor=actor, contract=contract, instalment=instalment, **values)


def whole_of(order: Order) -> Contract | Order:
    """What limits an invoice of an order."""
    return order.contract if limits.is_limit(order.contract) else order


def billable(record: Contract | Order | Instalment) -> Decimal:
    """What an invoice of it would come to."""
    if isinstance(record, Instalment):
        own = limits.counted().filter(instalment=record).aggregate(sum=Sum("total"))["sum"] or ZERO
        return ZERO if record.void else max(min(record.amount - own, limits.left(record.contract)), ZERO)
    return limits.left(whole_of(record) if isinstance(record, Order) else record)


@transaction.atomic
def _request(
    whole: Contract | Order,
    *,
    actor: Actor,
    contract: Contract | None = None,
    order: Order | None = None,
    instalment: Instalment | None = None,
    amount: Decimal | None = None,
    title: InvoiceTitle | None = None,
    kind: str = "",
    note: str = "",
    submission: str = "",
) -> Invoice:
    """The request, handed in; the same ``submission`` again is the same one. Whoever bills the same waits for the lock."""
    if actor.user is not None and not policy.can(actor.user, LABEL, "add"):
        raise PermissionDenied(_("You may not request invoices."))
    whole = type(whole)._base_manager.select_for_update(no_key=True).get(pk=whole.pk)
    if submission and (there := Invoice._base_manager.filter(submission=submission).first()):
        return there
    rest = billable(instalment or order or whole)
    amount = rest if amount is None else amount
    may = actor.user is not None and policy.can(actor.user, LABEL, limits.RIGHT)
    if amount <= 0 or (amount > rest and not may):
        raise ValidationError({"amount": _too_much(whole, instalment, rest)}, code="over")
    title = title or titles.title_for(whole.account, actor=actor)
    invoice = Invoice(
        owner_id=whole.owner_id,
        account_id=whole.account_id,
        contact_id=getattr(whole, "contact_id", None),
        contract=contract,
        order=order,
        instalment=instalment,
        title=title,
        kind=kind or (Invoice.Kind.SPECIAL if title.tax_id else Invoice.Kind.ORDINARY),
        currency=whole.currency,
        note=note,
        submission=submission,
    )
    copied = list(whole.lines.filter(deleted_at__isnull=True))
    wholly = instalment is None and bool(copied) and amount == whole.total and not limits.billed(whole)
    if wholly:
        for name in DOCUMENT:
            setattr(invoice, name, getattr(whole, name))
    records.save(invoice, actor=actor, kind=kinds.REQUESTED)
    name = _named(whole, instalment)
    lines = copy_lines(copied, invoice, InvoiceLine) if wholly else lines_by_rate(invoice, copied, amount, name)
    records.save_many(lines, actor=actor)
    invoice.refresh_from_db()
    return submit_invoice(invoice, actor=actor, note=note)


def _too_much(whole: Contract | Order, instalment: Instalment | None, rest: Decimal) -> str:
    if rest <= 0:
        return _("Everything of “%(whole)s” is invoiced already.") % {"whole": instalment or whole}
    return limits.told(instalment or whole, rest)


def _named(whole: Contract | Order, instalment: Instalment | None) -> str:
    part = f" {instalment}" if instalment is not None else ""
    return f"{whole.title or whole.number}{part}"[:300]


def lines_by_rate(invoice: Invoice, lines: Iterable[PricedLine], amount: Decimal, name: str) -> list[InvoiceLine]:
    """An amount with tax as one line a tax rate, shared as the lines of the whole are; without lines at the usual rate.

    An amount below zero makes lines of a credit note.
    """
    weights: dict[Decimal, Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        weights[line.tax_rate] += abs(line.total)
    rates = sorted(weights) or [RATE]
    parts = share(abs(amount), [weights[rate] for rate in rates], invoice.currency)
    return [
        InvoiceLine(
            document=invoice,
            owner_id=invoice.owner_id,
            position=10 * place,
            name=name,
            quantity=-1 if amount < 0 else 1,
            unit_price=part,
            tax_rate=rate,
        )
        for place, (rate, part) in enumerate(zip(rates, parts, strict=True), 1)
        if part
    ]
