"""Keyset paging on (sort column, id): page 10,000 costs what page 1 costs, and nothing is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db.models import F, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from crm.fields.field import resolve

SIZE = 50
# What the order by a field that admins defined is called in a query.
KEY = "sort_key"
SALT = "crm.entities.paging"


class BadCursor(ValueError):
    """A cursor that this program did not make, or made for another order."""


@dataclass(frozen=True)
class KeysetPage:
    """One page of records and the cursors to its neighbours; an empty cursor: there is none."""

    records: list[Model]
    after: str
    before: str

    def __iter__(self) -> Any:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)


def keyed(rows: QuerySet, column: str) -> tuple[QuerySet, str, str]:
    """The rows, what they are ordered by and then by which id: a column, or what is worked out for a field of another kind."""
    if "." not in column:
        return rows, column, "pk"
    field: Any = resolve(rows.model, column)
    rows, pk = field.sorted(rows)
    return rows.annotate(**{KEY: field.sort_key()}), KEY, pk


def ordered(rows: QuerySet, column: str, *, descending: bool) -> QuerySet:
    """The rows by (column, id), both in one direction."""
    rows, name, pk = keyed(rows, column)
    sign = "-" if descending else ""
    return rows.order_by(f"{sign}{name}", f"{sign}{pk}")


def paginate(
    rows: QuerySet, column: str, *, descending: bool, after: str = "", before: str = "", size: int = SIZE
) -> KeysetPage:
    """A page of ``rows`` ordered by (column, id), both in one direction so that one index serves it.

    ``after`` and ``before`` are cursors from an earlier page. Raises BadCursor for anything else.
    """
    backwards = bool(before) and not after
    cursor = before if backwards else after
    down = descending != backwards
    rows, name, pk = keyed(rows, column)
    if cursor:
        compare = TupleLessThan if down else TupleGreaterThan
        rows = rows.filter(compare(Tuple(F(name), F(pk)), _read(cursor, rows.model, column)))
    sign = "-" if down else ""
    order = [f"{sign}pk"] if column in {"pk", "id"} else [f"{sign}{name}", f"{sign}{pk}"]
    found = list(rows.order_by(*order)[: size + 1])
    more = len(found) > size
    found = found[:size]
    if backwards:
        found.reverse()
    forward, backward = (bool(cursor), more) if backwards else (more, bool(cursor))
    return KeysetPage(
        found,
        after=cursor_of(found[-1], column) if found and forward else "",
        before=cursor_of(found[0], column) if found and backward else "",
    )


def cursor_of(record: Model, column: str) -> str:
    """The place of ``record`` in an order by ``column``."""
    value = str(getattr(record, KEY)) if "." in column else record._meta.get_field(column).value_to_string(record)
    return signing.dumps([column, value, record.pk], salt=SALT)


def _read(cursor: str, model: type[Model], wanted: str) -> tuple[Any, int]:
    try:
        column, value, pk = signing.loads(cursor, salt=SALT)
    except (signing.BadSignature, ValueError) as error:
        raise BadCursor(cursor[:50]) from error
    if column != wanted:
        raise BadCursor(column)
    field: Any = _key_field(model, column) if "." in column else model._meta.get_field(column)
    return field.to_python(value), pk


def _key_field(model: type[Model], column: str) -> Any:
    """What the key of a field beside the record is made of."""
    field: Any = resolve(model, column)
    key = field.sort_key()
    return field.source if isinstance(key, F) else key.output_field
