"""Other records by name: what a line may say about a record that its reader perhaps may not see, or not any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from crm.entities.bound import bind
from crm.entities.entity import registry

Key = tuple[str, int]


@dataclass(frozen=True)
class Ref:
    """A record as its reader may know it. ``name`` is its own only when they may see it; ``url`` is empty when it leads nowhere.

    In the trash, ``url`` is the trash, for who may look into it.
    """

    name: str
    url: str = ""
    entity: str = ""
    seen: bool = False
    trashed: bool = False

    def __str__(self) -> str:
        return self.name


def hidden() -> Ref:
    """What stands for a record out of reach; whether there is one at all is not told."""
    return Ref(_("A record you may not see"))


def refs(user: Any, keys: Iterable[Key]) -> dict[Key, Ref]:
    """The records of (entity label, id) as ``user`` may know them: one query an entity, one more where some lie in the trash."""
    keys, wanted = set(keys), defaultdict(set)
    for label, pk in keys:
        wanted[label].add(pk)
    found = dict.fromkeys(keys, hidden())
    for label, pks in wanted.items():
        if label in registry:
            found |= {(label, pk): ref for pk, ref in _of_entity(user, label, pks).items()}
    return found


def _of_entity(user: Any, label: str, pks: set[int]) -> dict[int, Ref]:
    bound = bind(registry[label], user)
    records = list(bound.model.objects.reachable(user, "view").filter(pk__in=pks)) if bound.can("view") else []
    deleted = {record.pk for record in records if getattr(record, "deleted_at", None)}
    restorable = (
        set(bound.model.objects.trash(user).filter(pk__in=deleted).values_list("pk", flat=True))
        if deleted and bound.can("delete")
        else set()
    )
    return {
        record.pk: Ref(
            str(record),
            bound.url("record", record.pk)
            if record.pk not in deleted
            else bound.url("trash")
            if record.pk in restorable
            else "",
            bound.name,
            seen=True,
            trashed=record.pk in deleted,
        )
        for record in records
    }
