"""By which addresses and numbers a record is reached, as far as somebody may know them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import Entity, Through, registry
from crm.entities.links import target_of
from crm.fields.field import Field
from crm.lib.looks import tel
from crm.lib.phone import format_phone, normalise_phone
from crm.messaging.access import holders
from crm.messaging.models import MailAccount
from crm.records.models import Record
from crm.search.services import search

SHOWN = 12
# So many links lead from a record to whom one writes to, and so many parts of it are looked at.
FURTHEST = 3
MOST_PARTS = 20


@dataclass(frozen=True)
class Reached:
    """One address or number, and the field it stands in."""

    value: str
    label: str

    @property
    def tel(self) -> str:
        """The number as a tel: link wants it."""
        return tel(self.value)

    @property
    def shown(self) -> str:
        """The number as people read it."""
        return format_phone(normalise_phone(self.value) or self.value)


def emails_of(record: Record, user: Any) -> list[Reached]:
    """The e-mail addresses of a record."""
    return _values(record, user, "email")


def phones_of(record: Record, user: Any) -> list[Reached]:
    """The telephone numbers of a record."""
    return [found for found in _values(record, user, "phone") if normalise_phone(found.value)]


def _values(record: Record, user: Any, kind: str) -> list[Reached]:
    bound = bind(registry[record.entity_label()], user)
    found: dict[str, Reached] = {}
    for field in bound.readable_on(record, _own_names(bound.entity, kind)).values():
        value = str(field.value(record) or "").strip()
        if value:
            found.setdefault(value, Reached(value, str(field.label)))
    return list(found.values())


def _own_names(entity: Entity, kind: str) -> list[str]:
    return [name for name in entity.field_names if "__" not in name and entity.field(name).kind == kind]


# Ways to somebody else


def mailed(record: Record, user: Any) -> tuple[Record, Reached] | None:
    """To whom a mail about the record goes: to itself, else to the first on its ways who has an address that ``user`` may know."""
    return _reach(record, user, "email", FURTHEST)


def called(record: Record, user: Any) -> tuple[Record, Reached] | None:
    """Whom one calls or texts about the record, as ``mailed``."""
    return _reach(record, user, "phone", FURTHEST)


def reaches(entity: Entity, kind: str, further: int = FURTHEST) -> bool:
    """Whether records of the entity may have an address (``email``) or number (``phone``), or lead to somebody who may."""
    if _own_names(entity, kind):
        return True
    targets = (_target(entity, way) for way in _ways(entity, kind)) if further else ()
    return any(target is not None and reaches(target, kind, further - 1) for target in targets)


def _reach(record: Record, user: Any, kind: str, further: int) -> tuple[Record, Reached] | None:
    own = emails_of(record, user) if kind == "email" else phones_of(record, user)
    if own:
        return record, own[0]
    bound = bind(registry[record.entity_label()], user)
    for way in _ways(bound.entity, kind) if further else ():
        for other in _others(bound, record, way):
            if found := _reach(other, user, kind, further - 1):
                return found
    return None


def _ways(entity: Entity, kind: str) -> Sequence[str | Through]:
    if entity.reached_by is not None:
        return entity.reached_by
    if _own_names(entity, kind):
        return ()
    return [name for name in entity.form_names if _target(entity, name) is not None]


def _target(entity: Entity, way: str | Through) -> Entity | None:
    """The entity that a way leads to."""
    field = registry[way.part].field(way.link) if isinstance(way, Through) else entity.field(way)
    return target_of(field.source) if getattr(field.source, "related_model", None) else None


def _others(bound: BoundEntity, record: Record, way: str | Through) -> Iterator[Record]:
    """The records on a way that the user sees, by fields that they may read."""
    target = _target(bound.entity, way)
    wanted = _linked(bound, record, way)
    if target is not None and wanted:
        seen = {row.pk: row for row in bind(target, bound.user).records().filter(pk__in=wanted)}
        yield from (seen[pk] for pk in wanted if pk in seen)


def _linked(bound: BoundEntity, record: Record, way: str | Through) -> list[int]:
    if not isinstance(way, Through):
        found: dict[str, Field] = bound.readable([way])
        return [pk for field in found.values() if (pk := field.raw(record)) is not None]
    part = bind(registry[way.part], bound.user)
    back = part.shows_on[bound.label]
    if len(part.readable([back, way.link, way.where])) < 3:
        return []
    rows = part.records().filter(**{back: record.pk, way.where: True}).order_by("pk")
    return list(rows.values_list(way.link, flat=True)[:MOST_PARTS])


def people_like(user: Any, words: str) -> list[dict[str, str]]:
    """Whom somebody may mean: contacts, customers and leads with an address, by name, pinyin or address; then colleagues."""
    labels = [model._meta.label_lower for model in holders() if model._meta.label_lower in registry]
    found: dict[str, dict[str, str]] = {}
    for hit in search(user, words, limit=SHOWN * 2, labels=labels):
        for reached in emails_of(hit.record, user):
            found.setdefault(
                reached.value.lower(),
                {"name": str(hit.record), "address": reached.value.lower(), "hint": hit.entity.name},
            )
    for account in MailAccount.objects.filter(active=True, name__icontains=words)[:5]:
        found.setdefault(account.address, {"name": account.name, "address": account.address, "hint": ""})
    return list(found.values())[:SHOWN]
