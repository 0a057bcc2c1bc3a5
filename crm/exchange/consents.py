"""Consents in files: for each purpose and channel whether, since when and by what proof. Rows become lines of the ledger.

An undated yes never overrules a no, and what the ledger says already is not said again: a file may come twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.fields.field import Field
from crm.privacy.consent import lines_of, note_consent
from crm.privacy.models import Channel, ConsentPurpose, ConsentRecord
from crm.privacy.people import is_person
from crm.privacy.people import kinds as people
from crm.records.actor import Actor
from crm.records.models import Record

ROOM = "consent"
SOURCE = "import"
HELD = "_brought_consents"
PARTS: dict[str, Any] = {
    "": gettext_lazy("Consent"),
    "at": gettext_lazy("consent since"),
    "proof": gettext_lazy("proof"),
}


class _Day(models.DateTimeField):
    """When something was said: not in the future."""

    def run_validators(self, value: Any) -> None:
        super().run_validators(value)
        if isinstance(value, datetime) and value > timezone.now():
            raise ValidationError(_("This day has not come yet."))


def _source(part: str) -> models.Field:
    match part:
        case "":
            return models.BooleanField(null=True, blank=True)
        case "at":
            return _Day(null=True, blank=True)
    return models.CharField(max_length=500, blank=True)


@dataclass(frozen=True)
class ConsentField(Field):
    """One column: ``consent.marketing.email``, and with ``.at`` and ``.proof`` when and by what. It is no column of the record."""

    purpose: ConsentPurpose
    channel: str
    part: str

    @cached_property
    def source(self) -> models.Field:
        made = _source(self.part)
        made.set_attributes_from_name(self.name)
        return made

    @cached_property
    def path(self) -> tuple[models.Field, ...]:
        return (self.source,)

    @property
    def label(self) -> str:
        asked = f"{PARTS['']}: {self.purpose} · {Channel(self.channel).label}"
        return asked if not self.part else f"{asked} · {PARTS[self.part]}"

    def put(self, record: Any, value: Any) -> None:
        record.__dict__.setdefault(HELD, {})[self.purpose, self.channel, self.part] = value

    def raw(self, record: Any) -> Any:
        return record.__dict__.get(HELD, {}).get((self.purpose, self.channel, self.part))

    def value(self, record: Any) -> Any:
        return self.raw(record)


def columns(label: str) -> list[ConsentField]:
    """Every column about consents that a file of people has; none for other entities."""
    if label not in people:
        return []
    model: Any = apps.get_model(label)
    return [
        ConsentField(model, ".".join(filter(None, (ROOM, purpose.code, channel, part))), purpose, channel, part)
        for purpose in ConsentPurpose.objects.filter(active=True)
        for channel in purpose.channels
        for part in PARTS
    ]


def note_brought(records: Sequence[Record], *, actor: Actor) -> set[int]:
    """Write what files said about consents into the ledger; the ids of those about whom something new was said."""
    brought = {r.pk: (r, held) for r in records if (held := r.__dict__.pop(HELD, None)) and is_person(r)}
    if not brought:
        return set()
    label = next(iter(brought.values()))[0].entity_label()
    said = {(p, c) for _r, held in brought.values() for p, c, part in held if part == ""}
    known = lines_of(label, list(brought), list({p.pk: p for p, _c in said}.values()))
    noted = set()
    for pk, (record, held) in brought.items():
        for purpose, channel in sorted(said, key=lambda pair: (pair[0].pk, pair[1])):
            granted, at = held.get((purpose, channel, "")), held.get((purpose, channel, "at"))
            if granted is None or not _is_new(known.get((pk, purpose.pk, channel)), granted, at):
                continue
            proof = held.get((purpose, channel, "proof")) or ""
            note_consent(record, purpose, [channel], granted, source=SOURCE, actor=actor, proof=proof, at=at)
            noted.add(pk)
    return noted


def _is_new(line: ConsentRecord | None, granted: bool, at: datetime | None) -> bool:
    if line is None:
        return True
    if at is None:
        return line.granted and not granted
    return (line.granted, line.at) != (granted, at)


def written(label: str, ids: Sequence[int], fields: Sequence[ConsentField]) -> Iterator[list[Any]]:
    """The cells of some records, in the order of ``ids``; empty where nothing was said."""
    known = lines_of(label, ids, list({f.purpose.pk: f.purpose for f in fields}.values()))
    for pk in ids:
        yield [_cell(known.get((pk, field.purpose.pk, field.channel)), field.part) for field in fields]


def _cell(line: ConsentRecord | None, part: str) -> Any:
    if line is None:
        return ""
    return {"": _("Yes") if line.granted else _("No"), "at": line.at, "proof": line.proof}[part]
