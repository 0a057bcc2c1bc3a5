"""Comparing and carrying field values of records as JSON."""

from __future__ import annotations

import datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from django.db import models

# Bookkeeping that says nothing about the record itself.
_SILENT = {"id", "created_at", "created_by", "updated_at", "updated_by", "version", "deleted_at", "department"}


@cache
def logged_fields(model: type[models.Model]) -> tuple[models.Field, ...]:
    """Concrete fields whose changes are history."""
    silent = _SILENT | {*getattr(model, "derived", ()), *getattr(model, "prepared", ())}
    return tuple(f for f in model._meta.concrete_fields if f.name not in silent and not f.generated)


def plain(value: Any) -> Any:
    """A JSON value that compares equal exactly when the field values do."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta | UUID):
        return str(value)
    return value


def value_of(record: models.Model, field: models.Field) -> Any:
    """The stored value of one field as JSON, normalised by the field itself (a typed "10" becomes "10.00")."""
    raw = getattr(record, field.attname)
    if isinstance(field, models.DecimalField) and raw is not None:
        raw = Decimal(raw).quantize(Decimal(1).scaleb(-field.decimal_places))
    elif isinstance(raw, str) and isinstance(field, models.DateField | models.IntegerField):
        raw = field.to_python(raw)
    return plain(raw)


def diff(before: models.Model, after: models.Model) -> dict[str, list]:
    """``{field: [old, new]}`` for every logged field that differs."""
    changes = {}
    for field in logged_fields(type(after)):
        old, new = value_of(before, field), value_of(after, field)
        if old != new:
            changes[field.name] = [old, new]
    return changes
