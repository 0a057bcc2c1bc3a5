"""Expression indexes of custom fields, built and dropped without blocking anybody.

The name of an index ends in a digest of what it is: an index that is no longer what the field needs is another one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.postgres.indexes import GinIndex
from django.db import connection, models
from django.db.models import Count, F, Q

from crm.customfields import expressions
from crm.customfields.kinds import SEARCH, SORT, UNIQUE
from crm.customfields.models import TAGS, CustomField
from crm.customfields.unique import INDEX as UNIQUE_INDEX
from crm.customfields.values import CustomValue, resolve_custom

ALIVE = Q(deleted_at__isnull=True)
SHOWN = 20


@dataclass(frozen=True)
class Wanted:
    """An index as it should be: its name and the statement that builds it."""

    name: str
    sql: str


def wanted(field: CustomField) -> list[Wanted]:
    """The indexes that the field needs as it is defined now."""
    if not field.active or field.purging:
        return []
    value, has = resolve_custom(apps.get_model(field.entity), field.code), field.made_by.settings
    alive = ALIVE & getattr(value.model, "of_table", Q)()
    found = []
    if field.unique and UNIQUE in has:
        found.append(
            _made(value, UNIQUE_INDEX, models.Index(value.expression(), condition=alive, name="x"), unique=True)
        )
    if field.kind == "link":  # as a foreign key has one: linked rows are listed, rolled up and looked up by it
        found.append(_made(value, "custom_find_", models.Index(value.expression(), name="x")))
    if field.searchable and SEARCH in has and field.kind in {"multichoice", TAGS}:
        listed = expressions.json("", field.code)
        found.append(_made(value, "custom_find_", GinIndex(listed, condition=alive, name="x")))
    elif field.searchable and SEARCH in has and field.kind not in {"longtext", "richtext"}:
        found.append(_made(value, "custom_find_", models.Index(value.expression(), condition=alive, name="x")))
    if field.sortable and SORT in has:
        found.append(_made(value, "custom_sort_", models.Index(value.sort_key(), F("id"), condition=alive, name="x")))
    return found


def _made(value: CustomValue, prefix: str, index: models.Index, *, unique: bool = False) -> Wanted:
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        sql = str(index.create_sql(value.model, editor, concurrently=True))
    digest = hashlib.sha256(sql.encode()).hexdigest()[:8]
    name = f"{prefix}{value.definition.pk}_{digest}"
    quoted = connection.ops.quote_name
    sql = sql.replace(quoted("x"), quoted(name), 1)
    return Wanted(name, sql.replace("CREATE INDEX", "CREATE UNIQUE INDEX", 1) if unique else sql)


def existing(field_id: int) -> dict[str, bool]:
    """The indexes of a field that the database has, and whether each is whole."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.relname, i.indisvalid from pg_class c join pg_index i on i.indexrelid = c.oid"
            " where c.relname ~ %s and pg_table_is_visible(c.oid)",
            [f"^custom_(unique|find|sort)_{int(field_id)}_"],
        )
        return dict(cursor.fetchall())


def differs(field: CustomField) -> bool:
    """Whether indexes are missing, broken or too many."""
    return existing(field.pk) != {one.name: True for one in wanted(field)}


def build(field: CustomField, told: Any = lambda name: None) -> None:
    """Drop what is broken or no longer needed, build what is missing; beside everybody's work when outside of a transaction.

    Raises IntegrityError when a unique index finds the same value twice.
    """
    there, needed = existing(field.pk), wanted(field)
    with _patient():
        for name, whole in there.items():
            if not whole:
                _drop(name)
        for one in needed:
            if not there.get(one.name):
                told(one.name)
                _execute(one.sql)
        for name in there.keys() - {one.name for one in needed}:
            _drop(name)


def drop_all(field_id: int) -> None:
    """Drop every index of a field."""
    with _patient():
        for name in existing(field_id):
            _drop(name)


def _drop(name: str) -> None:
    _execute(f"DROP INDEX CONCURRENTLY IF EXISTS {connection.ops.quote_name(name)}")


def _execute(sql: str) -> None:
    """Within a transaction (of a test, of a pack being tried) nothing can be built beside the others' work."""
    with connection.cursor() as cursor:
        cursor.execute(sql.replace(" CONCURRENTLY", "", 1) if connection.in_atomic_block else sql)


@contextmanager
def _patient() -> Iterator[None]:
    """No time limits: building waits for older transactions and reads the whole table."""
    settings = ("statement_timeout", "lock_timeout")
    with connection.cursor() as cursor:
        kept = {}
        for name in settings:
            cursor.execute(f"show {name}")
            kept[name] = cursor.fetchone()[0]
            cursor.execute(f"set {name} = 0")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for name, value in kept.items():
                cursor.execute(f"set {name} = %s", [value])


def progress(field: CustomField) -> int | None:
    """How far the index being built is, 0–100; None when nothing is known of it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select p.blocks_done, p.blocks_total from pg_stat_progress_create_index p"
            " join pg_class c on c.oid = p.index_relid where c.relname ~ %s",
            [f"^custom_(unique|find|sort)_{int(field.pk)}_"],
        )
        row = cursor.fetchone()
    return min(100, row[0] * 100 // row[1]) if row and row[1] else None


def duplicates(field: CustomField) -> list[tuple[str, int]]:
    """(value, how many records) of values that several living records have, the most frequent first."""
    value = resolve_custom(apps.get_model(field.entity), field.code)
    rows = value.model._base_manager.filter(ALIVE).exclude(value.empty())
    found = rows.order_by().annotate(same=value.expression()).values("same").annotate(times=Count("pk"))
    return [
        (value.show(row["same"]), row["times"])
        for row in found.filter(times__gt=1).order_by("-times", "same")[: SHOWN + 1]
    ]


def count_values(field: CustomField) -> int:
    """How many records hold a value, those in the trash too."""
    return apps.get_model(field.entity)._base_manager.filter(custom__has_key=field.code).count()


def count_option(field: CustomField, value: str) -> int:
    """How many records hold an option."""
    model = apps.get_model(field.entity)
    return model._base_manager.filter(resolve_custom(model, field.code).q("in", [value])).count()
