"""How much may still be billed of what was agreed. The database holds the same (``invoice_within_contract``)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

from crm.access import policy
from crm.lib.money import format_money
from crm.records.actor import Actor
from sales.contracts.models import Contract
from sales.invoicing.models import Invoice
from sales.orders.models import Order

ZERO = Decimal(0)
RIGHT = "beyond"
Whole = Contract | Order


def is_limit(contract: Contract | None) -> bool:
    """Whether a contract says how much there is to bill; a framework leaves that to its orders."""
    return contract is not None and contract.kind != Contract.Kind.FRAMEWORK


def whole_of(invoice: Invoice) -> Whole | None:
    """What an invoice is a part of: its contract, else its order; None: it stands alone."""
    if is_limit(invoice.contract):
        return invoice.contract
    return invoice.order


def counted() -> QuerySet[Invoice]:
    """The invoices that count, from their request on; credit notes below zero."""
    return Invoice._base_manager.filter(deleted_at__isnull=True).exclude(state=Invoice.State.CANCELLED).order_by()


def agreed(whole: Whole) -> Decimal:
    """What there is to bill in all."""
    return whole.amount if isinstance(whole, Contract) else whole.total


def billed(whole: Whole) -> Decimal:
    """What of it is requested or issued already, less what was credited."""
    link = "contract" if isinstance(whole, Contract) else "order"
    return counted().filter(**{link: whole.pk}).aggregate(sum=Sum("total"))["sum"] or ZERO


def left(whole: Whole) -> Decimal:
    """What may still be billed of it."""
    return max(agreed(whole) - billed(whole), ZERO)


def hold(invoices: Iterable[Invoice]) -> None:
    """Lock what these are parts of, contracts first: whoever bills waits for who bills the same."""
    rows = list(invoices)
    for model, ids in ((Contract, {r.contract_id for r in rows}), (Order, {r.order_id for r in rows})):
        wanted = model._base_manager.filter(pk__in=ids - {None}).order_by("pk")
        list(wanted.select_for_update(no_key=True).values_list("pk", flat=True))


def check(ids: Iterable[int], actor: Actor) -> None:
    """Refuse what goes beyond the agreed amount and say what is left; who has the right may, and it is noted.

    A credit note only takes back.
    """
    found = Invoice._base_manager.filter(pk__in=set(ids)).select_related("contract", "order")
    bills = found.filter(Q(contract__isnull=False) | Q(order__isnull=False), beyond=False, original__isnull=True)
    for invoice in bills:
        whole = whole_of(invoice)
        if whole is None or invoice.state == Invoice.State.CANCELLED or invoice.deleted_at is not None:
            continue
        rest = agreed(whole) - billed(whole)
        if rest >= 0:
            continue
        if actor.user is not None and policy.can(actor.user, "invoicing.invoice", RIGHT):
            Invoice._base_manager.filter(pk=invoice.pk).update(beyond=True)
            continue
        raise ValidationError(told(whole, rest + invoice.total), code="over")


def told(whole: Whole, rest: Decimal) -> str:
    """What to say to who wants to bill too much."""
    words = {"whole": whole, "left": format_money(max(rest, ZERO), whole.currency)}
    return _("Only %(left)s of “%(whole)s” are left to invoice.") % words
