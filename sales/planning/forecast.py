"""The forecast of a month or quarter: open opportunities by category and what closed, rolled up over the departments.

One query adds up all opportunities that the reader sees; amounts are in yuan, open ones by the rate of today, closed by that of the day.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, CharField, Count, DateField, F, Q, QuerySet, Sum, Value, When
from django.urls import reverse

from crm.entities.bound import knows
from crm.entities.entity import registry
from sales import tallies
from sales.models import Opportunity, Stage
from sales.planning.attainment import rate_of
from sales.planning.models import ADJUSTMENT, TARGET, ZERO, ForecastAdjustment, Target
from sales.planning.subjects import Subject, tree
from sales.planning.worth import in_yuan

DEALS = "sales.opportunity"
CLOSED = "closed"
OPEN = tuple(Stage.Forecast.values)
CATEGORIES = (CLOSED, "commit", "best_case", "pipeline", "omitted")
CATEGORY = Case(
    When(state="won", then=Value(CLOSED)),
    When(forecast_category="", then=F("stage__forecast")),
    default=F("forecast_category"),
    output_field=CharField(),
)


def may(user: Any) -> bool:
    """Whether the user knows what makes the forecast."""
    return knows(user, DEALS, "amount", "currency", "close_date", "state", "stage", "forecast_category")


@dataclass(frozen=True)
class Period:
    """A month or a quarter."""

    first: date
    months: int

    @classmethod
    def read(cls, text: str, today: date) -> Period:
        """“2026-11” or “2026-Q4”; the present quarter where it is neither."""
        year, _sep, part = text.partition("-")
        if year.isdigit() and 1900 < int(year) < 2200:
            if part in {"Q1", "Q2", "Q3", "Q4"}:
                return cls(date(int(year), int(part[1]) * 3 - 2, 1), 3)
            if part.isdigit() and 1 <= int(part) <= 12:
                return cls(date(int(year), int(part), 1), 1)
        return cls(date(today.year, (today.month - 1) // 3 * 3 + 1, 1), 3)

    @property
    def last(self) -> date:
        return self.moved(1).first - timedelta(days=1)

    @property
    def span(self) -> str:
        return "month" if self.months == 1 else "quarter"

    def moved(self, by: int) -> Period:
        """So many periods later."""
        at = self.first.year * 12 + self.first.month - 1 + by * self.months
        return Period(date(at // 12, at % 12 + 1, 1), self.months)

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}" if self.months == 1 else f"{self.first.year}-Q{self.first.month // 3 + 1}"


def valued(rows: QuerySet, today: date) -> QuerySet:
    """Opportunities with their ``category`` and ``worth`` in yuan (null without a rate)."""
    day = Case(When(state="won", then=F("close_date")), default=Value(today), output_field=DateField())
    return rows.annotate(category=CATEGORY, rated_on=day).annotate(worth=in_yuan("amount", "rated_on"))


def closing(user: Any, period: Period, today: date) -> QuerySet:
    """Opportunities that close or closed in the period."""
    rows = Opportunity.objects.restrict(user).exclude(state="lost")
    return valued(rows.filter(close_date__range=(period.first, period.last)), today)


@dataclass
class Figure:
    """How many opportunities, and what they come to."""

    query: dict[str, str]
    count: int = 0
    amount: Decimal = ZERO

    @property
    def url(self) -> str:
        """The page of these opportunities."""
        return f"{reverse('planning:deals')}?{urlencode(self.query)}"


class Forecast:
    """The forecast of one reader for one period."""

    def __init__(self, user: Any, period: Period, today: date) -> None:
        self.user, self.period, self.today = user, period, today

    @cached_property
    def found(self) -> list[dict[str, Any]]:
        """By owner, department and category; what was won in yuan is read from the tallies."""
        rows = closing(self.user, self.period, self.today).order_by().values("owner", "department", "category")
        rows = rows.annotate(count=Count("*"), total=Sum("worth"), lost=Count("currency", filter=Q(worth__isnull=True)))
        won, months = Q(state="won", currency="CNY"), (self.period.first, self.period.last)
        kept = tallies.deals(self.user, "owner", "department", where=won, months=months, weighted=False)
        return [
            *rows.filter(state="open"),
            *rows.filter(state="won").exclude(currency="CNY"),
            *(row | {"category": CLOSED, "lost": 0} for row in kept),
        ]

    @property
    def unrated(self) -> int:
        """How many have an amount in a currency without a rate."""
        return sum(row["lost"] for row in self.found)

    @cached_property
    def subjects(self) -> list[Subject]:
        return tree(self.user, DEALS, people={row["owner"] for row in self.found})

    @property
    def named(self) -> list[Subject]:
        """Those that are shown: the departments and, to who knows owners, the people."""
        known = knows(self.user, DEALS, "owner")
        return [subject for subject in self.subjects if known or subject.is_unit]

    @cached_property
    def targets(self) -> dict[str, Decimal]:
        """Sales targets of the period by subject."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        if not knows_targets(self.user):
            return sums
        rows = Target.objects.restrict(self.user).filter(
            metric="sales", month__range=(self.period.first, self.period.last)
        )
        for row in rows:
            sums[row.key] += row.amount
        return sums

    @cached_property
    def adjustments(self) -> dict[str, ForecastAdjustment]:
        """What leaders expect instead, by subject."""
        if not knows(self.user, ADJUSTMENT, "amount", "starts_on", "span"):
            return {}
        rows = ForecastAdjustment.objects.restrict(self.user).select_related("updated_by")
        return {row.key: row for row in rows.filter(span=self.period.span, starts_on=self.period.first)}

    @cached_property
    def _split(self) -> dict[tuple[str, int | None], list[dict[str, Any]]]:
        """What was found by person (“u”) and by department (“d”)."""
        split: dict[tuple[str, int | None], list[dict[str, Any]]] = defaultdict(list)
        for row in self.found:
            split["u", row["owner"]].append(row)
            split["d", row["department"]].append(row)
        return split

    def figures(self, subject: Subject | None) -> dict[str, Figure]:
        """By category, each with the address of its opportunities; of all that the reader sees without a subject."""
        whose = {"period": str(self.period), "subject": subject.key if subject else ""}
        made = {name: Figure({**whose, "category": name}) for name in CATEGORIES}
        found = self.found if subject is None else [row for key in subject.keys for row in self._split.get(key, ())]
        for row in found:
            made[row["category"]].count += row["count"]
            made[row["category"]].amount += row["total"] or ZERO
        return made

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """A row a subject: figures, target, gap, and what is expected: closed and committed, or what a leader says."""
        made = []
        for subject in self.subjects:
            figures, target = self.figures(subject), self.targets.get(subject.key)
            closed, said = figures[CLOSED].amount, self.adjustments.get(subject.key)
            expected = closed + figures["commit"].amount
            made.append(
                {
                    "subject": subject,
                    "figures": [figures[name] for name in CATEGORIES],
                    "expected": expected,
                    "said": said,
                    "said_url": registry[ADJUSTMENT].url("record", said.pk) if said else "",
                    "target": target,
                    "gap": None if target is None else max(ZERO, target - closed),
                    "rate": rate_of(closed, target),
                }
            )
        self._roll_up({row["subject"].key: row for row in made})
        return made

    @staticmethod
    def _roll_up(rows: dict[str, dict[str, Any]]) -> None:
        """``outlook``: what a leader says of a subject, else its own figures with what leaders say of those below it."""
        for row in reversed(rows.values()):  # those below come first
            below = [rows[key] for key in row["subject"].children]
            moved = sum((one["outlook"] - one["expected"] for one in below), ZERO)
            row["outlook"] = row["said"].amount if row["said"] else row["expected"] + moved

    def deals(self, subject: Subject | None, category: str) -> QuerySet:
        """The opportunities that a figure adds up."""
        belongs = subject.rows if subject else Q()
        rows = closing(self.user, self.period, self.today).filter(belongs, category=category)
        return rows.select_related("account", "stage", "owner").order_by("-amount_key", "pk")


def knows_targets(user: Any) -> bool:
    """Whether the user may know sales targets."""
    return knows(user, TARGET, "amount", "month", "metric")
