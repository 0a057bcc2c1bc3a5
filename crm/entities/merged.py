"""Records that went into another one, as the room that merges tells: their pages lead there, their past is read there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import Combinable

# (entity, ids) → id → the record that took it over; id → all that went into it.
_present: list[Callable[[str, Collection[int]], Mapping[int, int]]] = []
_former: list[Callable[[str, Collection[int]], Mapping[int, list[int]]]] = []
# entity → whether anything ever went into a row, as an expression over it.
_took_over: list[Callable[[str], Combinable]] = []


def tell_merges(
    *,
    present: Callable[[str, Collection[int]], Mapping[int, int]],
    former: Callable[[str, Collection[int]], Mapping[int, list[int]]],
    took_over: Callable[[str], Combinable],
) -> None:
    """Let a room tell which records went into which."""
    _present[:], _former[:], _took_over[:] = [present], [former], [took_over]


def with_past(rows: QuerySet, label: str) -> QuerySet:
    """Rows that carry along whether anything ever went into them, so that ``took_over`` costs no query."""
    return rows.annotate(_took_over=_took_over[0](label)) if _took_over else rows


def took_over(record: Any) -> bool:
    """Whether anything ever went into the record; True as well where it was not read ``with_past``."""
    return getattr(record, "_took_over", True)


def present_ids(label: str, ids: Collection[int]) -> Mapping[int, int]:
    """Those of the records that went into another one → the one that is there now."""
    return _present[0](label, ids) if _present and ids else {}


def formers(label: str, ids: Collection[int]) -> Mapping[int, list[int]]:
    """Those of the records that others went into → these, directly or by others."""
    return _former[0](label, ids) if _former and ids else {}


def former_ids(label: str, pk: int) -> list[int]:
    """The records that went into this one, directly or by others."""
    return formers(label, [pk]).get(pk, [])
