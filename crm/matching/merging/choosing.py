"""The records side by side: which fields differ, which values the one that stays may take, which are suggested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from crm.access import policy
from crm.entities.bound import BoundEntity, BoundField
from crm.entities.entity import registry
from crm.entities.forms import may_write
from crm.records.diff import value_at


@dataclass(frozen=True)
class Cell:
    """One value of one record: ``may`` says whether the record that stays may take it."""

    record: Any
    text: str
    may: bool
    suggested: bool


@dataclass(frozen=True)
class Row:
    """One field of all records. ``open`` where there is something to choose."""

    field: BoundField
    cells: list[Cell]
    differs: bool
    open: bool


@dataclass
class Sides:
    """The records beside each other, what differs first; ``kept`` counts what differs but is not this person's to choose."""

    records: list[Any]
    winner: Any
    rows: list[Row] = field(default_factory=list)
    kept: int = 0


def choosable(bound: BoundEntity, records: Sequence[Any]) -> dict[str, set[int]]:
    """Field → ids of the records whose value the bound user may give to another one: fields they may write, in full view."""
    found = {}
    for one in bound.visible(bound.form_names):
        if may_write(bound, one):
            found[one.name] = _sources(bound, one, records)
    return found


def _sources(bound: BoundEntity, one: BoundField, records: Sequence[Any]) -> set[int]:
    """Of links: only from where they lead to something the user sees, and to people whom they may make owners."""
    if not one.source.is_relation:
        return {record.pk for record in records}
    at = {record.pk: one.raw(record) for record in records}
    target = one.source.related_model
    label = target._meta.label_lower
    wanted = {pk for pk in at.values() if pk is not None}
    if one.name == "owner":
        seen = {record.owner_id for record in records if policy.can_assign(bound.user, bound.label, record.owner)}
    elif label in registry:
        alive = target.objects.alive().filter(pk__in=wanted).values_list("pk", flat=True)
        seen = policy.visible_ids(bound.user, target, wanted) & set(alive)
    else:
        seen = wanted
    return {pk for pk, pointed in at.items() if pointed is None or pointed in seen}


def sides(bound: BoundEntity, records: Sequence[Any], winner: Any = None) -> Sides:
    """The records as the bound user may compare them: the fullest one stays, unless one is named."""
    fields = bound.visible(bound.form_names)
    bound.preload(fields, records)
    winner = winner or max(records, key=lambda r: (sum(_filled(f, r) for f in fields), -r.pk))
    may = choosable(bound, records)
    found = Sides(list(records), winner)
    for one in fields:
        row = _row(bound, one, records, winner, may.get(one.name))
        found.rows.append(row)
        found.kept += row.differs and not row.open
    found.rows.sort(key=lambda row: (not row.open, not row.differs))
    return found


def _filled(one: BoundField, record: Any) -> bool:
    return bool(one.filled(record))


def _row(bound: BoundEntity, one: BoundField, records: Sequence[Any], winner: Any, may: set[int] | None) -> Row:
    raw = [value_at(record, one.name) for record in records]
    differs = any(value != raw[0] for value in raw)
    best = suggested(bound, one, records, winner, may or set())
    cells = [
        Cell(record, one.text(record), record is winner or record.pk in (may or set()), record is best)
        for record in records
    ]
    return Row(one, cells, differs, differs and may is not None)


def suggested(bound: BoundEntity, one: BoundField, records: Sequence[Any], winner: Any, may: set[int]) -> Any:
    """The record whose value is the best guess: not empty, the newest; whose it is and where it stands it keeps itself."""
    board = bound.entity.board
    if one.name in {"owner", bound.entity.variant, board.field if board else ""}:
        return winner
    full = [record for record in records if _filled(one, record) and (record is winner or record.pk in may)]
    return max(full, key=lambda record: (record.updated_at, record.pk)) if full else winner
