"""The sales dashboard: what is asked for, and each block of numbers with the addresses of its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import Count, Model, QuerySet, Sum
from django.utils.translation import gettext as _

from analytics import sales
from analytics.filters import Filters
from analytics.sales import Tally
from crm.fields.periods import days_of
from crm.users.models import User
from customers.models import Source
from sales.models import Stage, StageHistory

DAY = 86400
GROUPED = ("close_date", "owner", "source")
# One pass, three groupings; the aliases of the inner query are its columns in order.
SETS = """
select grouping(month, owner, source), month, owner, source, currency, count(*), {total} from (
    select date_trunc('month', won.close_date)::date as month, won.owner, won.source, won.currency, won.amount
    from ({rows}) as won (close_date, owner, source, currency, amount)
) as w group by grouping sets ((month, currency), (owner, currency), (source, currency))
"""


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
        """The funnel with how things moved in the period.

        Of what left a stage: the share that went on instead of back or out, and the mean time in it.
        """
        rows = {row.stage.pk: row for row in self.funnel}
        stages = {stage.pk: stage for stage in self.stages}
        moves = StageHistory.objects.filter(opportunity__in=self.reach, from_stage__in=rows).order_by()
        if self.days:
            start, end = days_of(*self.days)
            moves = moves.filter(at__gte=start, at__lt=end)
        left, went_on = Counter[int](), Counter[int]()
        seconds, timed = Counter[int](), Counter[int]()
        for one in moves.values("from_stage", "to_stage").annotate(
            n=Count("pk"), all=Sum("seconds"), known=Count("seconds")
        ):
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
    def _sets(self) -> dict[str, list[dict[str, Any]]]:
        """What was won by month, by owner and by source, each by currency: three groupings of one pass over the rows."""
        total = "sum(amount)" if self.money else "null"
        rows, params = self.won.order_by().values(*GROUPED, "currency", "amount").query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(SETS.format(rows=rows, total=total), params)
            found: dict[str, list[dict]] = {name: [] for name in GROUPED}
            for which, month, owner, source, currency, count, amount in cursor:
                name = GROUPED[{0b011: 0, 0b101: 1, 0b110: 2}[which]]
                key = {"close_date": month, "owner": owner, "source": source}[name]
                found[name].append({"key": key, "currency": currency, "count": count, "total": amount})
        return found

    @cached_property
    def months(self) -> list[tuple[str, Tally]]:
        """Won by month: every month of the period, of all time those from the first to the last win."""
        grouped = self._sets["close_date"]
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
        for row in self._sets[name]:
            if row["key"] not in found:
                found[row["key"]] = Tally(url=self.address(state="won", **self.closed, **asks(row["key"])))
            found[row["key"]].add(row)
        named = model._base_manager.in_bulk([pk for pk in found if pk])
        labelled = [(str(named[pk]) if pk else _("Without"), tally) for pk, tally in found.items()]
        return sorted(labelled, key=lambda item: (-max(item[1].sums.values(), default=0), -item[1].count, item[0]))
