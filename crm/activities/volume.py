"""How much is done with customers: calls, visits and meetings of each person in a week, beside what is expected of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet

from crm.access import policy
from crm.access.models import Scope
from crm.activities.models import ActivityTarget, FollowUp, Task
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.fields.periods import days_of
from crm.users.models import User

TASK, FOLLOW_UP = "activities.task", "activities.followup"
KINDS = tuple(ActivityTarget.Kind.values)
MOST = 500


@dataclass(frozen=True)
class Cell:
    """What one person did of one kind in a week: so many, the week before so many, of so many expected (None: no target)."""

    kind: str
    count: int
    before: int
    target: int | None

    @property
    def state(self) -> str:
        """“good” when it is reached, “seal” when not half of it is, “amber” between."""
        if not self.target:
            return ""
        return "good" if self.count >= self.target else "seal" if self.count * 2 < self.target else "amber"


@dataclass(frozen=True)
class Line:
    """One person's week."""

    person: User
    cells: tuple[Cell, ...]


def may_look(user: Any) -> bool:
    """Whoever sees follow-ups of others, and may know of what kind they are and when they were."""
    return policy.access_of(user).scope(FOLLOW_UP, "view") >= Scope.TEAM and _readable(user, FOLLOW_UP, _SAID)


_SAID, _DONE = ("kind", "happened_at", "owner"), ("kind", "done_at", "owner")


def _readable(user: Any, label: str, names: tuple[str, ...]) -> bool:
    return len(bind(registry[label], user).readable(names)) == len(names)


def follow_ups(reader: Any, first: date, last: date) -> QuerySet:
    """What was written down as done with customers, as far as the reader may see it."""
    start, end = days_of(first, last)
    bound = bind(registry[FOLLOW_UP], reader)
    return bound.records().filter(kind__in=KINDS, happened_at__gte=start, happened_at__lt=end)


def done_tasks(reader: Any, first: date, last: date) -> QuerySet:
    """Calls, visits and meetings that were checked off without a follow-up that tells of them."""
    bound = bind(registry[TASK], reader)
    if not bound.can("view") or not _readable(reader, TASK, _DONE):
        return Task.objects.none()
    start, end = days_of(first, last)
    told = FollowUp.objects.filter(task=OuterRef("pk"), deleted_at__isnull=True)
    rows = bound.records().filter(kind__in=KINDS, status=Task.Status.DONE, done_at__gte=start, done_at__lt=end)
    return rows.filter(~Exists(told))


def week_of(reader: Any, monday: date) -> list[Line]:
    """A line for each person whose work the reader sees: those who did something or of whom something is expected."""
    now = _counts(reader, monday)
    before = _counts(reader, monday - timedelta(days=7))
    targets = Targets(ActivityTarget.objects.select_related("department"))
    seen = {person for person, _kind in (*now, *before)}
    people = [p for p in _people(reader, seen) if p.pk in seen or any(targets.of(p, kind) for kind in KINDS)]
    return [
        Line(p, tuple(Cell(k, now.get((p.pk, k), 0), before.get((p.pk, k), 0), targets.of(p, k)) for k in KINDS))
        for p in people
    ]


def _counts(reader: Any, monday: date) -> dict[tuple[int, str], int]:
    last = monday + timedelta(days=6)
    found: dict[tuple[int, str], int] = defaultdict(int)
    for rows in (follow_ups(reader, monday, last), done_tasks(reader, monday, last)):
        for owner, kind, count in rows.order_by().values_list("owner", "kind").annotate(Count("pk")):
            found[owner, kind] += count
    return found


def _people(reader: Any, seen: Iterable[int]) -> list[User]:
    """Those who did something, and the people within the reader's reach who keep follow-ups."""
    access = policy.access_of(reader)
    near = User.objects.filter(is_active=True)
    scope = access.scope(FOLLOW_UP, "view")
    if scope == Scope.TEAM:
        near = near.filter(pk__in=access.team_ids)
    elif scope == Scope.DEPARTMENT:
        near = near.filter(department_id__in=access.department_ids) | near.filter(pk__in=access.team_ids)
    near = near.filter(roles__grants__entity=FOLLOW_UP, roles__grants__action="add").distinct()
    ids = {*near.values_list("pk", flat=True)[:MOST], *seen}
    return list(User.objects.filter(pk__in=ids).select_related("department").order_by("name", "pk"))


class Targets:
    """What is expected of whom: the target of the nearest department, else of everybody."""

    def __init__(self, rows: Iterable[ActivityTarget]) -> None:
        self.rows = list(rows)

    def of(self, person: User, kind: str) -> int | None:
        """How many a week; None where nothing is said."""
        path = person.department.path if person.department_id else ""
        fitting = [
            r for r in self.rows if r.kind == kind and (r.department is None or path.startswith(r.department.path))
        ]
        nearest = max(fitting, key=lambda r: len(r.department.path) if r.department else 0, default=None)
        return nearest.per_week if nearest else None
