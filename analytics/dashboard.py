"""The sales dashboard: what is asked for, and each block of numbers with the addresses of its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Avg, Count, F, Q, QuerySet
from django.db.models.functions import TruncMonth
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import sales
from analytics.sales import Tally
from crm.access.models import Scope
from crm.access.snapshot import access_of
from crm.fields.periods import days_of, span
from crm.users.models import Department, User
from sales.models import Opportunity, Pipeline, Stage, StageHistory

PERIODS = {
    "this_month": gettext_lazy("This month"),
    "this_quarter": gettext_lazy("This quarter"),
    "this_year": gettext_lazy("This year"),
    "last_year": gettext_lazy("Last year"),
    "last_12": gettext_lazy("Last 12 months"),
}
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


class Dashboard:
    """The numbers of one reader under the filters of the address. What can't be understood is left out of account."""

    def __init__(self, user: Any, params: QueryDict, today: date) -> None:
        self.user, self.today = user, today
        self.known = sales.readable(user)
        self.money = "amount" in self.known
        chosen = params.get("period", "")
        self.period = chosen if chosen in PERIODS else "this_year"
        self.pipeline = next((p for p in self.pipelines if str(p.pk) == params.get("pipeline")), None)
        self.pipeline = self.pipeline or next(iter(self.pipelines), None)
        self.department = next((d for d in self.departments if str(d.pk) == params.get("department")), None)
        self.owner = next((u for u in self.owners if str(u.pk) == params.get("owner")), None)

    @cached_property
    def pipelines(self) -> list[Pipeline]:
        return list(Pipeline.objects.filter(active=True))

    @cached_property
    def stages(self) -> list[Stage]:
        return list(self.pipeline.stages.all()) if self.pipeline else []

    @cached_property
    def owners(self) -> list[User]:
        """The people whose opportunities the reader may see; nobody to choose from when they see only their own."""
        access = access_of(self.user)
        scope = access.scope(sales.LABEL, "view")
        people = User.objects.filter(is_active=True).only("id", "name", "username")
        if scope <= Scope.OWN or "owner" not in self.known:
            return []
        if scope == Scope.TEAM:
            people = people.filter(pk__in=access.team_ids)
        elif scope == Scope.DEPARTMENT:
            people = people.filter(Q(department__in=access.department_ids) | Q(pk__in=access.team_ids))
        return list(people)

    @cached_property
    def departments(self) -> list[Department]:
        """The departments that the reader may choose from: those they see as a whole."""
        access = access_of(self.user)
        scope = access.scope(sales.LABEL, "view")
        if scope < Scope.DEPARTMENT or "department" not in self.known:
            return []
        found = Department.objects.all()
        return list(found if scope == Scope.ALL else found.filter(pk__in=access.department_ids))

    @cached_property
    def days(self) -> tuple[date, date]:
        """First and last day of the period."""
        if self.period == "last_year":
            return span("this_year", date(self.today.year - 1, 1, 1))
        if self.period == "last_12":
            last = sales.month_span(self.today)[1]
            first = last + timedelta(days=1)
            return first.replace(year=first.year - 1), last
        return span(self.period, self.today)

    @property
    def text(self) -> str:
        """The period as an address says it."""
        return "{},{}".format(*self.days)

    @cached_property
    def reach(self) -> QuerySet:
        """The opportunities of the chosen pipeline, department and owner that the reader may see."""
        rows = Opportunity.objects.restrict(self.user).filter(pipeline=self.pipeline)
        if self.department:
            rows = rows.filter(department__in=self.subtree)
        return rows.filter(owner=self.owner) if self.owner else rows

    @cached_property
    def subtree(self) -> list[int]:
        """The chosen department and those below it."""
        return [d.pk for d in self.departments if d.path.startswith(self.department.path)]

    @cached_property
    def query(self) -> dict[str, Any]:
        """What the address of a list says for ``reach``; the stage says the pipeline where there is one."""
        found: dict[str, Any] = {"pipeline__in": self.pipeline.pk if self.pipeline else None}
        if self.department:
            found["department"] = self.subtree
        if self.owner:
            found["owner"] = self.owner.pk
        return found

    def address(self, **more: Any) -> str:
        return sales.address(**(self.query | more))

    def knows(self, *names: str) -> bool:
        return set(names) <= self.known

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
        return self.address(state="open", stage=stage.pk, stage_entered_at__older_days=stage.rotting_days)

    def _moves(self, found: dict[int, StageRow]) -> None:
        """Of what left a stage in the period: the share that went on instead of back or out, and the mean time in it."""
        start, end = days_of(*self.days)
        moves = StageHistory.objects.filter(
            opportunity__in=self.reach, from_stage__in=found, at__gte=start, at__lt=end
        ).order_by()
        forward = Q(to_stage__position__gt=F("from_stage__position"), to_stage__is_lost=False)
        for row in moves.values("from_stage").annotate(
            left=Count("pk"), went_on=Count("pk", filter=forward), seconds=Avg("seconds")
        ):
            step = found[row["from_stage"]]
            step.conversion = round(100 * row["went_on"] / row["left"]) if row["left"] else None
            step.days = row["seconds"] / DAY if row["seconds"] is not None else None

    @property
    def won(self) -> QuerySet:
        """What was won in the period, by its close date."""
        return self.reach.filter(state="won", close_date__range=self.days)

    @property
    def knows_won(self) -> bool:
        """Whether the reader may know what was won when."""
        return self.knows("state", "close_date", "pipeline")

    @cached_property
    def months(self) -> list[tuple[date, Tally]]:
        """Won by month, every month of the period."""
        found: dict[date, Tally] = {}
        first, end = self.days
        while first <= end:
            last = min(sales.month_span(first)[1], end)
            found[first] = Tally(url=self.address(state="won", close_date__between=f"{first},{last}"))
            first = last + timedelta(days=1)
        for row in sales.grouped(self.won.annotate(month=TruncMonth("close_date")), "month", **self._figures):
            found[row["month"]].add(row)
        return list(found.items())

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
                url = self.address(state="won", close_date__between=self.text, **asks(key))
                found[key] = (row[label] or _("Without"), Tally(url=url))
            found[key][1].add(row)
        return sorted(
            found.values(), key=lambda item: (-max(item[1].sums.values(), default=0), -item[1].count, item[0])
        )
