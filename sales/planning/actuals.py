"""What was reached, set-wise, as far as the reader sees the rows that make it up. Every number opens exactly these rows.

The conditions here and those in the addresses must say the same. Sales are contracts by the day of their signature, receipts
are confirmed payments less refunds by the day they came; both in yuan by the rate of that day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, DateField, F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from crm.activities.models import FollowUp
from crm.entities.entity import registry
from crm.fields.periods import days_of
from sales.contracts.models import Contract
from sales.models import Lead
from sales.planning.models import ZERO, Target
from sales.planning.subjects import Subject
from sales.planning.worth import in_yuan, knows
from sales.receivables.models import Payment

SIGNED = ("signed", "active", "completed", "expired")
Metric = Target.Metric


@dataclass(frozen=True)
class Source:
    """Where a metric comes from: ``kept`` is the condition on the rows, ``asked`` the same for an address."""

    label: str
    model: Any
    day: str
    total: Callable[[], Any]
    kept: Mapping[str, Any]
    asked: Mapping[str, Any]
    fields: tuple[str, ...]


SOURCES = {
    Metric.SALES: Source(
        "contracts.contract", Contract, "signed_on", lambda: Sum(in_yuan("amount", "signed_on")),
        {"state__in": SIGNED}, {"state": SIGNED}, ("amount", "signed_on", "state"),
    ),
    Metric.RECEIPTS: Source(
        "receivables.payment", Payment, "paid_on", lambda: Sum(in_yuan(F("amount") - F("refunded"), "paid_on")),
        {"state": "confirmed"}, {"state": "confirmed"}, ("amount", "paid_on", "state"),
    ),
    Metric.LEADS: Source("sales.lead", Lead, "created_at", lambda: Count("pk"), {}, {}, ("created_at",)),
    Metric.VISITS: Source(
        "activities.followup", FollowUp, "happened_at", lambda: Count("pk"),
        {"kind": "visit"}, {"kind": "visit"}, ("kind", "happened_at"),
    ),
}  # fmt: skip


def told_to(user: Any) -> list[str]:
    """The metrics whose rows and figures the user may know."""
    return [name for name, source in SOURCES.items() if knows(user, source.label, *source.fields)]


def rows_of(user: Any, metric: str, first: date, last: date) -> QuerySet:
    """The rows that count towards a metric between two days, as far as the user sees them."""
    source = SOURCES[Metric(metric)]
    between = {f"{source.day}__range": (first, last)}
    if source.day.endswith("_at"):
        start, end = days_of(first, last)
        between = {f"{source.day}__gte": start, f"{source.day}__lt": end}
    return source.model.objects.restrict(user).filter(owner__isnull=False, **source.kept, **between)


class Actuals:
    """What was reached by owner, department and month; one query. ``unrated`` counts rows in a currency without a rate."""

    def __init__(self, user: Any, metric: str, first: date, last: date) -> None:
        self.metric = metric
        self.found: dict[tuple[int, int | None], dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self.unrated = 0
        if metric not in told_to(user):
            return
        source = SOURCES[Metric(metric)]
        rows = rows_of(user, metric, first, last).order_by()
        rows = rows.annotate(of_month=TruncMonth(source.day, output_field=DateField()))
        money = metric in Target.MONEY
        lost = {"lost": Count("pk", filter=Q(yuan__isnull=True))} if money else {}
        if money:
            rows = rows.annotate(yuan=in_yuan("amount", source.day))
        for row in rows.values("owner", "department", "of_month").annotate(sum_of=source.total(), **lost):
            self.found[row["owner"], row["department"]][row["of_month"]] += Decimal(row["sum_of"] or 0)
            self.unrated += row.get("lost", 0)

    def owners(self) -> set[int]:
        """Whose rows there are."""
        return {owner for owner, _department in self.found}

    def of(self, subject: Subject, months: list[date]) -> Decimal:
        """What the subject reached in these months."""
        return sum(
            (
                by_month.get(month, ZERO)
                for (owner, department), by_month in self.found.items()
                for month in months
                if (department in subject.units if subject.is_unit else owner == subject.pk)
            ),
            ZERO,
        )


def rows_url(metric: str, subject: Subject, months: list[date]) -> str:
    """The list of the rows that ``Actuals.of`` adds up."""
    source = SOURCES[Metric(metric)]
    last = (months[-1] + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    query = {f"{source.day}__between": f"{months[0]},{last}", **source.asked, **subject.query}
    return f"{registry[source.label].url('list')}?{urlencode(query, doseq=True)}"
