"""What a dashboard of sales is asked for: pipeline, period, department, team and owner, each as far as the reader sees.

The rows in ``reach`` and the conditions in ``query`` must say the same.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from analytics import sales
from crm.access import policy
from crm.access.models import Scope
from crm.fields.periods import span
from crm.users.models import Department, Team, User
from sales.models import Opportunity, Pipeline, Stage
from sales.querysets import OpportunityQuerySet

PERIODS = {
    "this_month": gettext_lazy("This month"),
    "this_quarter": gettext_lazy("This quarter"),
    "this_year": gettext_lazy("This year"),
    "last_year": gettext_lazy("Last year"),
    "last_12": gettext_lazy("Last 12 months"),
    "all": gettext_lazy("All time"),
}
# More people than this are searched for instead of listed.
LISTED = 60


class Filters:
    """What one reader asks for by the address. What can't be understood is left out of account."""

    def __init__(self, user: Any, params: QueryDict, today: date) -> None:
        self.user, self.today = user, today
        self.known = sales.readable(user)
        self.money = "amount" in self.known
        chosen = params.get("period", "")
        self.period = chosen if chosen in PERIODS else "this_year"
        self.pipeline = _chosen(self.pipelines, params.get("pipeline")) or next(iter(self.pipelines), None)
        self.department = _chosen(self.departments, params.get("department"))
        self.team = _chosen(self.teams, params.get("team"))
        asked = params.get("owner", "")
        self.owner = self.people.filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 10 else None

    @property
    def scope(self) -> Scope:
        """How far the reader sees opportunities."""
        return policy.access_of(self.user).scope(sales.LABEL, "view")

    @cached_property
    def pipelines(self) -> list[Pipeline]:
        return list(Pipeline.objects.order_by("-active", "position", "pk"))

    @cached_property
    def stages(self) -> list[Stage]:
        return list(self.pipeline.stages.all()) if self.pipeline else []

    @cached_property
    def departments(self) -> list[Department]:
        """The departments that the reader may choose from: those they see as a whole."""
        if self.scope < Scope.DEPARTMENT or not self.knows("department"):
            return []
        found = Department.objects.all()
        mine = policy.access_of(self.user).department_ids
        return list(found if self.scope == Scope.ALL else found.filter(pk__in=mine))

    @cached_property
    def teams(self) -> list[Team]:
        """The teams that the reader may choose from: all, or their own."""
        if self.scope < Scope.TEAM or not self.knows("owner"):
            return []
        return list(Team.objects.all() if self.scope == Scope.ALL else Team.objects.filter(members=self.user))

    @cached_property
    def people(self) -> QuerySet:
        """Those whose opportunities the reader may see, also people who left; nobody when that is only the reader."""
        access = policy.access_of(self.user)
        sell = Exists(Opportunity.objects.filter(owner=OuterRef("pk")))
        found = User.objects.filter(Q(is_active=True) | sell)
        if self.scope <= Scope.OWN or not self.knows("owner"):
            return found.none()
        if self.scope == Scope.TEAM:
            return found.filter(pk__in=access.team_ids)
        if self.scope == Scope.DEPARTMENT:
            return found.filter(Q(department__in=access.department_ids) | Q(pk__in=access.team_ids))
        return found

    @cached_property
    def owners(self) -> list[User]:
        """The people to list; empty when there are too many."""
        found = list(self.people.only("id", "name", "username")[: LISTED + 1])
        return found if len(found) <= LISTED else []

    @property
    def searched(self) -> bool:
        """Whether there are more people than can be listed."""
        return not self.owners and self.scope > Scope.OWN and self.knows("owner")

    @cached_property
    def days(self) -> tuple[date, date] | None:
        """First and last day of the period; None for all time."""
        if self.period == "all":
            return None
        if self.period == "last_year":
            return span("this_year", date(self.today.year - 1, 1, 1))
        if self.period == "last_12":
            last = sales.month_span(self.today)[1]
            first = last + timedelta(days=1)
            return first.replace(year=first.year - 1), last
        return span(self.period, self.today)

    @property
    def closed(self) -> dict[str, Any]:
        """What an address says for “closed in the period”."""
        return {"close_date__between": "{},{}".format(*self.days)} if self.days else {}

    @cached_property
    def subtree(self) -> list[int]:
        """The chosen department and those below it."""
        return [d.pk for d in self.departments if self.department and d.path.startswith(self.department.path)]

    @cached_property
    def owner_ids(self) -> list[int] | None:
        """The people asked for, by team and by name; None for everybody. 0 is nobody."""
        if not self.team:
            return [self.owner.pk] if self.owner else None
        members = list(self.team.members.values_list("pk", flat=True))
        return [pk for pk in members if not self.owner or pk == self.owner.pk] or [0]

    @cached_property
    def narrowed(self) -> Q:
        """The condition of what is asked for, on opportunities and on their tallies alike."""
        found = Q(pipeline=self.pipeline)
        if self.department:
            found &= Q(department__in=self.subtree)
        return found if self.owner_ids is None else found & Q(owner__in=self.owner_ids)

    @cached_property
    def reach(self) -> OpportunityQuerySet:
        """The opportunities of what is asked for that the reader may see."""
        return Opportunity.objects.restrict(self.user).filter(self.narrowed)

    @cached_property
    def query(self) -> dict[str, Any]:
        """What the address of a list says for ``reach``."""
        found: dict[str, Any] = {"pipeline__in": self.pipeline.pk if self.pipeline else None}
        if self.department:
            found["department"] = self.subtree
        if self.owner_ids is not None:
            found["owner"] = self.owner_ids
        return found

    def address(self, **more: Any) -> str:
        """The list of opportunities of ``reach`` under more conditions."""
        return sales.address(**(self.query | more))

    def knows(self, *names: str) -> bool:
        """Whether the reader may know the true values of all these fields."""
        return set(names) <= self.known


def _chosen(offered: list, asked: str | None) -> Any:
    return next((one for one in offered if str(one.pk) == asked), None)
