"""Segments on record pages: who is in one, and which ones somebody is in. Both come in second requests."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from crm.access import policy
from crm.entities.bound import bind
from crm.entities.condition_field import in_words
from crm.entities.entity import registry
from crm.entities.panels import panel
from marketing.segments.fields import SEGMENT
from marketing.segments.models import Segment


@panel(SEGMENT, slot="top", template="segments/members.html")
def who_is_in_it(segment: Segment, user: Any) -> dict:
    """The conditions in words, as far as the reader may know their fields; the count comes later."""
    bound = bind(registry[segment.of], user)
    return {
        "segment": segment,
        "url": f"{bound.url('list')}?segments.in={segment.pk}",
        "condition": _words(bound, segment.condition),
        "without": _words(bound, segment.without),
        "may_see": bound.can("view"),
    }


def _words(bound: Any, data: dict) -> str | None:
    """None: the reader may not know what is asked."""
    try:
        return in_words(bound, data)
    except ValidationError:
        return None


def of_record(record: Any, user: Any) -> dict | None:
    """The place of the segments that the record is in."""
    return {"record": record, "label": record.entity_label()} if policy.can(user, SEGMENT, "view") else None


for label in Segment.Of.values:
    panel(label, slot="side", template="segments/place.html", order=40)(of_record)
