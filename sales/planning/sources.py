"""Where the metrics come from: the rows that count, as far as the reader sees them.

The conditions here and those in the addresses must say the same. Sales are contracts by the day of their signature, receipts
are confirmed payments less refunds by the day they came; both in yuan by the rate of that day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, QuerySet
from django.urls import reverse

from crm.activities.models import FollowUp
from crm.entities.bound import knows
from crm.entities.entity import registry
from crm.fields.periods import days_of
from sales.contracts.models import SIGNED, Contract
from sales.models import Lead
from sales.planning.models import Target
from sales.planning.subjects import Subject
from sales.planning.worth import in_yuan
from sales.receivables.models import Payment

Metric = Target.Metric


@dataclass(frozen=True)
class Source:
    """Where a metric comes from: ``kept`` is the condition on the rows, ``asked`` the same for an address.

    ``worth`` is what a row comes to where that is money, ``tallied`` the same of its tally, ``team`` the way to those who
    share in it.
    """

    label: str
    model: Any
    day: str
    kept: Mapping[str, Any]
    asked: Mapping[str, Any]
    fields: tuple[str, ...]
    worth: Any = None
    tallied: str = ""
    team: str = ""


SOURCES = {
    Metric.SALES: Source(
        "contracts.contract", Contract, "signed_on", {"state__in": SIGNED}, {"state": SIGNED},
        ("amount", "signed_on", "state", "owner"), F("amount"), "amount", "opportunity__team",
    ),
    Metric.RECEIPTS: Source(
        "receivables.payment", Payment, "paid_on", {"state": "confirmed"}, {"state": "confirmed"},
        ("amount", "refunded", "paid_on", "state", "owner"), F("amount") - F("refunded"), "rest", "contract__opportunity__team",
    ),
    Metric.LEADS: Source("sales.lead", Lead, "created_at", {}, {}, ("created_at", "owner")),
    Metric.VISITS: Source(
        "activities.followup", FollowUp, "happened_at", {"kind": "visit"}, {"kind": "visit"}, ("kind", "happened_at", "owner")
    ),
}  # fmt: skip


def told_to(user: Any) -> list[str]:
    """The metrics whose rows and figures the user may know."""
    return [name for name, source in SOURCES.items() if knows(user, source.label, *source.fields)]


def counted(source: Source, rows: QuerySet, first: date, last: date) -> QuerySet:
    """Those of ``rows`` that count between two days; of money with ``yuan``, null where there is no rate."""
    between: dict[str, Any] = {f"{source.day}__range": (first, last)}
    if source.day.endswith("_at"):
        start, end = days_of(first, last)
        between = {f"{source.day}__gte": start, f"{source.day}__lt": end}
    rows = rows.filter(owner__isnull=False, **source.kept, **between)
    return rows if source.worth is None else rows.annotate(yuan=in_yuan(source.worth, source.day))


def rows_of(user: Any, metric: str, first: date, last: date) -> QuerySet:
    """The rows that count towards a metric between two days, as far as the user sees them."""
    source = SOURCES[Metric(metric)]
    return counted(source, source.model.objects.restrict(user), first, last)


def rows_url(metric: str, subject: Subject, months: list[date]) -> str:
    """Where the rows are that ``Actuals.of`` adds up: of money with what each counts for whom, else their list."""
    source = SOURCES[Metric(metric)]
    last = (months[-1] + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    if source.worth is not None:
        asked = f"metric={metric}&subject={subject.key}&first={months[0]}&last={last}"
        return f"{reverse('planning:credits')}?{asked}"
    query = {f"{source.day}__between": f"{months[0]},{last}", **source.asked, **subject.query}
    return f"{registry[source.label].url('list')}?{urlencode(query, doseq=True)}"
