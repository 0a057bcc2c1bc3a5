"""Writing segments: conditions and members of lists."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.entities.ruling import ruled
from crm.records import services as records
from crm.records.actor import Actor
from marketing.segments import kinds
from marketing.segments.keeping import tell
from marketing.segments.membership import members
from marketing.segments.models import Segment, SegmentMember
from marketing.segments.watching import IN


def set_conditions(segment: Segment, *, actor: Actor, condition: dict, without: dict) -> None:
    """Say who is in it; a segment that would ask itself is refused."""
    for data in (condition, without):
        if data and segment.pk in _reached(segment.of, data, {segment.pk}):
            raise ValidationError(_("A segment can't be made of itself."))
    segment.condition, segment.without = condition, without
    records.save(segment, actor=actor)


def _reached(label: str, data: dict, start: Collection[int]) -> set[int]:
    """Every segment that a condition asks, at any depth."""
    todo, found = [data], set()
    while todo:
        for test in ruled(apps.get_model(label), todo.pop()).tests():
            if test.field.name != IN:
                continue
            for one in Segment.objects.filter(pk__in=set(test.values) - found):
                found.add(one.pk)
                if one.pk not in start:
                    todo += [inner for inner in (one.condition, one.without) if inner]
    return found


@transaction.atomic
def add_to_list(record: Any, *, actor: Actor, segment: Segment) -> None:
    """Put a record on the list of a static segment; once is enough."""
    label = record.entity_label()
    _row, made = SegmentMember.objects.get_or_create(
        segment=segment, entity=label, record_id=record.pk, defaults={"added_by": actor.user}
    )
    if made:
        tell(label, [(segment.pk, record.pk)], kinds.ENTERED, actor)


@transaction.atomic
def take_off_list(record: Any, *, actor: Actor, segment: Segment) -> None:
    """Take a record off the list."""
    label = record.entity_label()
    gone, _by = SegmentMember.objects.filter(segment=segment, entity=label, record_id=record.pk).delete()
    if gone:
        tell(label, [(segment.pk, record.pk)], kinds.LEFT, actor)


@transaction.atomic
def freeze(segment: Segment, *, actor: Actor) -> Segment:
    """A list of those who are in it now and whom the actor sees, to be kept as it is."""
    name = _("%(name)s on %(day)s") % {"name": segment.name, "day": timezone.localdate().isoformat()}
    copy = Segment(name=name[:200], of=segment.of, kind=Segment.Kind.STATIC, owner=actor.user)
    records.save(copy, actor=actor)
    rows = apps.get_model(segment.of).objects.restrict(actor.user).filter(members(segment)).order_by("pk")
    SegmentMember.objects.bulk_create(
        (
            SegmentMember(segment=copy, entity=segment.of, record_id=pk, added_by=actor.user)
            for pk in rows.values_list("pk", flat=True).iterator(chunk_size=5000)
        ),
        batch_size=5000,
    )
    return copy


def lists_of(label: str, user: Any) -> Any:
    """The static segments of an entity that the user may change."""
    may = policy.can(user, "segments.segment", "change")
    found = Segment.objects.restrict(user, "change").filter(of=label, kind=Segment.Kind.STATIC)
    return found.order_by("name") if may else Segment.objects.none()
