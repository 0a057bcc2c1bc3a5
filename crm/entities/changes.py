"""The changes of entries as a reader may know them: hidden fields left out, masked ones masked, links by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models

from crm.access import policy
from crm.entities.bound import BoundField, bind
from crm.entities.entity import registry
from crm.records.models import Entry


@dataclass(frozen=True)
class Change:
    """One field of an entry, as text."""

    name: str
    label: str
    old: str
    new: str
    long: bool = False


def read_changes(user: Any, entries: Iterable[Entry]) -> dict[int, list[Change]]:
    """The readable changes of each entry, by its id; links are resolved in one query a model."""
    entries = list(entries)
    fields = {
        entry.pk: [f for name in entry.changes if (f := _field(user, entry.entity, name)) is not None]
        for entry in entries
    }
    _close(user, entries, fields)
    names = _names(user, [(f, entry.changes[f.name]) for entry in entries for f in fields[entry.pk]])
    return {entry.pk: [_change(f, entry.changes[f.name], names) for f in fields[entry.pk]] for entry in entries}


def _field(user: Any, label: str, name: str) -> BoundField | None:
    """The field as the user may see it; None when it is hidden or is no field any more."""
    if label not in registry:
        return None
    bound = bind(registry[label], user)
    if name in getattr(bound.model, "untold", ()):
        return None
    try:
        return bound.bind_field(bound.field(name))
    except FieldDoesNotExist:
        return None


def _close(user: Any, entries: list[Entry], fields: dict[int, list[BoundField]]) -> None:
    """Leave out what pools hide of the records that lie in them now; one query an entity where any hides something."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for entry in entries:
        if any(field.closures for field in fields[entry.pk]):
            wanted[entry.entity].add(entry.record_id)
    for label, ids in wanted.items():
        rows = registry[label].model.objects.reachable(user, "view").filter(pk__in=ids, pool__isnull=False)
        pools = dict(rows.values_list("pk", "pool_id"))
        for entry in entries:
            if entry.entity == label and (pool := pools.get(entry.record_id)):
                found = fields[entry.pk]
                fields[entry.pk] = [f for f in found if not any(pool in hiding for _step, hiding in f.closures)]


def _names(user: Any, values: list[tuple[BoundField, list]]) -> dict[tuple[type, Any], str]:
    wanted: dict[type[models.Model], set] = defaultdict(set)
    for field, pair in values:
        if field.source.is_relation:
            wanted[field.source.related_model] |= {pk for pk in pair if pk is not None}
    names: dict[tuple[type, Any], str] = {}
    for model, pks in wanted.items():
        label = policy.entity_label(model)
        ids = policy.visible_ids(user, model, pks) if label in registry and hasattr(model, "access") else pks
        names |= {(model, pk): str(row) for pk, row in model._base_manager.in_bulk(ids).items()}
    return names


def _change(field: BoundField, pair: list, names: dict[tuple[type, Any], str]) -> Change:
    old, new = (_text(field, raw, names) for raw in pair)
    return Change(
        field.name, field.label, old, new, long=field.kind in {"longtext", "richtext"} or max(len(old), len(new)) > 120
    )


def _text(field: BoundField, raw: Any, names: dict[tuple[type, Any], str]) -> str:
    if raw is None or raw == "":
        return ""
    if field.kind == "sealed":
        return "•••"
    if field.source.is_relation:
        text = names.get((field.source.related_model, raw), "•••")
    else:
        try:
            text = field.field.show(field.from_json(raw))
        except (ValidationError, ValueError, TypeError):
            text = str(raw)
    return field.mask(text)
