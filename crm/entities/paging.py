"""Keyset paging on (sort column, id): page 10,000 costs what page 1 costs, and nothing is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db.models import F, Field, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

SIZE = 50
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


def paginate(
    rows: QuerySet, column: str, *, descending: bool, after: str = "", before: str = "", size: int = SIZE
) -> KeysetPage:
    """A page of ``rows`` ordered by (column, id), both in one direction so that one index serves it.

    ``after`` and ``before`` are cursors from an earlier page. Raises BadCursor for anything else.
    """
    backwards = bool(before) and not after
    cursor = before if backwards else after
    down = descending != backwards
    if cursor:
        compare = TupleLessThan if down else TupleGreaterThan
        rows = rows.filter(compare(Tuple(F(column), F("pk")), _read(cursor, rows.model._meta.get_field(column))))
    sign = "-" if down else ""
    order = [f"{sign}pk"] if column in {"pk", "id"} else [f"{sign}{column}", f"{sign}pk"]
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
    field = record._meta.get_field(column)
    return signing.dumps([column, field.value_to_string(record), record.pk], salt=SALT)


def _read(cursor: str, field: Field) -> tuple[Any, int]:
    try:
        column, value, pk = signing.loads(cursor, salt=SALT)
    except (signing.BadSignature, ValueError) as error:
        raise BadCursor(cursor[:50]) from error
    if column != field.name:
        raise BadCursor(column)
    return field.to_python(value), pk
