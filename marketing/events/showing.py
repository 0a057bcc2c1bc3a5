"""What somebody did, as their page tells it: by the day, the pages that they looked at folded into one line."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.utils.timezone import localtime

from crm.entities.bound import BoundEntity
from crm.lib.phone import mask_email, mask_phone
from crm.records.models import Record
from marketing.models import BehaviourEvent, IdentityLink

SHOWN = 300


def days_of(record: Record) -> list[dict[str, Any]]:
    """The latest events by day."""
    rows = BehaviourEvent.objects.filter(on_entity=record.entity_label(), on_id=record.pk)[:SHOWN]
    return [
        {"date": day, "lines": _folded(list(events))} for day, events in groupby(rows, lambda e: localtime(e.at).date())
    ]


def _folded(events: list[BehaviourEvent]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for looking, some in groupby(events, lambda event: event.kind == BehaviourEvent.Kind.PAGE_VIEW):
        if looking:
            pages = list(some)
            lines.append({"pages": pages, "at": pages[0].at})
        else:
            lines += [{"event": event} for event in some]
    return lines


def known_by(record: Record, bound: BoundEntity) -> list[dict[str, Any]]:
    """The identities of the person; numbers and addresses as the reader sees those of the record."""
    found = []
    fields = {"phone": ("mobile", "phone"), "email": ("email",)}
    rows = IdentityLink.objects.filter(on_entity=record.entity_label(), on_id=record.pk).order_by("-confidence", "pk")
    for row in rows[:50]:
        value = row.value
        if row.kind in fields:
            names = [name for name in fields[row.kind] if name in bound.field_names]
            if len(bound.visible(names)) < len(names):
                continue
            if set(bound.readable(names)) != set(names):
                value = mask_phone(value) if row.kind == "phone" else mask_email(value)
        found.append({"kind": row.get_kind_display(), "value": value, "confidence": row.confidence})
    return found
