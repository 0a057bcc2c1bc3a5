"""Money to come, month by month: what came, what is open by its due day, and what the pipeline is worth by chance.

Opportunities with a contract in force are left out: their instalments count already. What is overdue stands in the first month.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import DateField, Exists, F, OuterRef, Sum, Value
from django.db.models.functions import Greatest, TruncMonth

from crm.entities.entity import registry
from sales.contracts.models import Contract
from sales.models import Opportunity
from sales.planning.actuals import SIGNED
from sales.planning.models import ZERO
from sales.planning.worth import in_yuan, knows
from sales.querysets import WEIGHTED
from sales.receivables.models import Instalment, Payment

INSTALMENT, PAYMENT, DEALS = "receivables.instalment", "receivables.payment", "sales.opportunity"
OWED = ("pending", "due", "partially_paid", "overdue")
AHEAD, BACK = 6, 3


@dataclass
class Month:
    """What came in a month, what is due in it, and what may come, in yuan."""

    first: date
    received: Decimal = ZERO
    due: Decimal = ZERO
    weighted: Decimal = ZERO
    urls: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        return self.received + self.due + self.weighted


def may(user: Any) -> bool:
    """Whether the user knows what instalments are due."""
    return knows(user, INSTALMENT, "amount", "received", "due_on", "state", "currency")


def _url(label: str, **query: Any) -> str:
    return f"{registry[label].url('list')}?{urlencode(query, doseq=True)}"


def outlook(user: Any, today: date) -> list[Month]:
    """Three months back, this one, and six ahead; three queries."""
    at = today.year * 12 + today.month - 1
    firsts = [date(m // 12, m % 12 + 1, 1) for m in range(at - BACK, at + AHEAD + 1)]
    this = today.replace(day=1)
    last = (firsts[-1] + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    found = {first: Month(first) for first in firsts}
    for first, month in found.items():
        end = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        since = date(1970, 1, 1) if first == this else first
        month.urls = {
            "received": _url(PAYMENT, paid_on__between=f"{first},{end}", state="confirmed"),
            "due": _url(INSTALMENT, due_on__between=f"{since},{end}", state=OWED),
            "weighted": _url(DEALS, close_date__between=f"{since},{end}", state="open"),
        }
    if knows(user, PAYMENT, "amount", "paid_on", "state", "currency"):
        paid = Payment.objects.restrict(user).filter(state="confirmed", paid_on__range=(firsts[0], last))
        for row in _by_month(paid, "paid_on", F("amount") - F("refunded"), "paid_on"):
            found[row["of_month"]].received = row["sum_of"] or ZERO
    owed = Instalment.objects.restrict(user).filter(state__in=OWED, due_on__lte=last)
    for row in _by_month(owed, Greatest("due_on", Value(this)), F("amount") - F("received") - F("written_off"), today):
        found[row["of_month"]].due = row["sum_of"] or ZERO
    if knows(user, DEALS, "amount", "probability", "close_date", "state", "currency"):
        counted = Contract.objects.filter(
            opportunity=OuterRef("pk"), deleted_at__isnull=True, state__in=("approved", *SIGNED)
        )
        deals = Opportunity.objects.restrict(user).filter(~Exists(counted), state="open", close_date__lte=last)
        for row in _by_month(deals, Greatest("close_date", Value(this)), WEIGHTED, today):
            found[row["of_month"]].weighted = row["sum_of"] or ZERO
    return list(found.values())


def _by_month(rows: Any, day: Any, amount: Any, rated_on: Any) -> Any:
    of_month = TruncMonth(day, output_field=DateField())
    return (
        rows.order_by().annotate(of_month=of_month).values("of_month").annotate(sum_of=Sum(in_yuan(amount, rated_on)))
    )
