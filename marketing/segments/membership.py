"""Who is in which segment, in SQL and one by one.

The segments are kept by each process under the version of what admins define, which a trigger raises: knowing them costs no query.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import BooleanField, Case, Q, Value, When
from django.utils import timezone

from crm.customfields.definitions import kept
from crm.entities.ruling import EVERYTHING, NOTHING, ruled_q
from marketing.segments.models import Segment, SegmentMember

# Segments of segments of segments; what goes deeper holds for nobody.
DEEPEST = 5
_asked: ContextVar[tuple[int, ...]] = ContextVar("asked", default=())


def known(label: str) -> dict[int, Segment]:
    """The segments of an entity by id, by name; no query while nothing changes."""

    def read() -> dict[int, Segment]:
        rows = Segment.objects.filter(of=label, deleted_at__isnull=True).order_by("name", "pk")
        return {segment.pk: segment for segment in rows}

    return kept(("segments", label), read)


def members(segment: Segment, now: Any = None) -> Q:
    """The condition on records of the segment's entity that are in it; a circle, or one too deep, holds for nobody."""
    if segment.is_static:
        own = SegmentMember.objects.filter(segment=segment, entity=segment.of)
        return Q(pk__in=own.values("record_id"))
    with _asking(segment) as fine:
        if not fine or not segment.condition:
            return NOTHING
        model, now = apps.get_model(segment.of), now or timezone.now()
        found = ruled_q(model, segment.condition, now)
        return found & ~ruled_q(model, segment.without, now) if segment.without else found


@contextmanager
def _asking(segment: Segment) -> Iterator[bool]:
    above = _asked.get()
    token = _asked.set((*above, segment.pk))
    try:
        yield segment.pk not in above and len(above) < DEEPEST
    finally:
        _asked.reset(token)


def among(label: str, ids: Collection[int]) -> Q:
    """The condition that a record is in one of the segments."""
    found = NOTHING
    for pk in ids:
        segment = known(label).get(pk)
        if segment is not None:
            found = found | members(segment)
    return found


def of_records(label: str, pks: Iterable[int], only: Collection[int] | None = None) -> dict[int, list[int]]:
    """Record → the segments that it is in; one query for all of them."""
    model: type[models.Model] = apps.get_model(label)
    segments = [s for s in known(label).values() if only is None or s.pk in only]
    pks = list(pks)
    if not segments or not pks:
        return {pk: [] for pk in pks}
    marks = {
        f"in_{s.pk}": Case(
            When(members(s) or EVERYTHING, then=Value(True)), default=Value(False), output_field=BooleanField()
        )
        for s in segments
    }
    rows = model._base_manager.filter(pk__in=pks).annotate(**marks).values_list("pk", *marks)
    return {row[0]: [s.pk for s, inside in zip(segments, row[1:], strict=True) if inside] for row in rows}
