"""What has to be looked at again when records are written: the segments that go by conditions, and the links they walk.

Kept by each process under the version of what admins define, like the segments themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError

from crm.customfields.definitions import kept
from crm.entities.ruling import ruled
from crm.fields.conditions import Test
from marketing.segments.membership import known
from marketing.segments.models import Segment

IN = "segments.in"


@dataclass
class Watch:
    """``segments``: entity → those whose members are kept. ``links``: entity that links lead to → (entity, link) → fields."""

    segments: dict[str, list[Segment]] = field(default_factory=dict)
    links: dict[str, dict[tuple[str, str], set[str]]] = field(default_factory=lambda: defaultdict(dict))


def tests_of(segment: Segment, seen: Collection[int] = ()) -> Iterator[Test]:
    """Every test of a segment and of the segments that it asks; ValidationError where one can't be understood (any more)."""
    for data in (segment.condition, segment.without):
        for test in ruled(apps.get_model(segment.of), data).tests() if data else ():
            yield test
            if test.field.name == IN:
                for pk in test.values:
                    inner = known(segment.of).get(pk)
                    if inner is None:
                        raise ValidationError(IN)
                    if pk not in seen:
                        yield from tests_of(inner, (*seen, segment.pk))


def understood(segment: Segment) -> bool:
    """Whether all it asks is still there: if not, who is in it stays as it was."""
    try:
        list(tests_of(segment))
    except ValidationError:
        return False
    return True


def watch() -> Watch:
    """What is watched now; no query while nothing changes."""
    return kept(("segments", "watch"), _read)


def _read() -> Watch:
    found = Watch()
    for label in Segment.Of.values:
        segments = [s for s in known(label).values() if not s.is_static and s.based_at and understood(s)]
        if not segments:
            continue
        found.segments[label] = segments
        for test in (test for segment in segments for test in tests_of(segment)):
            _follow(found, label, test.field)
    return found


def _follow(found: Watch, label: str, asked: Any) -> None:
    names = asked.name.split("__")
    for depth, hop in enumerate(asked.path[:-1], start=1):
        target = hop.related_model._meta.label_lower
        key = label, "__".join(names[:depth])
        found.links[target].setdefault(key, set()).add(names[depth].partition(".")[0])


def asked_by(pks: Collection[int]) -> set[int]:
    """The segments that ask one of these, at any depth: their members change with them."""
    found: set[int] = set()
    rows = Segment.objects.filter(kind=Segment.Kind.DYNAMIC, deleted_at__isnull=True)
    asks = {segment.pk: _asked(segment) for segment in rows}
    while more := {pk for pk, asked in asks.items() if asked & (set(pks) | found)} - found:
        found |= more
    return found


def _asked(segment: Segment) -> set[int]:
    try:
        return {pk for data in (segment.condition, segment.without) if data for pk in _values(segment.of, data)}
    except ValidationError:
        return set()


def _values(label: str, data: dict) -> Iterator[int]:
    for test in ruled(apps.get_model(label), data).tests():
        if test.field.name == IN:
            yield from test.values
