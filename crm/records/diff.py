"""Comparing and carrying field values of records as JSON."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import cache
from typing import Any, cast
from uuid import UUID

from django.db import models

# Bookkeeping that says nothing about the record itself.
_SILENT = {"id", "created_at", "created_by", "updated_at", "updated_by", "version", "deleted_at", "department"}
# Values that admins define stand in one JSON column; history names each of them: "custom.grade".
CUSTOM, PREFIX = "custom", "custom."
# Which of a model's custom values are computed from others and so no history. Filled by the room that computes them.
computed_codes: list[Callable[[type[models.Model]], frozenset[str]]] = []


@cache
def logged_fields(model: type[models.Model]) -> tuple[models.Field, ...]:
    """Concrete fields whose changes are history."""
    silent = _SILENT | {*getattr(model, "derived", ()), *getattr(model, "prepared", ())}
    return tuple(f for f in model._meta.concrete_fields if f.name not in silent and not f.generated)


def plain(value: Any) -> Any:
    """A JSON value that compares equal exactly when the field values do.

    The database gives moments back in UTC and knows no minus zero: what it will be read back as is what history says.
    """
    if isinstance(value, Decimal):
        return str(abs(value) if value.is_zero() else value)
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return value.astimezone(datetime.UTC).isoformat()
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta | UUID):
        return str(value)
    return value


def value_of(record: models.Model, field: models.Field) -> Any:
    """The stored value of one field as JSON, normalised by the field itself (a typed "10" becomes "10.00")."""
    raw = getattr(record, field.attname)
    if getattr(field, "sealed", False):  # the log is no place for what is kept encrypted
        return field.get_prep_value(raw)
    if isinstance(field, models.DecimalField) and raw is not None:
        raw = Decimal(raw).quantize(Decimal(1).scaleb(-field.decimal_places))
    elif isinstance(raw, str) and isinstance(field, models.DateField | models.IntegerField | models.BooleanField):
        raw = field.to_python(raw)
    return plain(raw)


def value_at(record: models.Model, name: str) -> Any:
    """The stored value under the name that history gives it, as JSON; FieldDoesNotExist when there is no such name."""
    if name.startswith(PREFIX):
        return (getattr(record, CUSTOM, None) or {}).get(name.removeprefix(PREFIX))
    return value_of(record, cast(models.Field, record._meta.get_field(name)))


def differs_at(before: models.Model, after: models.Model, name: str) -> bool:
    """Whether ``value_at`` gives two values."""
    if not name.startswith(PREFIX) and _alike(before, after, cast(models.Field, after._meta.get_field(name))):
        return False
    return value_at(before, name) != value_at(after, name)


def _alike(before: models.Model, after: models.Model, field: models.Field) -> bool:
    """Whether the values are the same as they stand; mostly so, and only others have to be normalised to be compared."""
    was, now = getattr(before, field.attname), getattr(after, field.attname)
    return type(was) is type(now) and was == now


def set_at(record: models.Model, name: str, value: Any) -> None:
    """Put back what ``value_at`` gave; ValidationError when a column can't hold it any more."""
    if name.startswith(PREFIX):
        rest = {code: kept for code, kept in record.custom.items() if code != name.removeprefix(PREFIX)}
        record.custom = rest if value is None else {**rest, name.removeprefix(PREFIX): value}
        return
    field = record._meta.get_field(name)
    setattr(record, field.attname, field.to_python(value) if value is not None else None)


def columns_of(names: Iterable[str]) -> list[str]:
    """The columns that hold the named values."""
    return list(dict.fromkeys(CUSTOM if name.startswith(PREFIX) else name for name in names))


def diff(before: models.Model, after: models.Model) -> dict[str, list]:
    """``{field: [old, new]}`` for every logged field that differs."""
    changes: dict[str, list] = {}
    for field in logged_fields(type(after)):
        if _alike(before, after, field):
            continue
        old, new = value_of(before, field), value_of(after, field)
        if old == new:
            continue
        if field.name == CUSTOM:
            changes |= _custom_diff(before, after)
        else:
            changes[field.name] = [old, new]
    return changes


def _custom_diff(before: Any, after: Any) -> dict[str, list]:
    """The custom values that differ, each by its own name; computed ones are taken over from the stored row."""
    computed = frozenset().union(*(codes(type(after)) for codes in computed_codes))
    if computed:
        kept = {code: value for code, value in before.custom.items() if code in computed}
        after.custom = {code: value for code, value in after.custom.items() if code not in computed} | kept
    return {
        PREFIX + code: [before.custom.get(code), after.custom.get(code)]
        for code in sorted({*before.custom, *after.custom} - computed)
        if before.custom.get(code) != after.custom.get(code)
    }
