"""Values that only one living record may have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.db import models

from crm.customfields import definitions
from crm.customfields.kinds import UNIQUE
from crm.customfields.values import ROOM, CustomValue, custom_fields

INDEX = "custom_unique_"


def unique_fields(model: type[models.Model]) -> list[CustomValue]:
    """The custom fields of which no two living records may have the same value."""
    return [f for f in custom_fields(model) if f.definition.unique and UNIQUE in f.definition.made_by.settings]


def taken(record: models.Model, names: Collection[str]) -> Iterator[str]:
    """Those of ``names`` whose value another living record has; one query a unique field that holds something."""
    if not any("." in name for name in names):
        return
    for field in unique_fields(type(record)):
        value = field.raw(record)
        if field.name in names and value is not None and holders(field, [value], record.pk).exists():
            yield field.name


def holders(field: CustomValue, values: Iterable[Any], but: int | None = None) -> models.QuerySet:
    """The living records that have one of the values."""
    rows = field.model._base_manager.filter(field.q("in", list(values)), deleted_at__isnull=True)
    return rows if but is None else rows.exclude(pk=but)


def unique_name(index: str) -> str:
    """The name of the field whose unique index that is; empty when it is no such index."""
    number, _underscore, _hash = index.removeprefix(INDEX).partition("_")
    if not index.startswith(INDEX) or not number.isdigit():
        return ""
    known = definitions.current().by_entity.values()
    return next((f"{ROOM}.{f.code}" for fields in known for f in fields.values() if f.pk == int(number)), "")
