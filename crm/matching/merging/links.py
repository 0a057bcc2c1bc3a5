"""Everything that may point at a record of any entity, found in the models themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.customfields import expressions
from crm.customfields.definitions import current
from crm.records.figures import Figures
from crm.records.models import Record

FOLLOWS = _("Follows its record by itself.")
LOG = _("The log is not rewritten: timelines read what happened to a merged record with the one that stays.")
EFFECT = _("Names the record that set an effect off, which goes on as for any record in the trash.")
# (model, column) → why rows stay where they point. Rooms above add theirs by ``stays``.
_staying: dict[tuple[str, str], str | Promise] = {
    ("records.entry", "record_id"): LOG,
    ("records.entrylink", "record_id"): LOG,
    ("records.delivery", "record_id"): EFFECT,
    ("records.outgoing", "record_id"): EFFECT,
    ("matching.matchkey", "record_id"): FOLLOWS,
    ("matching.uniquekey", "record_id"): FOLLOWS,
    ("records.entrylink", "entry_id"): LOG,
    ("records.delivery", "entry_id"): EFFECT,
    ("matching.duplicatecandidate", "first_id"): FOLLOWS,
    ("matching.duplicatecandidate", "second_id"): FOLLOWS,
    ("matching.mergeitem", "record_id"): _("An earlier merge is taken back after the later one."),
    ("matching.mergeoperation", "record_id"): _("An earlier merge is taken back after the later one."),
    ("matching.mergedrecord", "record_id"): _("An earlier merge is taken back after the later one."),
}


def stays(model: str, name: str, why: str | Promise) -> None:
    """Say that rows of ``model`` (“app.model”) stay where column or link ``name`` points when records are merged, and why."""
    _staying[model, name] = why


def why_staying(model: type[models.Model], name: str) -> str | Promise | None:
    """Why rows of the model stay where this link points; None: they move."""
    return FOLLOWS if issubclass(model, Figures) else _staying.get((model._meta.label_lower, name))


@dataclass(frozen=True)
class Link:
    """One way in which rows of ``model`` point at records of the entity ``label``.

    ``column`` holds the id; ``pair`` is the column beside it that names the entity, ``code`` the custom field where it lies
    in JSON. ``name`` is what history and the merge's items call it.
    """

    model: type[models.Model]
    label: str
    name: str
    column: str
    pair: str = ""
    code: str = ""

    def among(self, ids: Iterable[int]) -> Q:
        """Rows that point at one of the records."""
        if self.code:
            return Q(pk__in=self._by_code(ids).values("pk"))
        own = {self.pair: self.label} if self.pair else {}
        return Q(**{f"{self.column}__in": list(ids)}, **own)

    def _by_code(self, ids: Iterable[int]) -> models.QuerySet:
        rows = self.model._base_manager.alias(linked=expressions.text("", self.code))
        return rows.filter(linked__in=[str(pk) for pk in ids])

    def points_at(self, row: Any) -> int | None:
        """The record that a row points at by this link."""
        if self.pair and getattr(row, self.pair) != self.label:
            return None
        return (row.custom or {}).get(self.code) if self.code else getattr(row, self.column)

    def pointed(self, row: Any, to: int) -> dict[str, Any]:
        """What to set on the row so that it points there."""
        return {"custom": {**row.custom, self.code: to}} if self.code else {self.column: to}


def links_to(label: str) -> dict[type[models.Model], list[Link]]:
    """Every link by which rows point at records of the entity and move with them, by model, in a fixed order."""
    found: dict[type[models.Model], list[Link]] = defaultdict(list)
    for link in (*_columns(label), *_custom(label)):
        if why_staying(link.model, link.name) is None:
            found[link.model].append(link)
    return dict(sorted(found.items(), key=lambda pair: pair[0]._meta.label_lower))


@lru_cache(maxsize=256)
def _columns(label: str) -> tuple[Link, ...]:
    """Foreign keys and pairs of columns: they don't change while the program runs."""
    target = apps.get_model(label)._meta.concrete_model
    found = []
    for model in tables():
        names = {field.name for field in model._meta.concrete_fields}
        for field in model._meta.concrete_fields:
            if field.is_relation and getattr(field.related_model, "_meta", None) is not None:
                if field.related_model._meta.concrete_model is target:
                    found.append(Link(model, label, field.name, field.attname))
            elif (partner := partner_of(field.name)) in names and not model._meta.get_field(partner).is_relation:
                found.append(Link(model, label, partner, partner, pair=field.name))
    return tuple(found)


def _custom(label: str) -> Iterable[Link]:
    """Links that admins defined, those out of use too."""
    for holder, fields in current().by_entity.items():
        for field in fields.values():
            if field.kind == "link" and field.target == label:
                yield Link(apps.get_model(holder), label, f"custom.{field.code}", "custom", code=field.code)


def partner_of(column: str) -> str:
    """Of a pair of columns that names a record of any entity, the one with the id beside that with the label; else empty."""
    return (
        "record_id"
        if column == "entity"
        else f"{stem}_id"
        if (stem := column.removesuffix("_entity")) != column
        else ""
    )


def tables() -> list[type[models.Model]]:
    """Every model with a table of its own, those too that join others."""
    every = apps.get_models(include_auto_created=True)
    return [model for model in every if model._meta.managed and not model._meta.proxy]


def is_record(model: type[models.Model]) -> bool:
    """Whether its rows are written by the services of records, with history."""
    return issubclass(model, Record)


def counted(links: Mapping[type[models.Model], list[Link]], ids: Iterable[int]) -> Iterable[tuple[Any, Q]]:
    """(model, rows that point at the records) of each model."""
    ids = list(ids)
    for model, ways in links.items():
        where = Q(pk__in=[])
        for way in ways:
            where |= way.among(ids)
        yield model, where
