"""Conditions of processes and routes, read as the company reads them: administrators wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.access import policy
from crm.fields.conditions import parse
from crm.fields.field import AnyField
from crm.fields.holding import Reader
from crm.records.models import Record
from crm.users.models import User


def holds(stored: Mapping[str, Any] | None, record: Record, reader: User | None, *, unread: bool) -> bool:
    """Whether a stored condition is true of the record; ``unread`` is the verdict where it can't be read any more."""
    if not stored:
        return True
    try:
        group = parse(stored, AnyField(type(record)))
    except ValidationError:
        return unread
    teams = policy.access_of(reader).team_ids if reader is not None else ()
    return group.holds(record, Reader(reader.pk if reader is not None else 0, teams, timezone.now()))
