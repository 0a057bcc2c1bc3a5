"""From the quote to the money: plan and receipts, what is late, how long it takes, what is sold. Every number opens its rows.

The conditions here and those in the addresses must say the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import (
    Aggregate,
    Count,
    DateField,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    Q,
    QuerySet,
    Sum,
)
from django.db.models.functions import TruncDate, TruncMonth
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.filters import PERIODS
from analytics.sales import month_span, shown
from crm.approvals.models import ApprovalInstance
from crm.entities.bound import knows
from crm.entities.entity import registry
from crm.fields.periods import days_of, span
from sales.catalogue.models import ProductCategory
from sales.contracts.models import SIGNED, Contract, ContractLine
from sales.receivables import ageing, tallies
from sales.receivables.models import Instalment, Payment

INSTALMENT, PAYMENT = "receivables.instalment", "receivables.payment"
CONTRACT, LINE = "contracts.contract", "contracts.contractline"
OFFERED = {name: PERIODS[name] for name in ("this_quarter", "this_year", "last_year")}
OWED = ("due", "partially_paid", "overdue")
MONTHS_BACK = 3
MOST = 12
TOOK = ExpressionWrapper(F("ended_at") - F("made_at"), DurationField())


class Median(Aggregate):
    """The middle value, as a number of days where it is of durations."""

    function = "percentile_cont"
    template = "extract(epoch from %(function)s(0.5) within group (order by %(expressions)s)) / 86400"
    output_field = FloatField()


@dataclass
class Sums:
    """How many rows, and how much of each currency; ``url`` shows them."""

    count: int = 0
    of: dict[str, Decimal] = field(default_factory=dict)
    url: str = ""

    def add(self, row: Mapping[str, Any]) -> None:
        """Count a grouped row with ``count``, ``currency`` and ``total``."""
        self.count += row["count"]
        self.of[row["currency"]] = self.of.get(row["currency"], Decimal(0)) + row["total"]

    def __str__(self) -> str:
        return shown(self.of) or "–"


@dataclass(frozen=True)
class Duration:
    """A median of so many, in days."""

    label: Any
    count: int
    days: float | None
    url: str


def address(label: str, **query: Any) -> str:
    """The list of an entity under these conditions."""
    return f"{registry[label].url('list')}?{urlencode(query, doseq=True)}"


def may(user: Any) -> bool:
    """Whether there is anything here for the user."""
    return knows(user, INSTALMENT, "amount", "due_on", "state", "currency")


class MoneyBoard:
    """The numbers of one reader over a period, as far as they know what makes them."""

    def __init__(self, user: Any, chosen: str, today: date) -> None:
        self.user, self.today = user, today
        self.period = chosen if chosen in OFFERED else "this_year"
        named = "this_year" if self.period == "last_year" else self.period
        self.days = span(named, date(today.year - 1, 1, 1) if self.period == "last_year" else today)

    @property
    def _between(self) -> str:
        return "{},{}".format(*self.days)

    def _grouped(self, model: Any, where: Q, *names: str, total: str = "amount", **named: Any) -> Iterator[dict]:
        """Rows of ``names``, ``currency``, ``count`` and ``total`` of what the reader sees; a key may come twice, add them up."""
        for rows in tallies.sums(self.user, model, where):
            grouped = rows.order_by().annotate(**named).values(*names, "currency")
            yield from grouped.annotate(count=Sum("records"), total=Sum(total)).exclude(count=0)

    @cached_property
    def months(self) -> list[tuple[str, Sums, Sums]]:
        """By month what was to come by plan, and what finance confirmed that came."""
        found = {
            first: (Sums(url=self._planned_url(first)), Sums(url=self._paid_url(first))) for first in self._firsts()
        }
        within, month = Q(day__range=self.days), TruncMonth("day")
        for row in self._grouped(Instalment, within & ~Q(state="void"), "month", month=month):
            found[row["month"]][0].add(row)
        if self.knows_payments:
            for row in self._grouped(Payment, within & Q(state="confirmed"), "month", month=month):
                found[row["month"]][1].add(row)
        return [(f"{first:%Y-%m}", *pair) for first, pair in found.items()]

    @cached_property
    def knows_payments(self) -> bool:
        """Whether the reader may know what came in."""
        return knows(self.user, PAYMENT, "amount", "paid_on", "state", "currency")

    def _firsts(self) -> Iterator[date]:
        first, last = self.days
        while first <= last:
            yield first
            first = month_span(first)[1] + timedelta(days=1)

    def _planned_url(self, first: date) -> str:
        between = "{},{}".format(*month_span(first))
        states = [state for state in Instalment.State.values if state != "void"]
        return address(INSTALMENT, due_on__between=between, state=states)

    def _paid_url(self, first: date) -> str:
        return address(PAYMENT, paid_on__between="{},{}".format(*month_span(first)), state="confirmed")

    @cached_property
    def ageing(self) -> list[tuple[str, Sums]]:
        """What is overdue, by the days since it was due."""
        found = []
        for band in ageing.bands(self.user, self.today):
            between = "{},{}".format(*band.days)
            sums = Sums(band.count, band.of, address(INSTALMENT, state="overdue", due_on__between=between))
            found.append((band.label, sums))
        return found

    @cached_property
    def outstanding(self) -> list[dict[str, Any]]:
        """Days sales outstanding by currency: what is owed of what fell due, as days of what fell due lately.

        DSO = owed / fallen due in the last three whole months × their days, the count-back formula's common short form.
        None where nothing fell due.
        """
        owed: dict[str, Decimal] = defaultdict(Decimal)
        for row in self._grouped(Instalment, Q(state__in=OWED, day__lte=self.today), total="rest"):
            owed[row["currency"]] += row["total"]
        at = self.today.year * 12 + self.today.month - 1 - MONTHS_BACK
        first, end = date(at // 12, at % 12 + 1, 1), self.today.replace(day=1)
        fell: dict[str, Decimal] = defaultdict(Decimal)
        for row in self._grouped(Instalment, Q(day__gte=first, day__lt=end) & ~Q(state="void")):
            fell[row["currency"]] += row["total"]
        url = address(INSTALMENT, state=OWED, due_on__between=f"{date(1970, 1, 1)},{self.today}")
        return [
            {
                "owed": shown({currency: amount}),
                "days": round(amount / fell[currency] * (end - first).days) if fell[currency] else None,
                "url": url,
            }
            for currency, amount in sorted(owed.items(), key=lambda one: -one[1])
            if amount
        ]

    @cached_property
    def durations(self) -> list[Duration]:
        """How long the way took, for contracts signed in the period."""
        if not knows(self.user, CONTRACT, "state", "signed_on"):
            return []
        rows = Contract.objects.restrict(self.user).filter(deleted_at__isnull=True, signed_on__range=self.days)
        made = ExpressionWrapper(
            F("signed_on") - TruncDate("quote__created_at", output_field=DateField()), DurationField()
        )
        quoted_url = address(CONTRACT, signed_on__between=self._between, quote__filled=1)
        quoted = rows.filter(quote__isnull=False).aggregate(count=Count("pk"), days=Median(made))
        passed_url = f"{reverse('analytics:approvals')}?{urlencode({'period': self.period})}"
        passed = self.approvals.aggregate(count=Count("pk"), days=Median(TOOK))
        found = (
            Duration(gettext_lazy("From quote to signature"), quoted["count"], quoted["days"], quoted_url),
            Duration(gettext_lazy("Approval of a contract"), passed["count"], passed["days"], passed_url),
        )
        return [one for one in found if one.count]

    @property
    def approvals(self) -> QuerySet:
        """Approvals of contracts that the reader sees, given in the period."""
        seen = Contract.objects.restrict(self.user)
        given = ApprovalInstance.objects.filter(entity=CONTRACT, state="approved", record_id__in=seen.values("pk"))
        first, end = days_of(*self.days)
        return given.filter(ended_at__gte=first, ended_at__lt=end)

    @cached_property
    def mix(self) -> list[tuple[str, Sums]]:
        """What was sold under contracts signed in the period, by product category; the most first."""
        if not knows(self.user, LINE, "total", "product__category", "document__signed_on", "document__state"):
            return []
        rows = ContractLine.objects.restrict(self.user).filter(
            deleted_at__isnull=True,
            document__deleted_at__isnull=True,
            document__state__in=SIGNED,
            document__signed_on__range=self.days,
        )
        found: dict[int | None, Sums] = {}
        asked = {"document__signed_on__between": self._between, "document__state": SIGNED}
        grouped = rows.order_by().values("product__category", currency=F("document__currency"))
        for row in grouped.annotate(count=Count("pk"), total=Sum("total")):
            pk = row["product__category"]
            of = {"product__category": pk} if pk else {"product__category__empty": 1}
            found.setdefault(pk, Sums(url=address(LINE, **asked, **of))).add(row)
        names = ProductCategory.objects.in_bulk([pk for pk in found if pk])
        labelled = [(names[pk].name if pk else _("Without"), sums) for pk, sums in found.items()]
        return sorted(labelled, key=lambda one: -max(one[1].of.values(), default=0))[:MOST]
