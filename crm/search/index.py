"""Keeping the index: rows are written, moved and removed with their records, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.db.models import Model
from django.utils import timezone

from crm.entities.entity import Entity, registry
from crm.records.actor import Actor
from crm.records.copying import insert_many
from crm.records.diff import value_of
from crm.records.hooks import WriteBatch, on_purge, on_write
from crm.search.grams import indexed
from crm.search.models import SearchRow

BATCH = 1000
_WRITTEN = ["owner_id", "department_id", "at", "grams", "haystack", "parts"]


def search_fields(entity: Entity) -> list[tuple[str, str]]:
    """(kind, field) of the record's own fields that are searched; names of linked records are found through their own rows."""
    return [(kind, name) for kind, names in entity.search.items() for name in names if "__" not in name]


def make_row(entity: Entity, record: Model) -> SearchRow:
    """The row of one record."""
    parts, grams = {}, set()
    for kind, name in search_fields(entity):
        text, found = indexed(kind, str(getattr(record, name) or ""))
        if text:
            parts[name] = text
            grams |= found
    return SearchRow(
        entity=entity.label,
        record_id=record.pk,
        owner_id=getattr(record, "owner_id", None),
        department_id=getattr(record, "department_id", None),
        at=getattr(record, "updated_at", None) or timezone.now(),
        grams=sorted(grams),
        haystack="\n".join(parts.values()),
        parts=parts,
    )


def add_rows(entity: Entity, records: Iterable[Model]) -> None:
    """Write the rows of records that have none yet."""
    insert_many(SearchRow, [make_row(entity, record) for record in records])


def write_rows(entity: Entity, records: Iterable[Model]) -> None:
    """Write the rows of ``records``, replacing those there are."""
    rows = [make_row(entity, record) for record in records]
    SearchRow.objects.bulk_create(
        rows, batch_size=BATCH, update_conflicts=True, unique_fields=["entity", "record_id"], update_fields=_WRITTEN
    )


def remove_rows(entity: Entity, ids: Iterable[int]) -> None:
    """Remove the rows of records that went to the trash."""
    SearchRow.objects.filter(entity=entity.label, record_id__in=list(ids)).delete()


@on_write
def follow(batch: WriteBatch) -> None:
    """The hook of the saving transaction: only rows whose text, owner or place among the living changed are touched."""
    entity = registry.get(batch.model._meta.label_lower)
    if entity is None or not search_fields(entity):
        return
    gone = [after.pk for after in batch.after if getattr(after, "deleted_at", None)]
    if gone:
        remove_rows(entity, gone)
    alive = [(b, a) for b, a in zip(batch.before, batch.after, strict=True) if not getattr(a, "deleted_at", None)]
    add_rows(entity, [a for b, a in alive if b is None])
    moved = [a for b, a in alive if b is not None and _differs(entity, b, a)]
    if moved:
        write_rows(entity, moved)


@on_purge
def forget(model: type[Model], ids: list[int], actor: Actor) -> None:
    """What is removed for good leaves no row."""
    if model._meta.label_lower in registry:
        remove_rows(registry[model._meta.label_lower], ids)


def _differs(entity: Entity, before: Model, after: Model) -> bool:
    names = [name for _kind, name in search_fields(entity)]
    own = [name for name in ("owner", "department", "deleted_at") if hasattr(after, name)]
    return any(
        value_of(before, _column(after, name)) != value_of(after, _column(after, name)) for name in [*names, *own]
    )


def _column(record: Model, name: str) -> models.Field:
    return record._meta.get_field(name)


def rebuild(label: str) -> int:
    """Write the rows of every living record of an entity anew; returns how many."""
    entity, count = registry[label], 0
    SearchRow.objects.filter(entity=label).delete()
    chunk: list[Model] = []
    for record in entity.model.objects.all().alive().iterator(chunk_size=BATCH):
        chunk.append(record)
        if len(chunk) == BATCH:
            write_rows(entity, chunk)
            count, chunk = count + BATCH, []
    write_rows(entity, chunk)
    return count + len(chunk)
