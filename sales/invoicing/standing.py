"""What of invoices is paid: worked out from what their instalments received, here and nowhere else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal

from django.db.models import Min, Q, Sum

from sales.invoicing.models import Invoice
from sales.invoicing.services import LIVE
from sales.receivables.models import Instalment
from sales.receivables.standing import fact, own_fact

ZERO = Decimal(0)
COLUMNS = ("received", "settled")


def live() -> Q:
    """Invoices that are out; one taken back as a whole is not."""
    return Q(state__in=LIVE, deleted_at__isnull=True, original__isnull=True)


@fact(Instalment.Event.INVOICE)
def invoiced(contracts: Collection[int]) -> dict[int, date]:
    """The day of the first invoice that is over no instalment alone."""
    rows = Invoice._base_manager.filter(live(), contract__in=contracts, instalment__isnull=True).order_by()
    return dict(rows.values_list("contract").annotate(Min("issued_on")))


@own_fact(Instalment.Event.INVOICE)
def invoiced_alone(instalments: Collection[int]) -> dict[int, date]:
    """The day of the first invoice over the instalment itself."""
    rows = Invoice._base_manager.filter(live(), instalment__in=instalments).order_by()
    return dict(rows.values_list("instalment").annotate(Min("issued_on")))


def settle(contracts: Iterable[int]) -> None:
    """What was received pays the invoice of its instalment first; what is over pays the other invoices, the oldest first."""
    ids = set(contracts) - {None}
    counted = live() | Q(received__gt=0) | Q(settled=True)  # also what is out no more, and was paid
    found = Invoice._base_manager.select_for_update().filter(counted, contract__in=ids).order_by("pk")
    invoices: dict[int, list[Invoice]] = defaultdict(list)
    for row in found:
        invoices[row.contract_id].append(row)
    if not invoices:
        return
    received: dict[int, dict[int, Decimal]] = defaultdict(dict)
    rows = Instalment._base_manager.filter(contract__in=invoices, deleted_at__isnull=True).order_by()
    for contract, pk, amount in rows.values_list("contract", "pk").annotate(Sum("received")):
        received[contract][pk] = amount
    moved = [row for contract, group in invoices.items() for row in _paid(group, received[contract])]
    Invoice._base_manager.bulk_update(moved, COLUMNS, batch_size=500)


def _paid(invoices: list[Invoice], received: dict[int, Decimal]) -> list[Invoice]:
    """The invoices of a contract that changed."""
    moved = []
    for row in sorted(invoices, key=lambda one: (one.instalment_id is None, one.issued_on or date.max, one.pk)):
        sources = [row.instalment_id] if row.instalment_id else list(received)
        due = row.open_amount if row.state in LIVE else ZERO
        left = due
        for pk in sources:
            part = min(left, received.get(pk, ZERO))
            received[pk] = received.get(pk, ZERO) - part
            left -= part
        values = (due - left, due > left == 0)
        if values != (row.received, row.settled):
            row.received, row.settled = values
            moved.append(row)
    return moved
