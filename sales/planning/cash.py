"""Money to come and to go, month by month: what came and went, what is open by its due day, and what the pipeline is worth by chance.

Opportunities with a contract in force are left out: their instalments count already. What is overdue stands in the first month.
Purchase orders count with what is not billed yet, on the day on which the supplier may ask for it. Every number opens its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import DateField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, Greatest, TruncMonth
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.entities.bound import knows
from sales.contracts.models import OWED, Contract
from sales.models import Opportunity
from sales.planning.models import ZERO
from sales.planning.worth import in_yuan
from sales.purchasing.models import Bill, BillPayment, PurchaseOrder
from sales.purchasing.standing import COMING
from sales.querysets import WEIGHTED
from sales.receivables import tallies
from sales.receivables.models import Instalment, Payment, Refund

OPEN = ("pending", "due", "partially_paid", "overdue")
AHEAD, BACK = 6, 3


@dataclass(frozen=True)
class Flow:
    """A kind of money: ``sign`` says whether it comes or goes. Of what is ``open`` the late stands in this month, at the rate of today.

    ``tallied`` names the amount where the database keeps a tally of the rows.
    """

    label: Any
    entity: str
    model: Any
    day: Any
    amount: Any
    kept: Callable[[], Q]
    fields: tuple[str, ...]
    sign: int = 1
    open: bool = False
    currency: str = ""
    about: str = "account"
    linked: tuple[str, ...] = ()
    tallied: str = ""


def _no_contract() -> Q:
    counted = Contract.objects.filter(
        opportunity__isnull=False, opportunity=OuterRef("pk"), deleted_at__isnull=True, state__in=OWED
    )
    return Q(~Exists(counted), state="open")


ASKED = ExpressionWrapper(
    Coalesce("received_on", "expected_on", "ordered_on") + F("supplier__payment_days"), output_field=DateField()
)
FLOWS = {
    "received": Flow(
        _("Received"), "receivables.payment", Payment, F("paid_on"), F("amount"), lambda: Q(state="confirmed"),
        ("amount", "paid_on", "state", "currency"), tallied="amount",
    ),
    "due": Flow(
        _("Instalments open"), "receivables.instalment", Instalment, F("due_key"),
        F("amount") - F("received") - F("written_off"), lambda: Q(state__in=OPEN),
        ("amount", "received", "due_on", "state", "currency"), open=True, linked=("contract",),
        tallied="rest",
    ),
    "weighted": Flow(
        _("Pipeline, weighted"), "sales.opportunity", Opportunity, F("close_date"), WEIGHTED, _no_contract,
        ("amount", "probability", "close_date", "state", "currency"), open=True,
    ),
    "refunded": Flow(
        _("Refunds"), "receivables.refund", Refund, F("refunded_on"), F("amount"),
        lambda: Q(payment__state="confirmed", payment__deleted_at__isnull=True), ("amount", "refunded_on"), -1,
        currency="payment__currency", about="payment", linked=("payment",),
    ),
    "surplus": Flow(
        _("To be paid back"), "receivables.payment", Payment, F("paid_on"), F("amount") - F("allocated") - F("refunded"),
        lambda: Q(
            state="confirmed", amount__gt=F("allocated") + F("refunded"), contract__state="terminated",
            contract__deleted_at__isnull=True,
        ),
        ("amount", "allocated", "refunded", "paid_on", "state", "currency"), -1, open=True,
    ),
    "paid": Flow(
        _("Bills paid"), "purchasing.billpayment", BillPayment, F("paid_on"), F("amount"),
        lambda: Q(bill__deleted_at__isnull=True), ("amount", "paid_on"), -1,
        currency="bill__currency", about="bill", linked=("bill",),
    ),
    "bills": Flow(
        _("Bills to pay"), "purchasing.bill", Bill, F("due_on"), F("amount") - F("paid"),
        lambda: Q(state__in=("open", "partially_paid", "overdue")), ("amount", "paid", "due_on", "state", "currency"), -1,
        open=True, about="supplier",
    ),
    "orders": Flow(
        _("Ordered, not billed"), "purchasing.purchaseorder", PurchaseOrder, ASKED, F("total") - F("billed"),
        lambda: Q(state__in=COMING, total__gt=F("billed")), ("total", "billed", "expected_on", "state", "currency"), -1,
        open=True, about="supplier",
    ),
}  # fmt: skip


@dataclass
class Month:
    """What each flow comes to in a month, in yuan; ``urls`` show the rows."""

    first: date
    sums: dict[str, Decimal] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        """What comes less what goes."""
        return sum((FLOWS[name].sign * amount for name, amount in self.sums.items()), ZERO)

    def cells(self, names: list[str]) -> list[tuple[Decimal, str]]:
        """What each of these comes to, and where its rows are."""
        return [(FLOWS[name].sign * self.sums.get(name, ZERO), self.urls[name]) for name in names]


def may(user: Any) -> bool:
    """Whether the user knows what instalments are due."""
    return "due" in told_to(user)


def told_to(user: Any) -> list[str]:
    """The flows whose rows and figures the user may know."""
    return [name for name, flow in FLOWS.items() if knows(user, flow.entity, *flow.fields)]


def months_around(today: date) -> list[date]:
    """The first days of three months back, this one, and six ahead."""
    at = today.year * 12 + today.month - 1
    return [date(m // 12, m % 12 + 1, 1) for m in range(at - BACK, at + AHEAD + 1)]


def _placed(rows: QuerySet, flow: Flow, today: date) -> QuerySet:
    """Those with a day ``on`` in the months around today, with the month in which they stand."""
    firsts, this = months_around(today), today.replace(day=1)
    month = TruncMonth(Greatest("on", Value(this)) if flow.open else "on", output_field=DateField())
    last = (firsts[-1] + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    rows = rows.filter(on__lte=last) if flow.open else rows.filter(on__range=(firsts[0], last))
    return rows.annotate(of_month=month)


def flow_rows(user: Any, name: str, today: date) -> QuerySet:
    """The rows of a flow that the user sees, from the first month on: ``on``, ``of_month`` and ``worth`` in yuan."""
    flow = FLOWS[name]
    rows = flow.model.objects.restrict(user).filter(flow.kept())
    if flow.currency:
        rows = rows.annotate(currency=F(flow.currency))
    rows = _placed(rows.annotate(on=flow.day), flow, today)
    return rows.annotate(worth=in_yuan(flow.amount, today if flow.open else "on"))


def _summed(user: Any, name: str, today: date) -> Iterator[tuple[date, Decimal]]:
    """What the rows of a flow come to, by month; a month may come twice."""
    flow, rows = FLOWS[name], flow_rows(user, name, today)
    parts = [(rows.exclude(currency="CNY") if flow.tallied else rows, "worth")]
    if flow.tallied:
        kept = tallies.sums(user, flow.model, flow.kept() & Q(currency="CNY"))
        parts += [(_placed(tally.annotate(on=F("day")), flow, today), flow.tallied) for tally in kept]
    for part, worth in parts:
        for row in part.order_by().values("of_month").annotate(sum_of=Sum(worth)):
            yield row["of_month"], row["sum_of"] or ZERO


def outlook(user: Any, today: date) -> list[Month]:
    """Month by month, of each flow that the user may know."""
    found = {first: Month(first) for first in months_around(today)}
    for name in told_to(user):
        for first, amount in _summed(user, name, today):
            sums = found[first].sums
            sums[name] = sums.get(name, ZERO) + amount
    for first, month in found.items():
        asked = {name: urlencode({"flow": name, "month": f"{first:%Y-%m}"}) for name in FLOWS}
        month.urls = {name: f"{reverse('planning:cash_rows')}?{query}" for name, query in asked.items()}
    return list(found.values())


def drawn(months: list[Month], names: list[str], added: list[Decimal | None]) -> dict[str, Any]:
    """The outlook as static/js/charts.js draws it: what comes and goes month by month, and how it adds up."""
    cells = [month.cells(names) for month in months]
    flows = [
        {"name": str(FLOWS[name].label), "data": [{"value": float(row[at][0]), "url": row[at][1]} for row in cells]}
        for at, name in enumerate(names)
    ]
    line = {
        "name": str(_("Added up")),
        "kind": "lines",
        "data": [None if whole is None else float(whole) for whole in added],
    }
    return {
        "kind": "bars", "x": [f"{month.first:%Y-%m}" for month in months], "series": [*flows, line],
        "unit": "CNY", "stacked": True,
    }  # fmt: skip
