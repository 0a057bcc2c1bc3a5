"""The sales dashboard: what is asked for, and each block of numbers with the addresses of its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Model, Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from analytics import sales
from analytics.filters import Filters
from analytics.sales import Tally
from crm.fields.periods import days_of
from crm.users.models import User
from customers.models import Source
from sales import tallies
from sales.models import Stage

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
        """Each open stage with what lies there now."""
        if not self.knows("state", "stage", "pipeline"):
            return []
        found = {
            s.pk: StageRow(s, Tally(url=self.address(state="open", stage=s.pk)), Tally(url=self._stalled_url(s)))
            for s in self.stages
            if s.state == "open"
        }
        here = self.narrowed & Q(state="open", stage__in=found)
        weighted = self.knows("probability")
        for row in tallies.deals(self.user, "stage", where=here, money=self.money, weighted=weighted):
            found[row["stage"]].tally.add(row)
        most = max((row.tally.count for row in found.values()), default=0) or 1
        for row in found.values():
            row.width = 40 + 60 * row.tally.count // most
        return list(found.values())

    def _stalled_url(self, stage: Stage) -> str:
        if stage.rotting_days is None or not self.knows("stage_entered_at"):
            return ""
        return sales.stalled_address(stage, **self.query)

    @cached_property
    def moving(self) -> list[StageRow]:
        """The funnel with what stalls, and how things moved in the period.

        Of what left a stage: the share that went on instead of back or out, and the mean time in it.
        """
        rows = {row.stage.pk: row for row in self.funnel}
        self._add_stalled(rows)
        stages = {stage.pk: stage for stage in self.stages}
        period = days_of(*self.days) if self.days else None
        left, went_on = Counter[int](), Counter[int]()
        seconds, timed = Counter[int](), Counter[int]()
        for one in tallies.moves(self.user, where=self.narrowed, stages=list(rows), period=period):
            source, target = one["from_stage"], stages.get(one["to_stage"])
            left[source] += one["n"]
            seconds[source] += one["all"] or 0
            timed[source] += one["known"]
            if target and target.position > stages[source].position and not target.is_lost:
                went_on[source] += one["n"]
        for pk, row in rows.items():
            row.conversion = round(100 * went_on[pk] / left[pk]) if left[pk] else None
            row.days = float(seconds[pk]) / timed[pk] / DAY if timed[pk] else None
        return self.funnel

    def _add_stalled(self, rows: dict[int, StageRow]) -> None:
        stages = [pk for pk, row in rows.items() if row.stalled.url]
        if stages:
            late = self.reach.stalled(now()).filter(stage__in=stages)
            for row in sales.grouped(late, "stage", money=self.money):
                rows[row["stage"]].stalled.add(row)

    @property
    def knows_won(self) -> bool:
        """Whether the reader may know what was won when."""
        return self.knows("state", "close_date", "pipeline")

    @property
    def won_url(self) -> str:
        """All that was won in the period."""
        return self.address(state="won", **self.closed)

    @cached_property
    def _won(self) -> dict[str, list[dict[str, Any]]]:
        """What was won in the period, by its close date; of all time also what has none."""
        found = tallies.three_ways(self.user, where=self.narrowed & Q(state="won"), months=self.days)
        if not self.money:
            for row in (row for rows in found.values() for row in rows):
                del row["total"]
        return found

    @cached_property
    def months(self) -> list[tuple[str, Tally]]:
        """Won by month: every month of the period, of all time those from the first to the last win."""
        grouped = self._won["month"]
        dated = [row["key"] for row in grouped if row["key"]]
        first, last = self.days or (min(dated, default=None), sales.month_span(max(dated))[1] if dated else None)
        found: dict[date | None, tuple[str, Tally]] = {}
        while first and first <= last:
            end = min(sales.month_span(first)[1], last)
            url = self.address(state="won", close_date__between=f"{first},{end}")
            found[first] = (f"{first:%Y-%m}", Tally(url=url))
            first = end + timedelta(days=1)
        for row in grouped:
            if row["key"] is None:
                url = self.address(state="won", close_date__empty=1)
                found.setdefault(None, (_("Without"), Tally(url=url)))
            found[row["key"]][1].add(row)
        return list(found.values())

    @cached_property
    def reps(self) -> list[tuple[str, Tally]]:
        """Won by owner."""
        return self._by("owner", User, lambda pk: {"owner": pk})

    @cached_property
    def sources(self) -> list[tuple[str, Tally]]:
        """Won by source."""
        return self._by("source", Source, lambda pk: {"source": pk} if pk else {"source__empty": 1})

    def _by(self, name: str, model: type[Model], asks: Callable[[Any], dict]) -> list[tuple[str, Tally]]:
        found: dict[Any, Tally] = {}
        for row in self._won[name]:
            if row["key"] not in found:
                found[row["key"]] = Tally(url=self.address(state="won", **self.closed, **asks(row["key"])))
            found[row["key"]].add(row)
        named = model._base_manager.in_bulk([pk for pk in found if pk])
        labelled = [(str(named[pk]) if pk else _("Without"), tally) for pk, tally in found.items()]
        return sorted(labelled, key=lambda item: (-max(item[1].sums.values(), default=0), -item[1].count, item[0]))
