"""Which records go back to a pool, when, and why: judged set-wise for whole rules, the same for one record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import Case, Q, QuerySet, Value, When

from crm.entities.entity import registry
from crm.fields.conditions import Group, Reader
from crm.lib.worktime import WorkTime
from crm.ownership.anchors import Anchor, anchor_of, later
from crm.ownership.membership import people_of
from crm.ownership.models import RecycleRule, RecycleVerdict
from crm.ownership.pools import read
from crm.reference.calendars import worktime_of
from crm.users.models import User

Unit = RecycleRule.Unit
Verdict = RecycleVerdict.Verdict
# So many days back at most it is sought from when on nothing can be over yet.
FAR = 3660


@dataclass(frozen=True)
class Due:
    """A record of a rule: what is counted from, when it goes to the pool, and whether it is exempt."""

    record_id: int
    owner_id: int
    anchor: datetime
    at: datetime
    exempt: bool


@dataclass
class Calendars:
    """The working time of owners, looked up once a department."""

    known: dict[int | None, WorkTime] = field(default_factory=dict)
    departments: dict[int, int | None] = field(default_factory=dict)
    ends: dict[tuple, datetime] = field(default_factory=dict)

    def due(self, rule: RecycleRule, owner_id: int, anchor: datetime) -> datetime:
        """The moment at which what was counted from ``anchor`` is over."""
        if rule.unit == Unit.DAYS:
            return anchor + timedelta(days=rule.days)
        work = self._of(owner_id)
        if rule.unit == Unit.WORKING_HOURS:
            return work.after(anchor, timedelta(hours=rule.days))
        key = (id(work), rule.days, anchor.astimezone(work.zone).date())
        if key not in self.ends:
            self.ends[key] = work.days_after(anchor, rule.days)
        return self.ends[key]

    def latest(self, rule: RecycleRule, owner_id: int, moment: datetime) -> datetime:
        """What is counted from later than this is not over by ``moment``: so that most rows need no reckoning of their own."""
        if rule.unit != Unit.WORKING_HOURS:
            return moment
        work = self._of(owner_id)
        key = (id(work), rule.days, moment)
        if key not in self.ends:
            early, late = moment - timedelta(days=FAR), moment
            while late - early > timedelta(seconds=1):
                middle = early + (late - early) / 2
                over = work.after(middle, timedelta(hours=rule.days)) <= moment
                early, late = (middle, late) if over else (early, middle)
            self.ends[key] = late
        return self.ends[key]

    def _of(self, owner_id: int) -> WorkTime:
        if not self.departments:
            self.departments = dict(User.objects.values_list("pk", "department_id"))
        department = self.departments.get(owner_id)
        if department not in self.known:
            self.known[department] = worktime_of(User.objects.select_related("department").get(pk=owner_id))
        return self.known[department]


class Judge:
    """One rule at a moment: which records it is about, and when each is due."""

    def __init__(self, rule: RecycleRule, now: datetime, calendars: Calendars | None = None) -> None:
        self.rule, self.now, self.pool = rule, now, rule.pool
        self.calendars = calendars or Calendars()
        self.entity = registry.get(self.pool.entity)
        self.reader = Reader(0, (), now)

    @cached_property
    def anchor(self) -> Anchor | None:
        return anchor_of(self.pool.entity, self.rule.counted_from) if self.entity is not None else None

    @cached_property
    def conditions(self) -> list[Group | None]:
        """What must hold, then what exempts; None for one that can't be understood any more."""
        stored = [self.pool.condition, self.rule.condition, *([self.entity.workload] if self.entity.workload else [])]
        return [read(self.pool.entity, one) for one in stored]

    @cached_property
    def exempt(self) -> Group | None:
        """Who is spared; an exemption that can't be understood spares all."""
        return read(self.pool.entity, self.rule.exempt) if self.rule.exempt else None

    @property
    def sound(self) -> bool:
        """Whether the rule can be understood at all: else it does nothing."""
        if self.anchor is None or None in self.conditions:
            return False
        return not self.rule.exempt or self.exempt is not None

    @property
    def spares(self) -> Q | None:
        """The condition of what is exempt; an empty exemption spares nobody."""
        return self.exempt.q(self.reader) if self.exempt is not None and self.exempt.nodes else None

    def rows(self) -> QuerySet:
        """The owned records that the rule is about, each with its ``anchor`` and whether it is ``spared``."""
        people = list(people_of([self.pool.pk]).values_list("pk", flat=True))
        model = self.entity.model
        rows = model._base_manager.filter(owner__in=people, deleted_at__isnull=True)
        rows = rows.filter(self.anchor.only)
        for group in self.conditions:
            rows = rows.filter(group.q(self.reader))
        spares = self.spares
        spared = Case(When(spares, then=Value(True)), default=Value(False)) if spares is not None else Value(False)
        return rows.annotate(anchor=self.anchor.of(model), spared=spared)

    def perhaps_by(self, moment: datetime) -> QuerySet:
        """Those that can be due by ``moment`` at all; which of them are is reckoned one by one."""
        soonest = {
            Unit.DAYS: timedelta(days=self.rule.days),
            Unit.WORKING_DAYS: timedelta(days=self.rule.days - 1),
            Unit.WORKING_HOURS: timedelta(hours=self.rule.days),
        }[Unit(self.rule.unit)]
        last = moment - soonest
        return self.rows().filter(held_since__lte=last, anchor__lte=last)

    def due_by(self, moment: datetime, rows: QuerySet | None = None) -> Iterator[Due]:
        """The records that go to the pool by ``moment``, exempt ones among them."""
        found = (self.perhaps_by(moment) if rows is None else rows).values_list(
            "pk", "owner_id", "held_since", "anchor", "spared"
        )
        for pk, owner, held, value, spared in found.order_by().iterator(chunk_size=5000):
            since = later(held, value)
            if since > self.calendars.latest(self.rule, owner, moment):
                continue
            at = self.calendars.due(self.rule, owner, since)
            if at <= moment:
                yield Due(pk, owner, since, at, bool(spared))

    @property
    def warns_until(self) -> datetime:
        """What is due by then is warned of now."""
        return self.now + timedelta(days=self.rule.warn_days)


@dataclass
class Outlook:
    """What a rule would do now: dry run, nothing is written."""

    due: int = 0
    soon: int = 0
    exempt: int = 0
    about: int = 0
    first: list[Due] = field(default_factory=list)


def outlook(rule: RecycleRule, now: datetime, shown: int = 20) -> Outlook:
    """How many records a rule would take, warn of and spare at this moment."""
    judge, found = Judge(rule, now), Outlook()
    if not judge.sound:
        return found
    found.about = judge.rows().count()
    for due in judge.due_by(judge.warns_until):
        if due.exempt:
            found.exempt += due.at <= now
        elif due.at <= now:
            found.due += 1
            if len(found.first) < shown:
                found.first.append(due)
        else:
            found.soon += 1
    return found


def without_verdict(dues: Sequence[Due], rule: RecycleRule, verdict: str) -> list[Due]:
    """Those about which the rule has not given the verdict yet for the moment they count from."""
    given = RecycleVerdict.objects.filter(rule=rule, verdict=verdict, record_id__in=[due.record_id for due in dues])
    known = set(given.values_list("record_id", "counted_from"))
    return [due for due in dues if (due.record_id, due.anchor) not in known]
