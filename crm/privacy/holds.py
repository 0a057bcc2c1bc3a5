"""Legal holds: what must be kept for now, by name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from crm.privacy import kinds
from crm.privacy.models import LegalHold
from crm.records.actor import Actor
from crm.records.log import log
from crm.records.models import Record


def place_hold(record: Record, *, name: str, reason: str = "", until: date | None = None, actor: Actor) -> LegalHold:
    """Keep the person's data, whatever is asked or ruled, until it is released or the day is over."""
    hold = LegalHold.objects.create(
        person_entity=record.entity_label(),
        person_id=record.pk,
        name=name,
        reason=reason,
        until=until,
        made_by=actor.user,
    )
    log(record, kinds.HELD, actor=actor, hold=name)
    return hold


def release_hold(hold: LegalHold, record: Record, *, actor: Actor) -> None:
    """The data may go again."""
    hold.released_at, hold.released_by = timezone.now(), actor.user
    hold.save(update_fields=["released_at", "released_by"])
    log(record, kinds.RELEASED, actor=actor, hold=hold.name)


def in_force() -> QuerySet[LegalHold]:
    """The holds that count today."""
    return LegalHold.objects.filter(
        Q(until__isnull=True) | Q(until__gte=timezone.localdate()), released_at__isnull=True
    )


def names(persons: Iterable[tuple[str, int]]) -> list[str]:
    """The holds on any of the records, by name."""
    found: list[Any] = []
    for label, pk in persons:
        found += in_force().filter(person_entity=label, person_id=pk).values_list("name", flat=True)
    return sorted(set(found))


def held_ids(label: str) -> set[int]:
    """The records of an entity that a hold keeps."""
    return set(in_force().filter(person_entity=label).values_list("person_id", flat=True))
