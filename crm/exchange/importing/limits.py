"""What the database would refuse, told without asking it: CHECK constraints evaluated in Python, row by row."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.db import models
from django.db.models import CheckConstraint, F, Q

Check = Callable[[models.Model], bool | None]

_LOOKUPS: dict[str, Callable[[Any, Any], bool]] = {
    "exact": lambda value, wanted: value == wanted,
    "gte": lambda value, wanted: value >= wanted,
    "gt": lambda value, wanted: value > wanted,
    "lte": lambda value, wanted: value <= wanted,
    "lt": lambda value, wanted: value < wanted,
    "range": lambda value, wanted: wanted[0] <= value <= wanted[1],
    "in": lambda value, wanted: value in wanted,
}


@cache
def checks_of(model: type[models.Model]) -> tuple[tuple[Check, CheckConstraint], ...]:
    """Each CHECK that can be evaluated here; the others are left to the database."""
    constraints = [c for c in model._meta.constraints if isinstance(c, CheckConstraint)]
    return tuple((check, c) for c in constraints if (check := _compile(model, c.condition)))


def broken(record: models.Model) -> str | None:
    """The message of the first CHECK that the record breaks; an unknown result passes, as in SQL."""
    found = (constraint for check, constraint in checks_of(type(record)) if check(record) is False)
    return next((str(constraint.get_violation_error_message()) for constraint in found), None)


def _compile(model: type[models.Model], condition: Any) -> Check | None:
    if not isinstance(condition, Q):
        return None
    parts = [
        _leaf(model, *child) if isinstance(child, tuple) else _compile(model, child) for child in condition.children
    ]
    if any(part is None for part in parts):
        return None
    joined = _all(parts) if condition.connector == Q.AND else _any(parts)
    return _not(joined) if condition.negated else joined


def _leaf(model: type[models.Model], path: str, wanted: Any) -> Check | None:
    name, _separator, lookup = path.partition("__")
    if (
        name == "pk"
        or name not in {f.name for f in model._meta.concrete_fields}
        or isinstance(wanted, F | models.Expression)
    ):
        return None
    attname = model._meta.get_field(name).attname
    if lookup == "isnull":
        return lambda record: (getattr(record, attname) is None) == wanted
    test = _LOOKUPS.get(lookup or "exact")
    if test is None:
        return None
    return lambda record: None if (value := getattr(record, attname)) is None else test(value, wanted)


def _all(parts: list[Check]) -> Check:
    def check(record: models.Model) -> bool | None:
        results = [part(record) for part in parts]
        return False if False in results else None if None in results else True

    return check


def _any(parts: list[Check]) -> Check:
    def check(record: models.Model) -> bool | None:
        results = [part(record) for part in parts]
        return True if True in results else None if None in results else False

    return check


def _not(part: Check) -> Check:
    def check(record: models.Model) -> bool | None:
        result = part(record)
        return None if result is None else not result

    return check
