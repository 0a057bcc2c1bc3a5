"""Who was erased must not come back by a file, a form or a program: known by keyed hashes, never by values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.customfields import definitions
from crm.entities.entity import registry
from crm.privacy import kinds
from crm.privacy.known import digests, identifier
from crm.privacy.models import PrivacyRequest, Suppression, SuppressionHit
from crm.privacy.people import is_person, personal_fields
from crm.privacy.people import kinds as person_kinds
from crm.records.diff import value_at
from crm.records.hooks import WriteBatch, before_write, on_written
from crm.records.log import log_many

REFUSE = "refuse"


def suppress(identifiers: Iterable[tuple[str, str]], request: PrivacyRequest | None = None) -> int:
    """Remember numbers and addresses by their hashes alone; returns how many."""
    rows = [Suppression(kind=found[0], digest=digests(found)[0], request=request) for found in identifiers]
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def lift(identifiers: Iterable[tuple[str, str]]) -> int:
    """Forget them again: somebody wants to come back; returns how many there were."""
    wanted = [one for found in identifiers for one in digests(found)]
    return Suppression.objects.filter(digest__in=wanted).delete()[0]


def any_suppressed() -> bool:
    """Whether there is anybody at all: asked before each write of a person, so kept until that changes."""
    return definitions.kept("privacy.suppressed", Suppression.objects.exists)


def suppressed(identifiers: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the (kind, value) pairs that are remembered; one query."""
    wanted = {one: found for found in identifiers for one in digests(found)}
    if not wanted or not any_suppressed():
        return set()
    return {wanted[row] for row in Suppression.objects.filter(digest__in=list(wanted)).values_list("digest", flat=True)}


def identifiers_of(record: Any, before: Any = None) -> dict[tuple[str, str], str]:
    """(kind, value) → field of what identifies the person of a record; of a changed record only what is new."""
    label, found = record.entity_label(), {}
    entity = registry[label]
    for name, category in personal_fields(label).items():
        if before is not None and value_at(before, name) == value_at(record, name):
            continue
        raw = entity.field(name).raw(record)
        if isinstance(raw, str) and (known := identifier(category, raw)):
            found[known] = name
    return found


def come_back(records: Iterable[Any], before: Iterable[Any]) -> dict[int, list[str]]:
    """For each place in the batch whose person was erased: the fields by which they are known. One query a batch."""
    asked = [identifiers_of(r, b) if is_person(r) else {} for r, b in zip(records, before, strict=True)]
    hits = suppressed({one for found in asked for one in found})
    return {n: names for n, found in enumerate(asked) if (names := [found[one] for one in found if one in hits])}


def _concerns(batch: WriteBatch) -> bool:
    return batch.model._meta.label_lower in person_kinds and any_suppressed()


@before_write
def refuse_erased(batch: WriteBatch) -> None:
    """The same answer for each door; what is in the trash or goes there is not asked about."""
    if settings.ERASED_COME_BACK != REFUSE or not _concerns(batch):
        return
    for found in come_back(batch.after, batch.before).values():
        text = _("This person asked to be erased and must not be entered again. Ask who is responsible for privacy.")
        raise ValidationError({name: ValidationError(text, code="erased") for name in found})


@on_written
def flag_erased(batch: WriteBatch) -> None:
    """Where it is not refused it is noted on the record, and whoever sends anything asks ``may_contact``."""
    if settings.ERASED_COME_BACK == REFUSE or not _concerns(batch):
        return
    found = [batch.after[n] for n in come_back(batch.after, batch.before)]
    if not found:
        return
    rows = [SuppressionHit(entity=r.entity_label(), record_id=r.pk, cause=batch.actor.cause[:100]) for r in found]
    SuppressionHit.objects.bulk_create(rows, ignore_conflicts=True)
    log_many(found, kinds.CAME_BACK, actor=batch.actor)
