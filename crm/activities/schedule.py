"""What stands in whose calendar, as far as its reader may know: activities within rights, of the others only that time is taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from crm.access import policy
from crm.activities.models import Participant, Task
from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import registry
from crm.fields.periods import days_of
from crm.users.models import Team, User

LABEL = "activities.task"
MOST = 1500
POINT = timedelta(minutes=30)
# What a calendar shows of an activity.
OF_ITEM = (
    "subject",
    "place",
    "kind",
    "status",
    "due_at",
    "ends_at",
    "all_day",
    "series",
    "version",
    "on_entity",
    "on_id",
)
OF_ITEM += tuple(f"owner__{name}" for name in User.shown_by)
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Item:
    """One activity as its reader may know it, with the people in whose calendars it stands."""

    task: Task
    title: str
    place: str
    kind: str
    movable: bool
    owner: str = ""
    people: frozenset[int] = frozenset()

    @property
    def start(self) -> datetime:
        return self.task.due_at

    @property
    def end(self) -> datetime | None:
        return self.task.ends_at


@dataclass
class Day:
    """One day of an agenda."""

    day: date
    items: list[Item] = field(default_factory=list)
    busy: list[Span] = field(default_factory=list)


def bound_for(user: Any) -> BoundEntity:
    """Activities as the user sees them."""
    return bind(registry[LABEL], user)


def on_calendar(start: datetime, end: datetime) -> Q:
    """What lies between two moments: spans that reach into it, points within it."""
    spans = Q(ends_at__isnull=False, due_at__lt=end, ends_at__gt=start)
    return spans | Q(ends_at__isnull=True, due_at__gte=start, due_at__lt=end)


def of_people(ids: Iterable[int]) -> Q:
    """What stands in the calendars of these people: theirs, and what they take part in without having declined."""
    ids = list(ids)
    joins = Participant.objects.filter(user__in=ids).exclude(state=Participant.State.DECLINED)
    return Q(owner__in=ids) | Q(pk__in=joins.values("task"))


def items(reader: Any, ids: Sequence[int], start: datetime, end: datetime) -> list[Item]:
    """The activities of these people that the reader may see, in order."""
    bound = bound_for(reader)
    readable = bound.readable(["due_at", "ends_at"])
    if not bound.can("view") or len(readable) < 2:
        return []
    rows = bound.records().filter(of_people(ids), on_calendar(start, end)).exclude(status=Task.Status.CANCELLED)
    found = list(rows.select_related("owner").only(*OF_ITEM).order_by("due_at", "pk")[:MOST])
    shown = {name: next(iter(bound.visible([name])), None) for name in ("subject", "place", "kind", "owner")}
    free = all(policy.field_mode(reader, [(LABEL, name)]) is None for name in ("due_at", "ends_at", "all_day"))
    may = bound.reachable([task.pk for task in found], "change") if free and bound.can("change") else set()
    people = _people(found, ids)

    def text(name: str, task: Task) -> str:
        bound_field = shown[name]
        return bound_field.text(task) if bound_field is not None else ""

    return [
        Item(
            task,
            text("subject", task) or text("kind", task) or "–",
            text("place", task),
            task.kind if shown["kind"] is not None and not shown["kind"].masked else "task",
            task.pk in may and task.is_open,
            text("owner", task),
            frozenset(people[task.pk]),
        )
        for task in found
    ]


def _people(tasks: Sequence[Task], ids: Sequence[int]) -> dict[int, set[int]]:
    """In whose calendars, of these people's, each activity stands."""
    wanted, found = set(ids), defaultdict(set)
    for task in tasks:
        if task.owner_id in wanted:
            found[task.pk].add(task.owner_id)
    joins = Participant.objects.filter(task__in=tasks, user__in=ids).exclude(state=Participant.State.DECLINED)
    for task_id, user_id in joins.values_list("task_id", "user_id"):
        found[task_id].add(user_id)
    return found


def busy(reader: Any, ids: Sequence[int], start: datetime, end: datetime) -> dict[int, list[Span]]:
    """When these people are taken by activities that the reader may not see: spans alone, joined where they touch."""
    bound = bound_for(reader)
    if not bound.can("view"):
        return {}
    taken: QuerySet = Task.objects.filter(of_people(ids), deleted_at__isnull=True, due_at__lt=end, ends_at__gt=start)
    spanning = taken.exclude(status=Task.Status.CANCELLED).only("owner", "due_at", "ends_at")
    rows = list(spanning.order_by("due_at")[:MOST])
    seen = bound.reachable([task.pk for task in rows], "view")
    found = [task for task in rows if task.pk not in seen]
    people = _people(found, ids)
    spans: dict[int, list[Span]] = defaultdict(list)
    for task in found:
        for person in people[task.pk]:
            spans[person].append((max(task.due_at, start), min(task.ends_at, end)))
    return {person: _joined(own) for person, own in spans.items()}


def _joined(spans: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def agenda(reader: Any, ids: Sequence[int], first: date, last: date) -> list[Day]:
    """Day by day what stands in the calendars, days with nothing left out; an activity of several days stands on each."""
    start, end = days_of(first, last)
    days = {first + timedelta(days=n): Day(first + timedelta(days=n)) for n in range((last - first).days + 1)}
    for item in items(reader, ids, start, end):
        for day in covered(item.start, item.end):
            if day in days:
                days[day].items.append(item)
    for spans in busy(reader, ids, start, end).values():
        for one in spans:
            for day in covered(*one):
                if day in days:
                    days[day].busy.append(one)
    return [day for day in days.values() if day.items or day.busy]


def covered(start: datetime, end: datetime | None) -> list[date]:
    """The local days from a beginning to an end, which is not part of it."""
    first = timezone.localdate(start)
    last = timezone.localdate(end - timedelta(microseconds=1)) if end else first
    return [first + timedelta(days=n) for n in range(min((last - first).days, 366) + 1)]


def team_week(reader: Any, people: Sequence[User], first: date) -> list[tuple[User, list[Day]]]:
    """A week of several people: a row each, seven days each."""
    ids = [person.pk for person in people]
    start, end = days_of(first, first + timedelta(days=6))
    found, taken = items(reader, ids, start, end), busy(reader, ids, start, end)
    rows = []
    for person in people:
        days = {first + timedelta(days=n): Day(first + timedelta(days=n)) for n in range(7)}
        for item in found:
            if person.pk in item.people:
                for day in covered(item.start, item.end):
                    if day in days:
                        days[day].items.append(item)
        for one in taken.get(person.pk, ()):
            for day in covered(*one):
                if day in days:
                    days[day].busy.append(one)
        rows.append((person, list(days.values())))
    return rows


def colleagues(reader: Any) -> list[User]:
    """The people whose calendars lie near: those of one's teams, of the departments one leads, and who report to one."""
    access = policy.access_of(reader)
    near = Q(pk__in=access.team_ids) | Q(manager=reader) | Q(pk=reader.pk)
    if reader.department_id:
        near |= Q(department__path__startswith=reader.department.path)
    return list(User.objects.filter(near, is_active=True).select_related("department").order_by("name", "pk")[:200])


def teams(reader: Any) -> list[Team]:
    """The teams that one is in."""
    return list(Team.objects.filter(members=reader))
