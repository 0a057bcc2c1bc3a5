"""Conditions that admins write for the program itself: over every field of an entity, read by nobody in particular."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from crm.fields.conditions import Group, Reader, parse
from crm.fields.field import AnyField

NOTHING = Q(pk__in=[])
EVERYTHING = Q(pk__isnull=False)


def ruled(model: type[models.Model], data: Any) -> Group:
    """A stored condition over all fields of ``model``; ConditionError where it can't be understood (any more)."""
    return parse(data or {"all": []}, AnyField(model))


def ruled_q(model: type[models.Model], data: Any, now: datetime) -> Q:
    """The same as a Q, never empty: what asks nothing holds always, what can't be understood holds never."""
    try:
        return ruled(model, data).q(Reader(0, (), now)) or EVERYTHING
    except ValidationError:
        return NOTHING
