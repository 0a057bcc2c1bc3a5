"""Finding values in every text of the database, and blanking them: by the catalogue, so that no table is forgotten.

Rooms that keep something derived (search rows) say how it is made anew: ``@derived("search_searchrow")``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from crm.entities.entity import registry
from crm.privacy.known import Known, blank
from crm.records.models import Entry

# What holds no values of customers: people who work here, sessions, settings of the program, and hashes.
KEPT_OUT = {
    "users_user",
    "django_session",
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "axes_accessattempt",
    "axes_accesslog",
    "axes_accessfailurelog",
    "privacy_suppression",
    "privacy_consenttext",
    "privacy_consentpurpose",
    "reference_region",
    "reference_industry",
    "messaging_mailaccount",
}
LONGEST = "45min"
JSON = ("json", "jsonb")
TEXTS = ("text", "character varying", "character", "json", "jsonb", "ARRAY")
LABELS = {
    "records_entry": _("History"),
    "records_auditevent": _("Audit log"),
    "records_outgoing": _("What was sent or waits to be sent"),
    "search_searchrow": _("Search index"),
}
_derived: dict[str, Callable[[list[int]], None]] = {}
# Pairs of columns by which a row names the record that it hangs on.
TIES = (("entity", "record_id"), ("on_entity", "on_id"), ("subject_entity", "subject_id"))


@dataclass(frozen=True)
class Table:
    """A table with the columns that hold text: (name, type, length), and those of its key."""

    name: str
    columns: tuple[tuple[str, str, int | None], ...]
    key: tuple[str, ...]
    ties: tuple[tuple[str, str], ...]
    all: frozenset[str] = frozenset()


@dataclass
class Swept:
    """How many rows of each table were blanked, which could not be, and the records whose texts changed."""

    rows: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def add(self, table: str, count: int) -> None:
        if count:
            self.rows[table] = self.rows.get(table, 0) + count


def derived(table: str) -> Callable[[Callable[[list[int]], None]], Callable[[list[int]], None]]:
    """Decorator: rows of ``table`` are not blanked but made anew, by ``fn(ids)``, once everything else was blanked."""

    def add(fn: Callable[[list[int]], None]) -> Callable[[list[int]], None]:
        _derived[table] = fn
        return fn

    return add


def table_label(table: str) -> str:
    """What people call what is in a table; of parts the room that keeps them."""
    if table in LABELS:
        return str(LABELS[table])
    model = next((m for m in apps.get_models() if m._meta.db_table == table), None)
    if model is None:
        return table
    named = model._meta.label_lower in registry
    return capfirst(str(model._meta.verbose_name_plural if named else model._meta.app_config.verbose_name))


def tables() -> list[Table]:
    """Every table of ours that holds text, and has a key."""
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        columns = cursor.fetchall()
        cursor.execute(_KEYS)
        keys = {name: tuple(found) for name, found in cursor.fetchall()}
    by_table: dict[str, list[tuple]] = {}
    for name, *column in columns:
        by_table.setdefault(name, []).append(tuple(column))
    return [
        _table(name, found, keys[name])
        for name, found in sorted(by_table.items())
        if name in keys and name not in KEPT_OUT
    ]


def _table(name: str, found: list[tuple], key: tuple[str, ...]) -> Table:
    names = {column for column, _kind, _length, _made in found}
    texts = tuple((c, kind, length) for c, kind, length, made in found if kind in TEXTS and not made and c not in key)
    ties = tuple(pair for pair in TIES if set(pair) <= names)
    return Table(name, texts, key, ties, frozenset(names))


@transaction.atomic
def count(known: Known, skip: dict[str, Sequence[int]] | None = None) -> dict[str, int]:
    """How many rows of each table hold what the persons are known by."""
    counted: dict[str, int] = {}
    _be_patient()
    for table in tables() if known.everywhere else ():
        if table.columns:
            statement, values = _select(table, known, "count(*)", (skip or {}).get(table.name, ()))
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                if number := cursor.fetchone()[0]:
                    counted[table.name] = number
    return counted


def sweep(known: Known, persons: list[tuple[str, int]]) -> Swept:
    """Blank what ``everywhere`` finds in every text, and what ``beside`` finds in rows that hang on the persons."""
    swept, anew = Swept(), {}
    linked = _linked_entries(persons)
    _be_patient()
    _let(True)
    try:
        for table in tables():
            if table.name in _derived:
                anew[table.name] = [key[0] for key, _row in _found(table, known)]
                continue
            for pattern, rows in (
                (known.everywhere, _found(table, known)),
                (known.beside, _tied(table, persons, linked, known.beside)),
            ):
                _blank_rows(table, rows, pattern, swept)
    finally:
        _let(False)
    for name, ids in anew.items():
        _derived[name](ids)
        swept.add(name, len(ids))
    return swept


def _be_patient() -> None:
    """Until the transaction ends, one statement may read the largest table to its end."""
    with connection.cursor() as cursor:
        cursor.execute("select set_config('statement_timeout', %s, true)", [LONGEST])


def _let(on: bool) -> None:
    """The logs refuse changes but for this."""
    with connection.cursor() as cursor:
        cursor.execute("select set_config('crm.redact', %s, true)", ["on" if on else "off"])


def _linked_entries(persons: list[tuple[str, int]]) -> list[int]:
    """Entries of others that stand on the timelines of the persons."""
    with connection.cursor() as cursor:
        found: list[int] = []
        for label, pk in persons:
            cursor.execute("select entry_id from records_entrylink where entity = %s and record_id = %s", [label, pk])
            found += [row[0] for row in cursor.fetchall()]
    return sorted(set(found))


def _q(name: str) -> str:
    return connection.ops.quote_name(name).replace("%", "%%")


def _select(table: Table, known: Known, what: str, skip: Sequence[int] = ()) -> tuple[str, list]:
    """The pattern is slow, so it looks only at rows that hold a word or a number at all; CASE keeps that order."""
    joined = ", ".join(f"{_q(column)}::text" for column, _kind, _length in table.columns)
    text = f"concat_ws(chr(10), {joined})"
    rough = f"lower({text}) like any((select array_agg(lower(one)) from unnest(%s::text[]) one)::text[])"
    rough, values = (rough, [known.likes]) if known.likes else ("false", [])
    if known.numbers:
        rough, values = f"{text} ~ %s or {rough}", [known.numbers, *values]
    but = f" and not ({_q(table.key[0])} = any(%s))" if skip else ""
    statement = f"select {what} from {_q(table.name)} where case when {rough} then {text} ~* %s else false end{but}"
    return statement, [*values, known.everywhere, *([list(skip)] if skip else [])]


def _wanted(table: Table) -> str:
    return ", ".join(_q(name) for name in (*table.key, *(column for column, _kind, _length in table.columns)))


def _found(table: Table, known: Known) -> Iterator[tuple[tuple, tuple]]:
    """(key, values) of the rows whose texts hold what the persons are known by."""
    if known.everywhere and table.columns:
        yield from _fetch(table, *_select(table, known, _wanted(table)))


def _tied(table: Table, persons: list[tuple[str, int]], linked: list[int], found: str) -> Iterator[tuple[tuple, tuple]]:
    """(key, values) of the rows that hang on the persons."""
    if not found or not table.columns:
        return
    start = f"select {_wanted(table)} from {_q(table.name)} where "
    for label_column, id_column in table.ties:
        for label, pk in persons:
            yield from _fetch(table, f"{start}{_q(label_column)} = %s and {_q(id_column)} = %s", [label, pk])
    if table.name == Entry._meta.db_table and linked:
        yield from _fetch(table, f"{start}id = any(%s)", [linked])


def _fetch(table: Table, statement: str, values: list) -> Iterator[tuple[tuple, tuple]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows = cursor.fetchall()
    width = len(table.key)
    for row in rows:
        yield row[:width], row[width:]


def _blank_rows(table: Table, rows: Iterator[tuple[tuple, tuple]], pattern: str, swept: Swept) -> None:
    """Write the rows without the values; a table that refuses is named, and the others go on."""
    if not pattern:
        return
    finds, done = re.compile(pattern, re.IGNORECASE), 0
    for key, values in rows:
        changed = _changed(table, values, finds)
        if not changed:
            continue
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(_update(table, list(changed)), [*changed.values(), *key])
            done += 1
        except DatabaseError as error:
            swept.failed[table.name] = type(error).__name__
    swept.add(table.name, done)


def _changed(table: Table, values: tuple, finds: re.Pattern[str]) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for (name, kind, length), value in zip(table.columns, values, strict=True):
        if value in (None, "", [], {}):
            continue
        before = json.loads(value) if kind in JSON and isinstance(value, str) else value
        after = blank(before, finds)
        if after == before:
            continue
        if kind in JSON:
            changed[name] = json.dumps(after, ensure_ascii=False)
        else:
            changed[name] = after[:length] if length and isinstance(after, str) else after
    return changed


def _update(table: Table, names: list[str]) -> str:
    kinds = {name: kind for name, kind, _length in table.columns}
    assigned = ", ".join(f"{_q(name)} = %s{f'::{kinds[name]}' if kinds[name] in JSON else ''}" for name in names)
    where = " and ".join(f"{_q(name)} = %s" for name in table.key)
    return f"update {_q(table.name)} set {assigned} where {where}"


_COLUMNS = """
select c.relname, a.attname,
    case when t.typcategory = 'A' then case when e.typcategory = 'S' then 'ARRAY' else 'other' end
        else format_type(a.atttypid, null) end,
    case when a.atttypmod > 4 and t.typname in ('varchar', 'bpchar') then a.atttypmod - 4 end,
    a.attgenerated <> '' or a.attidentity <> ''
from pg_class c
join pg_namespace n on n.oid = c.relnamespace and n.nspname = current_schema()
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
left join pg_type e on e.oid = t.typelem
where c.relkind in ('r', 'p') and not c.relispartition
order by c.relname, a.attnum
"""
_KEYS = """
select c.relname, array_agg(a.attname::text order by array_position(i.indkey::int[], a.attnum::int))
from pg_index i
join pg_class c on c.oid = i.indrelid
join pg_namespace n on n.oid = c.relnamespace and n.nspname = current_schema()
join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey::int[])
where i.indisprimary group by c.relname
"""
