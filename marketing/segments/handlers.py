"""Segments follow what is written: members, their baseline, and the triggers of rules."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from crm.entities.bound import BoundEntity
from crm.records.actor import Actor
from crm.records.hooks import WriteBatch, on_purge, on_written
from crm.records.wake import wake
from crm.workflows.triggers import OwnTrigger, add_trigger
from marketing.segments import kinds
from marketing.segments.keeping import look_at, rebase
from marketing.segments.models import Segment, SegmentMember
from marketing.segments.tasks import base_new
from marketing.segments.watching import IN, asked_by, watch

SAYS = ("condition", "without", "kind", "of", "deleted_at")


@on_written
def follow_writes(batch: WriteBatch) -> None:
    """Note who entered and left by the change; nothing to do while nothing is watched."""
    if batch.model is Segment:
        _begin_anew(batch)
        return
    label, watched = batch.model._meta.label_lower, watch()
    changes = batch.changes if batch.undoing else None
    if label in watched.segments:
        look_at(label, [record.pk for record in batch.after], actor=batch.actor, changes=changes)
    for (upper, link), names in watched.links.get(label, {}).items():
        pairs = zip(batch.before, batch.after, strict=True)
        moved = [new.pk for old, new in pairs if old and any(_value(old, n) != _value(new, n) for n in names)]
        if moved:
            rows = apps.get_model(upper).objects.alive().filter(**{f"{link}__in": moved}).order_by("pk")
            look_at(upper, list(rows.values_list("pk", flat=True)), actor=batch.actor, changes=changes)


def _value(record: Any, name: str) -> Any:
    return getattr(record, f"{name}_id", None) if hasattr(record, f"{name}_id") else getattr(record, name, None)


def _begin_anew(batch: WriteBatch) -> None:
    changed = {
        after.pk
        for before, after in zip(batch.before, batch.after, strict=True)
        if before is None or any(getattr(before, name) != getattr(after, name) for name in SAYS)
    }
    if changed:
        rebase(changed | asked_by(changed))
        transaction.on_commit(lambda: wake(base_new))


@on_purge
def forget_members(model: type[Model], ids: list[int], actor: Actor) -> None:
    """What is removed for good is in no segment."""
    SegmentMember.objects.filter(entity=model._meta.label_lower, record_id__in=ids).delete()


def _choices(bound: BoundEntity) -> list[tuple[Any, str]]:
    """The segments that the principal may ask for."""
    field = bound.filterable.get(IN)
    return list(field.choices) if field is not None else []


add_trigger(
    OwnTrigger(
        "segment_entered",
        _("It enters a segment"),
        _("%(entity)s: it enters the segment %(values)s"),
        _("Choose at least one segment."),
        kinds.ENTERED,
        "segment",
        Segment.Of.values,
        _choices,
    )
)
add_trigger(
    OwnTrigger(
        "segment_left",
        _("It leaves a segment"),
        _("%(entity)s: it leaves the segment %(values)s"),
        _("Choose at least one segment."),
        kinds.LEFT,
        "segment",
        Segment.Of.values,
        _choices,
    )
)
