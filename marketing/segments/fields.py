"""“Is in segment” as a field of conditions: of lists, rules, levels, scores and of segments themselves."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.access import policy
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.fields.conditions import parse
from crm.fields.contributed import Contributed, Contribution, put_contribution
from crm.fields.field import Field
from marketing.segments.membership import among, known, of_records
from marketing.segments.models import Segment
from marketing.segments.watching import IN

SEGMENT = "segments.segment"


class SegmentsSource(models.IntegerField):
    """What a condition asks about the field: its choices are the segments of the entity."""

    kind = "multichoice"

    def __init__(self, label: str, user: Any = None) -> None:
        super().__init__(_("segment"), editable=False)
        self.label, self.user = label, user
        self._kept: tuple[Any, list[tuple[int, str]]] = (None, [])

    @property
    def flatchoices(self) -> list[tuple[int, str]]:
        """Worked out anew only when some segment changed."""
        found = known(self.label)
        if self._kept[0] is not found:
            usable = found if self.user is None else self._usable(found)
            self._kept = found, [(pk, one.name) for pk, one in found.items() if pk in usable]
        return self._kept[1]

    def _usable(self, found: dict[int, Segment]) -> set[int]:
        """Those whose conditions the user could ask themselves: a segment tells nobody what they may not know."""
        if not found or not policy.can(self.user, SEGMENT, "view"):
            return set()
        plain = {name: f for name, f in bind(registry[self.label], self.user).filterable.items() if name != NAME}
        everything = plain | {NAME: SegmentsField.on(self.label)}
        return {pk for pk, one in found.items() if _askable(one, everything, found)}


NAME = IN


def _askable(segment: Segment, fields: dict[str, Field], found: dict[int, Segment], depth: int = 0) -> bool:
    if segment.is_static:
        return True
    try:
        groups = [parse(data, fields) for data in (segment.condition, segment.without) if data]
    except ValidationError:
        return False
    inner = {pk for group in groups for test in group.tests() if test.field.name == NAME for pk in test.values}
    return depth < len(found) and all(pk in found and _askable(found[pk], fields, found, depth + 1) for pk in inner)


class SegmentsField(Contributed):
    """The segments that a record is in."""

    @cached_property
    def source(self) -> models.Field:
        return self._sourced(None)

    def _sourced(self, user: Any) -> SegmentsSource:
        found = SegmentsSource(self.holder._meta.label_lower, user)
        found.model, found.name, found.attname, found.column = self.holder, self.given.name, self.given.name, ""
        return found

    @classmethod
    def on(cls, label: str) -> Field:
        """The field of an entity, with every segment to choose from."""
        return registry[label].field(NAME)

    def seen_by(self, user: Any) -> SegmentsField:
        """With the segments to choose from that the user may use."""
        mine = SegmentsField(self.model, self.name, self.links, self.given)
        mine.__dict__["source"] = self._sourced(user)
        return mine

    @property
    def operators(self) -> tuple[str, ...]:
        return ("in", "not_in")

    @property
    def choices(self) -> list[tuple[Any, str]]:
        return list(self.source.flatchoices)

    @property
    def relation(self) -> str:
        return self.links

    def raw(self, record: Any) -> list[int] | None:
        holding = self.holding(record)
        if holding is None or holding.pk is None:
            return None
        label = self.holder._meta.label_lower
        return of_records(label, [holding.pk]).get(holding.pk, [])

    def value(self, record: Any) -> list[int] | None:
        return self.raw(record)

    def show(self, value: Any) -> str:
        names = dict(self.source.flatchoices)
        return "、".join(names.get(pk, "?") for pk in (value if isinstance(value, list) else [value]))

    def q(self, lookup: str, value: Any) -> Q:
        label = self.holder._meta.label_lower
        found = among(label, list(value) if lookup == "in" else [value])
        if not self.links:
            return found
        return Q(**{f"{self.links}__in": self.holder._base_manager.filter(found).values("pk")})


for label in Segment.Of.values:
    put_contribution(Contribution(label, "segments", "in", shown=False, field=SegmentsField))
