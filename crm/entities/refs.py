"""Other records by name: what a line may say about a record that its reader perhaps may not see, or not any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import registry

Key = tuple[str, int]


@dataclass(frozen=True)
class Place:
    """Where a record that its reader may see is found: its page, or in the trash, for who may look there the trash."""

    url: str = ""
    trashed: bool = False
    trash_url: str = ""


@dataclass(frozen=True)
class Ref(Place):
    """A record as its reader may know it: ``name`` and ``entity`` are its own only when they may see it."""

    name: str = ""
    entity: str = ""
    seen: bool = False

    def __str__(self) -> str:
        return self.name


def hidden() -> Ref:
    """What stands for a record out of reach; whether there is one at all is not told."""
    return Ref(name=_("A record you may not see"))


def refs(user: Any, keys: Iterable[Key]) -> dict[Key, Ref]:
    """The records of (entity label, id) as ``user`` may know them: one query an entity, one more where some lie in the trash."""
    keys = set(keys)
    found = dict.fromkeys(keys, hidden())
    for label, pks in by_entity(keys).items():
        if label in registry:
            bound = bind(registry[label], user)
            records = {r.pk: r for r in bound.model.objects.reachable(user, "view").filter(pk__in=pks)}
            places = _places(bound, {pk: getattr(r, "deleted_at", None) for pk, r in records.items()})
            for pk, place in places.items():
                found[label, pk] = Ref(**vars(place), name=str(records[pk]), entity=bound.name, seen=True)
    return found


def places(user: Any, label: str, pks: Iterable[int]) -> dict[int, Place]:
    """Where those of the records are found that ``user`` may see; one query, one more where some lie in the trash."""
    if label not in registry:
        return {}
    bound = bind(registry[label], user)
    rows = bound.model.objects.reachable(user, "view").filter(pk__in=set(pks))
    deletable = hasattr(bound.model, "deleted_at")
    return _places(bound, dict(rows.values_list("pk", "deleted_at")) if deletable else dict.fromkeys(pks_of(rows)))


def by_entity(keys: Iterable[Key]) -> dict[str, set[int]]:
    """The ids of each entity."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for label, pk in keys:
        wanted[label].add(pk)
    return wanted


def pks_of(rows: QuerySet) -> list[int]:
    return list(rows.values_list("pk", flat=True))


def _places(bound: BoundEntity, moments: dict[int, datetime | None]) -> dict[int, Place]:
    """The places of records by the moment at which each was deleted."""
    deleted = [pk for pk, moment in moments.items() if moment]
    may = deleted and bound.can("delete")
    restorable = set(pks_of(bound.model.objects.trash(bound.user).filter(pk__in=deleted))) if may else set()
    return {
        pk: Place("", True, bound.url("trash") if pk in restorable else "")
        if moment
        else Place(bound.url("record", pk))
        for pk, moment in moments.items()
    }
