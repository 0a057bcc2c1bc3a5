"""Locks in one order for everybody: what is rolled up into first, from the top down, by entity and id; then the rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import models

from crm.customfields.formulas.graph import Computed, graph

MOST_LEVELS = 10
Ids = dict[type[models.Model], set[int]]


def lock_parents(model: type[models.Model], records: Sequence[Any], rolled: Sequence[Computed]) -> None:
    """Lock what the records are rolled up into, as they stand now and as they are to stand."""
    stored = [record.pk for record in records if not record._state.adding]
    level = _parents(rolled, records)
    if stored:
        _join(level, _stored_parents(model, stored, rolled))
    levels = [level]
    while level and len(levels) < MOST_LEVELS:
        above: Ids = defaultdict(set)
        for parent, ids in level.items():
            if higher := graph().rolled.get(parent._meta.label_lower):
                _join(above, _stored_parents(parent, ids, higher))
        level = above
        levels.append(level)
    seen: Ids = defaultdict(set)
    for found in reversed(levels):
        for parent in sorted(found, key=lambda m: m._meta.label_lower):
            lock(parent, found[parent] - seen[parent])
            seen[parent] |= found[parent]


def lock(model: type[models.Model], ids: Iterable[int]) -> None:
    """Lock rows by id, in their order; foreign keys may still be pointed at them."""
    if wanted := sorted(ids):
        list(model._base_manager.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk").values_list("pk"))


def _parents(rolled: Sequence[Computed], records: Iterable[Any]) -> Ids:
    found: Ids = defaultdict(set)
    for computed in rolled:
        assert computed.rollup is not None
        found[computed.model] |= {pk for row in records if (pk := computed.rollup.link.parent(row)) is not None}
    return found


def _stored_parents(model: type[models.Model], ids: Iterable[int], rolled: Sequence[Computed]) -> Ids:
    """What rows are rolled up into as they are stored: one query."""
    columns = {name.partition(".")[0] for computed in rolled if computed.rollup for name in computed.rollup.link.names}
    return _parents(rolled, model._base_manager.filter(pk__in=list(ids)).only("pk", *columns))


def _join(one: Ids, other: Ids) -> None:
    for model, ids in other.items():
        one[model] |= ids
