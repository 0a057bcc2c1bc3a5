"""Moving what points at merged records to the one that stays, and back: set by set, remembering each row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from copy import copy
from typing import Any, TypeVar

from django.apps import apps
from django.db import models

from crm.matching.merging.clashes import clashing
from crm.matching.merging.kinds import MOVED, MOVED_BACK
from crm.matching.merging.links import Link, counted, is_record, links_to
from crm.matching.merging.models import MergeItem, MergeOperation
from crm.records.actor import Actor
from crm.records.models import ChangeSet
from crm.records.relinking import relink_many
from crm.records.services import BATCH, delete_many

T = TypeVar("T")
# (link, the merged record) → the rows that pointed there.
Rows = dict[tuple[Link, int], list[int]]


def move_all(operation: MergeOperation, losers: Collection[int], *, actor: Actor) -> None:
    """Point everything that points at the losers at the record that stays; what was left behind before stays there."""
    label, winner = operation.entity, operation.record_id
    behind: dict[str, set[int]] = defaultdict(set)
    for item in operation.items.exclude(left=[]):
        behind[item.model].update(item.left)
    ways = links_to(label)
    for model, where in counted(ways, losers):
        rows = model._base_manager.filter(where).exclude(pk__in=behind[model._meta.label_lower])
        if (
            model._meta.label_lower == label
        ):  # among themselves they keep their links; those of the winner are its values
            rows = rows.exclude(pk__in=[winner, *losers])
        move = _move_records if is_record(model) else _move_rows
        move(operation, ways[model], list(rows.order_by("pk")), set(losers), actor)


def _move_rows(
    operation: MergeOperation, links: Sequence[Link], rows: Sequence[Any], losers: set[int], actor: Actor
) -> None:
    """Plain rows: what can't move stays with the merged record, where nobody looks."""
    for link in links:
        found = [(row.pk, at) for row in rows if (at := link.points_at(row)) in losers]
        wanted = {pk: {link.column: operation.record_id} for pk, _at in found}
        held = clashing(link.model, wanted)
        moving = wanted.keys() - held
        if moving:
            link.model._base_manager.filter(pk__in=moving).update(**{link.column: operation.record_id})
        _remember(operation, _grouped(link, found), held)


def _move_records(
    operation: MergeOperation, links: Sequence[Link], rows: Sequence[Any], losers: set[int], actor: Actor
) -> None:
    """Records: with history; what the winner has already goes to the trash with the merged record."""
    found: Rows = defaultdict(list)
    wanted: dict[int, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        pointed = copy(row)
        for link in links:
            if (at := link.points_at(row)) in losers:
                found[link, at].append(row.pk)
                for name, value in link.pointed(pointed, operation.record_id).items():
                    setattr(pointed, name, value)
                    wanted[row.pk][name] = value
    if not wanted:
        return
    model = links[0].model
    held = clashing(model, wanted)
    moving = {pk: values for pk, values in wanted.items() if pk not in held}
    relink(model, moving, actor=actor, changes=operation.changes, kind=MOVED)
    if spare := [row for row in rows if row.pk in held and row.deleted_at is None]:
        delete_many(spare, actor=actor, changes=operation.changes)
    _remember(operation, found, held)


def relink(model: Any, wanted: dict[int, dict[str, Any]], *, actor: Actor, changes: ChangeSet, kind: str) -> None:
    """``relink_many`` in batches."""
    for pks in portions(sorted(wanted)):
        relink_many(model, {pk: wanted[pk] for pk in pks}, actor=actor, changes=changes, kind=kind)


def _grouped(link: Link, found: Iterable[tuple[int, int | None]]) -> Rows:
    grouped: Rows = defaultdict(list)
    for pk, at in found:
        if at is not None:
            grouped[link, at].append(pk)
    return grouped


def _remember(operation: MergeOperation, found: Rows, held: set[int]) -> None:
    """Note each row, beside those that were noted before: what comes late is moved later."""
    known = {(item.model, item.name, item.record_id): item for item in operation.items.all()} if found else {}
    for (link, at), pks in found.items():
        key = (link.model._meta.label_lower, link.name, at)
        item = known.get(key) or MergeItem(operation=operation, model=key[0], name=key[1], record_id=at)
        new = [pk for pk in pks if pk not in {*item.rows, *item.left}]
        item.rows = [*item.rows, *(pk for pk in new if pk not in held)]
        item.left = [*item.left, *(pk for pk in new if pk in held)]
        if new:
            item.save()


def move_back(
    operation: MergeOperation, losers: Collection[int], *, actor: Actor, changes: ChangeSet
) -> list[tuple[str, int]]:
    """Point rows back at the records they were moved from, where they still point at the one that took them.

    Returns (model, id) of those that have moved on since; rows that are gone are not worth a word.
    """
    left: list[tuple[str, int]] = []
    ways = {
        (link.model._meta.label_lower, link.name): link
        for links in links_to(operation.entity).values()
        for link in links
    }
    items: dict[str, list[tuple[Link, MergeItem]]] = defaultdict(list)
    for item in operation.items.filter(record_id__in=losers).order_by("model", "name", "record_id"):
        if link := ways.get((item.model, item.name)):
            items[item.model].append((link, item))
        else:  # the field was taken away since, and the values with it
            left += [(item.model, pk) for pk in item.rows]
    for label, pairs in items.items():
        left += [(label, pk) for pk in _back(operation, pairs, actor, changes)]
    return left


def _back(
    operation: MergeOperation, pairs: Sequence[tuple[Link, MergeItem]], actor: Actor, changes: ChangeSet
) -> list[int]:
    model: Any = pairs[0][0].model
    every = {pk for _link, item in pairs for pk in item.rows}
    rows = model._base_manager.in_bulk(every)
    wanted: dict[int, dict[str, Any]] = defaultdict(dict)
    moved_on: set[int] = set()
    for link, item in pairs:
        for pk in item.rows:
            row = rows.get(pk)
            if row is None:
                continue
            if link.points_at(row) != operation.record_id:
                moved_on.add(pk)
                continue
            for name, value in link.pointed(row, item.record_id).items():
                setattr(row, name, value)
                wanted[pk][name] = value
    held = clashing(model, wanted) if wanted else set()
    moving = {pk: values for pk, values in wanted.items() if pk not in held}
    if is_record(model):
        relink(model, moving, actor=actor, changes=changes, kind=MOVED_BACK)
    else:
        _update(model, moving)
    return sorted(moved_on | held)


def _update(model: type[models.Model], wanted: dict[int, dict[str, Any]]) -> None:
    """One statement for each value that is set."""
    by_value: dict[tuple, list[int]] = defaultdict(list)
    for pk, values in wanted.items():
        by_value[tuple(sorted(values.items()))].append(pk)
    for values, pks in by_value.items():
        model._base_manager.filter(pk__in=pks).update(**dict(values))


def portions(whole: Sequence[T], size: int = BATCH) -> Iterator[Sequence[T]]:
    """The sequence in parts."""
    for start in range(0, len(whole), size):
        yield whole[start : start + size]


def model_named(label: str) -> Any:
    """The model of an item; None when it has gone since."""
    try:
        return apps.get_model(label)
    except LookupError:
        return None
