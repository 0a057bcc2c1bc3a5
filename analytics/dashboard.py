"""The sales dashboard: what is asked for, and each block of numbers with the addresses of its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Avg, Count, F, Q, QuerySet
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext as _

from analytics import sales
from analytics.filters import Filters
from analytics.sales import Tally
from crm.fields.periods import days_of
from sales.models import Stage, StageHistory

DAY = 86400


@dataclass
class StageRow:
    """One stage of the funnel: what lies in it, what of it stalls, how it moves on."""

    stage: Stage
    tally: Tally
    stalled: Tally
    conversion: int | None = None
    days: float | None = None
    width: int = 100


class Dashboard(Filters):
    """The numbers of one reader, as far as they know the fields that make them."""

    @cached_property
    def funnel(self) -> list[StageRow]:
        """Each open stage with what lies there, what stalls, and how things moved on in the period."""
        if not self.knows("state", "stage", "pipeline"):
            return []
        found = {
            s.pk: StageRow(s, Tally(url=self.address(state="open", stage=s.pk)), Tally(url=self._stalled_url(s)))
            for s in self.stages
            if s.state == "open"
        }
        stalled = sales.stalled((row.stage for row in found.values() if row.stalled.url), self.today)
        figures = sales.figures(money=self.money) | sales.figures(money=self.money, where=stalled, prefix="stalled_")
        if self.money and self.knows("probability"):
            figures |= sales.figures(money=True, weighted=True)
        for row in sales.grouped(self.reach.filter(state="open", stage__in=found), "stage", **figures):
            found[row["stage"]].tally.add(row)
            found[row["stage"]].stalled.add(row, "stalled_")
        self._moves(found)
        most = max((row.tally.count for row in found.values()), default=0) or 1
        for row in found.values():
            row.width = 40 + 60 * row.tally.count // most
        return list(found.values())

    def _stalled_url(self, stage: Stage) -> str:
        if stage.rotting_days is None or not self.knows("stage_entered_at"):
            return ""
        return sales.stalled_address(stage, **self.query)

    def _moves(self, found: dict[int, StageRow]) -> None:
        """Of what left a stage in the period: the share that went on instead of back or out, and the mean time in it."""
        moves = StageHistory.objects.filter(opportunity__in=self.reach, from_stage__in=found).order_by()
        if self.days:
            start, end = days_of(*self.days)
            moves = moves.filter(at__gte=start, at__lt=end)
        forward = Q(to_stage__position__gt=F("from_stage__position"), to_stage__is_lost=False)
        for row in moves.values("from_stage").annotate(
            left=Count("pk"), went_on=Count("pk", filter=forward), seconds=Avg("seconds")
        ):
            step = found[row["from_stage"]]
            step.conversion = round(100 * row["went_on"] / row["left"]) if row["left"] else None
            step.days = row["seconds"] / DAY if row["seconds"] is not None else None

    @property
    def won(self) -> QuerySet:
        """What was won in the period, by its close date; of all time also what has none."""
        rows = self.reach.filter(state="won")
        return rows.filter(close_date__range=self.days) if self.days else rows

    @property
    def knows_won(self) -> bool:
        """Whether the reader may know what was won when."""
        return self.knows("state", "close_date", "pipeline")

    @property
    def won_url(self) -> str:
        """All that was won in the period."""
        return self.address(state="won", **self.closed)

    @cached_property
    def months(self) -> list[tuple[str, Tally]]:
        """Won by month: every month of the period, of all time those from the first to the last win."""
        grouped = list(sales.grouped(self.won.annotate(month=TruncMonth("close_date")), "month", **self._figures))
        dated = [row["month"] for row in grouped if row["month"]]
        first, last = self.days or (min(dated, default=None), sales.month_span(max(dated))[1] if dated else None)
        found: dict[date | None, tuple[str, Tally]] = {}
        while first and first <= last:
            end = min(sales.month_span(first)[1], last)
            url = self.address(state="won", close_date__between=f"{first},{end}")
            found[first] = (f"{first:%Y-%m}", Tally(url=url))
            first = end + timedelta(days=1)
        for row in grouped:
            if row["month"] is None:
                url = self.address(state="won", close_date__empty=1)
                found.setdefault(None, (_("Without"), Tally(url=url)))
            found[row["month"]][1].add(row)
        return list(found.values())

    @cached_property
    def reps(self) -> list[tuple[str, Tally]]:
        """Won by owner."""
        return self._by("owner", "owner__name", lambda pk: {"owner": pk})

    @cached_property
    def sources(self) -> list[tuple[str, Tally]]:
        """Won by source; those without one last."""
        return self._by("source", "source__name", lambda pk: {"source": pk} if pk else {"source__empty": 1})

    @property
    def _figures(self) -> dict[str, Any]:
        return sales.figures(money=self.money)

    def _by(self, name: str, label: str, asks: Callable[[Any], dict]) -> list[tuple[str, Tally]]:
        found: dict[Any, tuple[str, Tally]] = {}
        for row in sales.grouped(self.won, name, label, **self._figures):
            key = row[name]
            if key not in found:
                url = self.address(state="won", **self.closed, **asks(key))
                found[key] = (row[label] or _("Without"), Tally(url=url))
            found[key][1].add(row)
        return sorted(
            found.values(), key=lambda item: (-max(item[1].sums.values(), default=0), -item[1].count, item[0])
        )
