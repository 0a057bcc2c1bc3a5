"""What was reached by owner, department and month, set-wise, as far as the reader sees the rows that make it up."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Count, DateField, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from sales.planning import crediting
from sales.planning.models import ZERO, Target
from sales.planning.sources import SOURCES, Metric, Source, rows_of, told_to
from sales.planning.subjects import Subject
from sales.receivables import tallies


class Actuals:
    """What was reached by person, department and month, between the first day of a month and the last of one.

    Money in yuan comes from the tallies, all other money row by row. ``unrated`` counts rows in a currency without a rate.
    """

    def __init__(self, user: Any, metric: str, first: date, last: date) -> None:
        self.metric = metric
        self.found: dict[tuple[int, int | None], dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self.unrated = 0
        if metric not in told_to(user):
            return
        money = metric in Target.MONEY
        source = SOURCES[Metric(metric)]
        of_month = TruncMonth(source.day, output_field=DateField())
        rows = rows_of(user, metric, first, last).order_by().annotate(of_month=of_month)
        figures: dict[str, Any] = {"sum_of": Count("pk")}
        if money:
            rows = rows.exclude(currency="CNY")
            figures = {"sum_of": Sum("yuan"), "lost": Count("pk", filter=Q(yuan__isnull=True))}
            self._add_up(
                tallies.sums(user, source.model, Q(currency="CNY", day__range=(first, last), **source.kept)), source
            )
        for row in rows.values("owner", "department", "of_month").annotate(**figures):
            self.found[row["owner"], row["department"]][row["of_month"]] += Decimal(row["sum_of"] or 0)
            self.unrated += row.get("lost", 0)
        if crediting.shared(user, metric):
            self._share(crediting.parts(user, metric, first, last).order_by().annotate(of_month=of_month))

    def _add_up(self, parts: list[QuerySet], source: Source) -> None:
        for rows in parts:
            of_month = TruncMonth("day", output_field=DateField())
            grouped = rows.order_by().annotate(of_month=of_month).values("owner", "department", "of_month")
            for row in grouped.annotate(sum_of=Sum(source.tallied)):
                self.found[row["owner"], row["department"]][row["of_month"]] += row["sum_of"]

    def _share(self, parts: Any) -> None:
        """What members of deal teams have of rows counts for them instead of for the owner."""
        keys = ("owner", "department", "person", "person_department", "seen", "of_month")
        for row in parts.values(*keys).annotate(sum_of=Sum("part")):
            part = row["sum_of"] or ZERO
            self.found[row["person"], row["person_department"]][row["of_month"]] += part
            if row["seen"]:
                self.found[row["owner"], row["department"]][row["of_month"]] -= part

    def owners(self) -> set[int]:
        """Whose rows there are."""
        return {owner for owner, _department in self.found}

    @cached_property
    def _sums(self) -> dict[tuple[str, int | None], dict[date, Decimal]]:
        """By person (“u”) and by department (“d”), so that nothing is gone through for each subject."""
        sums: dict[tuple[str, int | None], dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for (owner, department), by_month in self.found.items():
            for month, amount in by_month.items():
                sums["u", owner][month] += amount
                sums["d", department][month] += amount
        return sums

    def of(self, subject: Subject, months: list[date]) -> Decimal:
        """What the subject reached in these months."""
        parts = [self._sums[key] for key in subject.keys if key in self._sums]
        return sum((part[month] for part in parts for month in months if month in part), ZERO)
