"""Choosing an owner by rule: who can take the record, whose turn it is, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Count, Max
from django.utils.timezone import localtime

from crm.entities.entity import registry
from crm.fields.conditions import Group, Reader, parse
from crm.fields.field import resolve
from crm.ownership.measures import factors
from crm.ownership.models import AssignmentMember, AssignmentRule, Pool
from crm.ownership.pools import is_pooled
from crm.records.models import Record
from crm.reference.calendars import worktime_of
from crm.users.models import User, away

# Why somebody was passed over, as kept in the log; said in words by the timeline.
INACTIVE, AWAY, FULL, DAY_FULL, OFF_HOURS, LATER = "inactive", "away", "full", "day_full", "off_hours", "later"


@dataclass
class Decision:
    """Who gets a record, or which pool, by which rule, and how everybody asked fared: ``{"user", "why", "open", "share"}``."""

    user: User | None = None
    pool: Pool | None = None
    rule: AssignmentRule | None = None
    fallback: bool = False
    passed: list[str] = field(default_factory=list)
    people: list[dict[str, Any]] = field(default_factory=list)

    def explained(self) -> dict[str, Any]:
        """As the entry of the assignment keeps it."""
        rule = self.rule
        return {
            "rule": rule.name if rule else "",
            "rule_id": rule.pk if rule else None,
            "strategy": rule.strategy if rule else "",
            "fallback": self.fallback,
            "passed": self.passed,
            "people": self.people[:20],
        }


class Chooser:
    """Decides for many records of one entity inside one transaction; the rules are locked, so that turns are never doubled."""

    def __init__(self, label: str, now: datetime, when: Iterable[str] = AssignmentRule.When.values) -> None:
        self.now, self.entity = now, registry[label]
        rules = AssignmentRule.objects.select_for_update(of=("self",)).select_related("fallback", "fallback_pool")
        rules = rules.filter(entity=label, active=True, when__in=list(when)).order_by("position", "id")
        self.rules = [Rule(rule, self) for rule in rules]

    @cached_property
    def away(self) -> dict[int, int | None]:
        return away(self.now)

    @cached_property
    def reader(self) -> Reader:
        return Reader(0, (), self.now)

    def choose(self, record: Record) -> Decision:
        """The decision for one record; without a user when no rule finds anybody."""
        passed = []
        for rule in self.rules:
            if not rule.fits(record):
                passed.append(rule.model.name)
                continue
            decision = rule.choose()
            decision.passed = passed
            if decision.user or decision.pool:
                return decision
            passed.append(rule.model.name)
        return Decision(passed=passed)

    def keep(self) -> None:
        """Write what was given; call it once, at the end, in the same transaction."""
        changed = [member for rule in self.rules for member in rule.touched.values()]
        AssignmentMember.objects.bulk_update(changed, ["given", "given_on", "given_that_day", "last_turn"])


class Rule:
    """One rule at work: its people with what they hold now."""

    def __init__(self, model: AssignmentRule, chooser: Chooser) -> None:
        self.model, self.chooser = model, chooser
        self.touched: dict[int, AssignmentMember] = {}

    @cached_property
    def condition(self) -> Group | None:
        """The rule's condition; None when it can't be understood any more: such a rule never fits."""
        entity = self.chooser.entity
        names = dict.fromkeys([*entity.filters, *entity.sortable])
        try:
            return parse(self.model.condition or {"all": []}, {name: resolve(entity.model, name) for name in names})
        except ValidationError:
            return None

    def fits(self, record: Record) -> bool:
        return self.condition is not None and self.condition.holds(record, self.chooser.reader)

    @cached_property
    def members(self) -> list[AssignmentMember]:
        members = list(self.model.members.select_related("user__department").order_by("position", "id"))
        for member in members:
            if member.given_on != self._today:
                member.given_that_day = 0
        return members

    @cached_property
    def open(self) -> dict[int, int]:
        """Person → how many records of the entity they have to work on."""
        entity, ids = self.chooser.entity, [member.user_id for member in self.members]
        rows = entity.model._base_manager.filter(owner__in=ids, deleted_at__isnull=True)
        if entity.workload:
            fields = {name: resolve(entity.model, name) for name in entity.filters}
            rows = rows.filter(parse(entity.workload, fields).q(self.chooser.reader))
        found = dict(rows.values_list("owner").annotate(Count("pk")))
        return {pk: found.get(pk, 0) for pk in ids}

    @cached_property
    def shares(self) -> dict[int, Decimal]:
        """Person → weight times performance."""
        ids = [member.user_id for member in self.members]
        by = factors(self.model.measure, ids, self.chooser.now)
        return {member.user_id: member.weight * by[member.user_id] for member in self.members}

    @cached_property
    def at_work(self) -> dict[int, bool]:
        """Person → whether it is their working time now."""
        now = self.chooser.now
        return {member.user_id: worktime_of(member.user).is_working(now) for member in self.members}

    @cached_property
    def turn(self) -> int:
        return self.model.members.aggregate(last=Max("last_turn"))["last"] or 0

    @property
    def _today(self) -> Any:
        return localtime(self.chooser.now).date()

    def choose(self) -> Decision:
        """Who of the rule's people gets the next record."""
        decision = Decision(rule=self.model)
        able = []
        for member in self.members:
            why = self._why_not(member)
            decision.people.append(self._line(member, why or LATER))
            if not why:
                able.append(member)
        if able:
            chosen = min(able, key=self._order)
            decision.user = chosen.user
            self._give(chosen)
            next(line for line in decision.people if line["id"] == chosen.user_id)["why"] = "chosen"
        elif self.model.fallback and self.model.fallback.is_active:
            decision.user, decision.fallback = self.model.fallback, True
        elif self.model.fallback_pool and is_pooled(self.chooser.entity.model):
            decision.pool, decision.fallback = self.model.fallback_pool, True
        return decision

    def _why_not(self, member: AssignmentMember) -> str:
        if not member.user.is_active:
            return INACTIVE
        if member.user_id in self.chooser.away:
            return AWAY
        if member.capacity is not None and self.open[member.user_id] >= member.capacity:
            return FULL
        if member.per_day is not None and member.given_that_day >= member.per_day:
            return DAY_FULL
        if self.model.working_hours and not self.at_work[member.user_id]:
            return OFF_HOURS
        return ""

    def _order(self, member: AssignmentMember) -> tuple:
        """The smallest is next: whose turn was longest ago, who has least to do, who is furthest behind their share."""
        turn = (member.last_turn, member.position, member.pk)
        match self.model.strategy:
            case AssignmentRule.Strategy.LEAST_BUSY:
                return (self.open[member.user_id], *turn)
            case AssignmentRule.Strategy.WEIGHTED:
                return ((member.given + 1) / self.shares[member.user_id], *turn)
        return turn

    def _line(self, member: AssignmentMember, why: str) -> dict[str, Any]:
        line: dict[str, Any] = {"id": member.user_id, "user": str(member.user), "why": why}
        if self.model.strategy == AssignmentRule.Strategy.LEAST_BUSY or member.capacity is not None:
            line["open"] = self.open[member.user_id]
        if self.model.strategy == AssignmentRule.Strategy.WEIGHTED:
            line |= {"given": member.given, "share": str(round(self.shares[member.user_id], 2))}
        return line

    def _give(self, member: AssignmentMember) -> None:
        self.turn += 1
        member.last_turn, member.given = self.turn, member.given + 1
        member.given_on, member.given_that_day = self._today, member.given_that_day + 1
        self.open[member.user_id] = self.open.get(member.user_id, 0) + 1
        self.touched[member.pk] = member
