"""Operators applied to one value in memory, with the verdict that PostgreSQL gives on a stored row."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import models

from crm.fields.periods import bounds, days_of
from crm.fields.trees import below

_WORDS = frozenset({"text", "longtext", "email", "url", "phone", "choice", "sealed"})


@dataclass(frozen=True)
class Reader:
    """For whom and when a condition is read: “me”, “my team”, “this month”. It lives for one piece of work."""

    user_id: int
    team_ids: tuple[int, ...]
    now: datetime
    _below: dict[tuple, tuple] = field(default_factory=dict, compare=False, repr=False)

    def below(self, source: models.Field, ids: tuple[Any, ...]) -> tuple[Any, ...]:
        """The nodes ``ids`` of a tree and all below them, asked of the database once."""
        key = (source, ids)
        if key not in self._below:
            self._below[key] = tuple(pk for (pk,) in below(source, ids).values_list("pk"))
        return self._below[key]


def holds(kind: str, op: str, value: Any, given: tuple[Any, ...], reader: Reader) -> bool:
    """Whether a stored ``value`` of ``kind`` passes ``op`` with the ``given`` cleaned values."""
    empty = value is None or (kind in _WORDS and value == "")
    match op:
        case "empty":
            return empty
        case "filled":
            return not empty
        case "not":
            return value != given[0]
        case "not_in":
            return not _among(value, given)
    return value is not None and _positive(kind, op, value, given, reader)


def _positive(kind: str, op: str, value: Any, given: tuple[Any, ...], reader: Reader) -> bool:
    match op:
        case "contains":
            return _upper(given[0]) in _upper(value)
        case "starts":
            return _upper(value).startswith(_upper(given[0]))
        case "is" | "eq":
            return value == given[0]
        case "in":
            return _among(value, given)
        case "all":
            return set(given) <= set(value)
        case "me":
            return value == reader.user_id
        case "my_team":
            return value in reader.team_ids
    if kind == "datetime":
        return _in_days(op, value, given, reader)
    match op:
        case "gte":
            return value >= given[0]
        case "lte":
            return value <= given[0]
    first, last = given if op == "between" else bounds(op, given, reader.now)
    return (first is None or value >= first) and value <= last


def _among(value: Any, given: tuple[Any, ...]) -> bool:
    """Whether the value, or one of several, is among those given."""
    return not set(given).isdisjoint(value) if isinstance(value, list) else value in given


def _in_days(op: str, value: datetime, given: tuple[Any, ...], reader: Reader) -> bool:
    if op == "gte":
        return value >= days_of(given[0])[0]
    if op == "lte":
        return value < days_of(given[0])[1]
    if op == "full_days":
        return value <= reader.now - timedelta(days=given[0])
    first, last = bounds(op, given, reader.now)
    start, end = days_of(first or last, last)
    return (first is None or value >= start) and value < end


def _upper(text: str) -> str:
    """Upper case letter by letter, as the database compares without case: “ß” stays itself."""
    return "".join(up if len(up := letter.upper()) == 1 else letter for letter in str(text))
