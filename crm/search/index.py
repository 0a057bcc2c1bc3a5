"""Keeping the index: rows are written, moved and removed with their records, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from crm.access.policy import Owned
from crm.customfields.definitions import searched_names
from crm.entities.entity import Entity, registry
from crm.matching.merging.links import FOLLOWS, stays
from crm.records.actor import Actor
from crm.records.copying import FEW, copy_columns
from crm.records.diff import differs_at
from crm.records.hooks import WriteBatch, on_purge, on_write
from crm.search.grams import as_texts, indexed, numbers
from crm.search.models import SearchRow

stays("search.searchrow", "record_id", FOLLOWS)

CHUNK = 5000
COLUMNS = ("entity", "record_id", "owner_id", "department_id", "at", "grams", "haystack")


def search_fields(entity: Entity) -> list[tuple[str, str]]:
    """(kind, field) of the record's own fields that are searched; names of linked records are found through their own rows."""
    own = [(kind, name) for kind, names in entity.search.items() for name in names if "__" not in name]
    return own + searched_names(entity.label)


@cache
def mark(name: str) -> str:
    """What stands before the text of a field: its name in characters that no text and no query holds."""
    return "".join(chr(0xE000 + ord(character)) for character in name)


@cache
def own_gram(label: str) -> int:
    """The gram of the rows of an entity whose records do not go by their owner: so that the few are found among the many."""
    return numbers([_own(label)])[0]


def _own(label: str) -> str:
    return f"\ue000{label}"


def texts_of(entity: Entity, records: Sequence[Model]) -> list[tuple[str, set[str]]]:
    """The haystack of each record, and the numbers of its grams in digits."""
    own = () if isinstance(entity.model.access, Owned) else as_texts([_own(entity.label)])
    fields = [
        (kind, f"{mark(name)}\n", attrgetter(name) if "." not in name else entity.field(name).words)
        for kind, name in search_fields(entity)
    ]
    found = []
    for record in records:
        haystack, grams = "\n", set(own)
        for kind, marked, read in fields:
            if value := read(record):
                text, cuts = indexed(kind, str(value))
                if text:
                    haystack += f"{marked}{text}\n"
                    grams.update(cuts)
        found.append((haystack, grams))
    return found


def row_of(entity: Entity, record: Model) -> tuple:
    """The row of one record, in the order of ``COLUMNS``."""
    ((haystack, grams),) = texts_of(entity, [record])
    return (*_place(entity, record), list(map(int, grams)), haystack)


def _place(entity: Entity, record: Any) -> tuple:
    return (
        entity.label,
        record.pk,
        getattr(record, "owner_id", None),
        getattr(record, "department_id", None),
        getattr(record, "updated_at", None) or timezone.now(),
    )


def add_rows(entity: Entity, records: Sequence[Model]) -> None:
    """Write the rows of records that have none yet."""
    if len(records) < FEW:
        SearchRow.objects.bulk_create([SearchRow(None, *row_of(entity, record)) for record in records])
        return
    haystacks, grams = zip(*texts_of(entity, records), strict=True)
    places = zip(*[_place(entity, record) for record in records], strict=True)
    arrays = [f"{{{','.join(some)}}}" for some in grams]
    copy_columns(SearchRow, COLUMNS, [*places, arrays, haystacks])


def write_rows(entity: Entity, records: Iterable[Model]) -> None:
    """Write the rows of ``records``, replacing those there are."""
    records = list(records)
    if not records:
        return
    table, written = connection.ops.quote_name(SearchRow._meta.db_table), COLUMNS[2:]
    _label, *places = zip(*[_place(entity, record) for record in records], strict=True)
    haystacks, grams = zip(*texts_of(entity, records), strict=True)
    arrays = [f"{{{','.join(some)}}}" for some in grams]
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into {table} ({', '.join(COLUMNS)}) select %s, id, owner, department, at, grams::integer[], haystack"
            " from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::text[], %s::text[])"
            " v(id, owner, department, at, grams, haystack) on conflict (entity, record_id)"
            f" do update set {', '.join(f'{name} = excluded.{name}' for name in written)}",
            [entity.label, *map(list, places), arrays, list(haystacks)],
        )


def place_rows(entity: Entity, records: Sequence[Model]) -> None:
    """Write who owns ``records`` now, which have rows: for records whose texts have not changed."""
    if not records:
        return
    table = connection.ops.quote_name(SearchRow._meta.db_table)
    _label, *places = zip(*[_place(entity, record) for record in records], strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            f"update {table} r set owner_id = v.owner, department_id = v.department, at = v.at"
            " from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[]) v(id, owner, department, at)"
            " where r.entity = %s and r.record_id = v.id",
            [*map(list, places), entity.label],
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
    old = [(b, a) for b, a in alive if b is not None]
    told = [a for b, a in old if _differs(b, a, ["deleted_at", *(name for _kind, name in search_fields(entity))])]
    write_rows(entity, told)
    known = {record.pk for record in told}
    place_rows(entity, [a for b, a in old if a.pk not in known and _differs(b, a, ["owner", "department"])])


@on_purge
def forget(model: type[Model], ids: list[int], actor: Actor) -> None:
    """What is removed for good leaves no row."""
    if model._meta.label_lower in registry:
        remove_rows(registry[model._meta.label_lower], ids)


def _differs(before: Model, after: Model, names: Iterable[str]) -> bool:
    """Whether one of the named values is another; those that the model has not got are the same."""
    have = type(after)
    return any(("." in name or hasattr(have, name)) and differs_at(before, after, name) for name in names)


def rebuild(label: str) -> int:
    """Write the rows of every living record of an entity anew; returns how many. Others may write records meanwhile."""
    entity, count = registry[label], 0
    rows, last = entity.model.objects.all().alive().order_by("pk"), 0
    SearchRow.objects.filter(entity=label).delete()
    while True:
        with transaction.atomic():
            chunk = list(rows.filter(pk__gt=last).select_for_update(of=("self",))[:CHUNK])
            if not chunk:
                return count
            last = chunk[-1].pk
            remove_rows(entity, [record.pk for record in chunk])
            add_rows(entity, chunk)
        count += len(chunk)


def rebuild_after_migration(plan: Sequence[tuple[Any, bool]] = (), **_sent: Any) -> None:
    """Fill the index again when a migration has emptied it; the signal comes once all migrations are through."""
    emptied = {(step.app_label, step.name) for step, backwards in plan if not backwards}
    if ("search", "0002_grams_as_numbers") not in emptied:
        return
    inverted = next(index for index in SearchRow._meta.indexes if index.name == "search_grams")
    with connection.schema_editor() as editor:
        editor.remove_index(SearchRow, inverted)
    try:
        for label, entity in registry.items():
            if search_fields(entity):
                rebuild(label)
    finally:  # made at once it takes a tenth of the time that growing it row by row does
        with connection.schema_editor() as editor:
            editor.add_index(SearchRow, inverted)
