"""The one filter language: field, operator, value, joined by all (AND) and any (OR).

Stored as JSON: ``{"all": [{"field": "amount", "op": "gte", "value": "1000"}, {"any": [...]}]}``. Used by lists, saved
views and, later, segments, rules and reports. Only a Condition makes a ``Q``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from crm.fields.field import Field
from crm.fields.holding import Reader, holds
from crm.fields.kinds import arity
from crm.fields.periods import days_of, period
from crm.fields.trees import UNDER, below

MAX_DEPTH, MAX_TESTS, MAX_VALUES = 5, 50, 500


class ConditionError(ValidationError):
    """A condition that can't be understood; ``field`` is the name it stumbled over."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Test:
    """One field compared with cleaned values."""

    __test__ = False  # pytest takes the name for a test

    field: Field
    op: str
    values: tuple[Any, ...]

    def q(self, reader: Reader) -> Q:
        """The rows of which it is true; where the field's value may not be known it is never so."""
        found = self._plain(reader)
        return found if self.field.guard is None else found & self.field.guard

    def _plain(self, reader: Reader) -> Q:
        field, values = self.field, self.values
        match self.op:
            case "contains":
                return field.q("icontains", values[0])
            case "starts":
                return field.q("istartswith", values[0])
            case "is" | "eq":
                return field.q("exact", values[0])
            case "not":
                return field.differs("exact", values[0])
            case "gte" | "lte":
                return self._bound()
            case "between" if field.kind != "datetime":
                return field.q("gte", values[0]) & field.q("lte", values[1])
            case "in":
                return field.q("in", values)
            case "not_in":
                return field.differs("in", values)
            case "under":
                return field.q("in", below(field.source, values))
            case "not_under":
                return field.differs("in", below(field.source, values))
            case "all":
                return field.q("all", values)
            case "me":
                return field.q("exact", reader.user_id)
            case "my_team":
                return field.q("in", reader.team_ids)
            case "empty":
                return field.empty()
            case "filled":
                return ~field.empty()
        return period(field, self.op, values, reader.now)

    def holds(self, record: Any, reader: Reader) -> bool:
        """Whether the test is true of ``record`` as it stands in memory; the same verdict as ``q`` gives on the stored row."""
        op, values = self.op, self.values
        if op in UNDER:
            op, values = "in" if op == "under" else "not_in", reader.below(self.field.source, values)
        return holds(self.field.kind, op, self.field.raw(record), values, reader)

    def _bound(self) -> Q:
        value = self.values[0]
        if self.field.kind == "datetime":
            start, end = days_of(value)
            return self.field.q("gte", start) if self.op == "gte" else self.field.q("lt", end)
        return self.field.q(self.op, value)


@dataclass(frozen=True)
class Group:
    """Several conditions of which all or any must hold; an empty group holds always."""

    nodes: tuple[Any, ...]
    any: bool = False

    def q(self, reader: Reader) -> Q:
        joined = Q()
        for node in self.nodes:
            joined = joined | node.q(reader) if self.any else joined & node.q(reader)
        return joined

    def holds(self, record: Any, reader: Reader) -> bool:
        """Whether all or any of the conditions are true of ``record``; an empty group holds always."""
        verdicts = (node.holds(record, reader) for node in self.nodes)
        return any(verdicts) if self.any and self.nodes else all(verdicts)

    def tests(self) -> list[Test]:
        """Every test in it, flat."""
        return [t for n in self.nodes for t in (n.tests() if isinstance(n, Group) else [n])]


def parse(data: Any, fields: Mapping[str, Field], depth: int = 0) -> Group:
    """Read stored JSON against the fields the reader may filter by; ConditionError names what does not fit."""
    if depth > MAX_DEPTH or not isinstance(data, dict) or len(data) != 1 or next(iter(data)) not in {"all", "any"}:
        raise ConditionError("", _("The condition is not complete."))
    joiner, items = next(iter(data.items()))
    if not isinstance(items, list) or len(items) > MAX_TESTS:
        raise ConditionError("", _("The condition is not complete."))
    nodes = [
        parse(item, fields, depth + 1)
        if isinstance(item, dict) and ("all" in item or "any" in item)
        else _parse_test(item, fields)
        for item in items
    ]
    return Group(tuple(nodes), any=joiner == "any")


def _parse_test(item: Any, fields: Mapping[str, Field]) -> Test:
    if not isinstance(item, dict) or not isinstance(item.get("field"), str):
        raise ConditionError("", _("The condition is not complete."))
    field = fields.get(item["field"])
    if field is None:
        raise ConditionError(
            item["field"], _("There is no field “%(name)s” to filter by.") % {"name": item["field"][:100]}
        )
    return make_test(field, item.get("op") or field.operators[0], item.get("value"))


def make_test(field: Field, op: str, raw: Any) -> Test:
    """A test from raw values: one, or a list of them; ConditionError when the operator or a value does not fit the field."""
    if op not in field.operators:
        raise ConditionError(field.name, _("“%(field)s” can't be compared that way.") % {"field": field.label})
    takes = arity(op)
    values = raw if isinstance(raw, list) else [raw]
    if takes == 0:
        return Test(field, op, ())
    if takes == "many":
        values = [v for v in values if v not in ("", None)]
    expected = 1 <= len(values) <= MAX_VALUES if takes == "many" else len(values) == takes
    if not expected or any(v in ("", None) for v in values):
        raise ConditionError(field.name, _("Enter a value for “%(field)s”.") % {"field": field.label})
    return Test(field, op, tuple(_clean(field, op, value) for value in values))


def _clean(field: Field, op: str, raw: Any) -> Any:
    try:
        if op.endswith("_days"):
            days = int(raw)
            if not 0 <= days <= 36500:
                raise ValueError(raw)
            return days
        if field.kind == "datetime":
            return _day(raw)
        value = field.clean(raw)
    except (ValidationError, ValueError, TypeError, OverflowError) as error:
        raise ConditionError(
            field.name, _("“%(value)s” does not fit “%(field)s”.") % {"value": str(raw)[:50], "field": field.label}
        ) from error
    if field.kind in {"choice", "multichoice"} and value not in dict(field.source.flatchoices):
        raise ConditionError(
            field.name, _("“%(value)s” does not fit “%(field)s”.") % {"value": str(raw)[:50], "field": field.label}
        )
    return value


def _day(raw: Any) -> Any:
    day = datetime.fromisoformat(str(raw)).date()
    if not 1900 <= day.year <= 2200:
        raise ValueError(raw)
    return day
