"""What a write does to the computed values of other records: inside its transaction, set-wise, with no version and no history."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, models
from django.utils.translation import gettext as _

from crm.customfields.formulas.graph import Computed, graph
from crm.customfields.formulas.rollups import alike, totals
from crm.customfields.formulas.working import RecordEnv, Surroundings, put, stored, work_out
from crm.customfields.values import ROOM
from crm.fields.field import Field, resolve
from crm.jobs.services import start_job
from crm.records.hooks import WriteBatch, on_written

KIND = "customfields.recompute"
BATCH = 1000
# More records than these that look something up are left to a job; roll-ups never are.
AT_ONCE = 2000
# Told of computed values that changed beside a write, as (model, ids, codes): the search follows. Filled by rooms above.
followers: list[Callable[[type[models.Model], Collection[int], Collection[str]], None]] = []
# (computed field) → ids of the records whose value may differ now.
Todo = Mapping[Computed, Collection[int]]


@on_written
def spread(batch: WriteBatch) -> None:
    """Work out anew what is made of the written records."""
    known = graph()
    label = batch.model._meta.label_lower
    watched = known.watched.get(label)
    if watched:
        _spread_rows(batch, watched)
    late = [formula for formula in known.plan(label).formulas if formula.late]
    back = [
        a.pk
        for b, a in zip(batch.before, batch.after, strict=True)
        if b is not None and b.deleted_at and not a.deleted_at
    ]
    clocked = [formula for formula in known.plan(label).formulas if formula.by_itself] if back else []
    if late:
        recompute(batch.model, {f: {a.pk for a in batch.after} for f in late}, user=batch.actor.user)
    if clocked:
        recompute(batch.model, {f: set(back) for f in clocked}, user=batch.actor.user)


def _spread_rows(batch: WriteBatch, watched: set[str]) -> None:
    """Find what the batch touches, from the rows as they were and as they are."""
    label = batch.model._meta.label_lower
    fields = [(name, resolve(batch.model, name)) for name in watched]
    todo: dict[Computed, set[int]] = defaultdict(set)
    moved: dict[str, set[int]] = defaultdict(set)
    # What goes to the trash or comes back is written without a look at its version: it may link elsewhere than in memory.
    unsure: dict[Computed, set[int]] = defaultdict(set)
    for before, after in zip(batch.before, batch.after, strict=True):
        names = watched if before is None else {n for n, f in fields if f.raw(before) != f.raw(after)}
        rollups = {c for name in names for c, links in graph().triggers[label, name] if c.rollup and not links}
        for computed in rollups:
            assert computed.rollup is not None
            todo[computed] |= {pk for row in (before, after) if (pk := _parent(computed, row)) is not None}
            if before is not None and before.deleted_at != after.deleted_at:
                unsure[computed].add(after.pk)
        if before is not None:
            for name in names:
                moved[name].add(after.pk)
    for computed, ids in unsure.items():
        todo[computed] |= parents_of(computed, ids)
    _add_holders(label, moved, todo)
    if todo:
        _work(todo, user=batch.actor.user)


def _parent(computed: Computed, row: Any) -> int | None:
    """The record that counts a row; one that lies in the trash counts nowhere."""
    assert computed.rollup is not None
    return None if row is None or row.deleted_at is not None else computed.rollup.link.parent(row)


def _add_holders(label: str, moved: Mapping[str, set[int]], todo: dict[Computed, set[int]]) -> None:
    """Add the records that look at the moved values through links."""
    kept: dict[Any, set[int]] = {}
    for name, ids in moved.items():
        for computed, links in graph().triggers.get((label, name), ()):
            if not links:
                continue
            key = computed.base, tuple(link.name for link in links), frozenset(ids)
            if key not in kept:
                kept[key] = holders(links, ids)
            if computed.rollup:
                todo[computed] |= parents_of(computed, kept[key])
            else:
                todo[computed] |= kept[key]


def holders(links: Sequence[Field], ids: Iterable[int]) -> set[int]:
    """The records from which the links lead to one of the ids: a query a link."""
    found = set(ids)
    for link in reversed(links):
        if not found:
            break
        found = set(link.model._base_manager.filter(link.q("in", list(found))).values_list("pk", flat=True))
    return found


def parents_of(computed: Computed, ids: Collection[int]) -> set[int]:
    """The records that roll the rows ``ids`` up, as they are stored."""
    assert computed.rollup is not None
    columns = {name.partition(".")[0] for name in computed.rollup.link.names}
    rows = computed.base._base_manager.filter(pk__in=list(ids)).only("pk", *columns) if ids else ()
    return {pk for row in rows if (pk := computed.rollup.link.parent(row)) is not None}


def _work(todo: Todo, *, user: Any) -> None:
    """Work out what stands in ``todo``, entity by entity."""
    by_model: dict[type[models.Model], dict[Computed, Collection[int]]] = defaultdict(dict)
    for computed, ids in todo.items():
        if ids:
            by_model[computed.model][computed] = ids
    for model in sorted(by_model, key=lambda m: m._meta.label_lower):
        recompute(model, by_model[model], user=user)


def recompute(model: type[models.Model], todo: Todo, *, user: Any, wait: bool = False) -> int:
    """Work values out anew and write those that differ, then what is made of them; returns how many records differ.

    Nothing is waited for (unless ``wait``): what this write rolls up into is locked already (see ``locking``), and a record
    that somebody else holds is worked out by a job as soon as both are done. So there is no way into a deadlock.
    """
    up = set().union(*(ids for computed, ids in todo.items() if computed.rollup))
    down = set().union(*(ids for computed, ids in todo.items() if not computed.rollup)) - up
    if len(down) > AT_ONCE and not wait:
        _later(model, [computed for computed in todo if not computed.rollup], None, user=user)
        down = set()
    ordered, count = sorted(up | down), 0
    for start in range(0, len(ordered), BATCH):
        count += _batch(model, todo, ordered[start : start + BATCH], user=user, wait=wait)
    return count


def _batch(model: type[models.Model], todo: Todo, ids: Sequence[int], *, user: Any, wait: bool) -> int:
    free = model._base_manager.select_for_update(no_key=True, skip_locked=not wait, of=("self",))
    rows = {row.pk: row for row in free.filter(pk__in=ids).order_by("pk")}
    if not wait and (missed := set(ids) - rows.keys()):
        missed &= set(model._base_manager.filter(pk__in=missed).values_list("pk", flat=True))
        if missed:
            _later(model, todo, missed, user=user)
    changed = _work_rows(model, rows, todo)
    if changed:
        write(model, {pk: rows[pk].custom for pk in changed}, changed)
        _follow(model, changed, user=user)
    return len(changed)


def _work_rows(model: type[models.Model], rows: Mapping[int, Any], todo: Todo) -> dict[int, set[str]]:
    """Set the values on the rows; id → the codes that changed."""
    changed: dict[int, set[str]] = defaultdict(set)
    by_code = {computed.code: (computed, ids) for computed, ids in todo.items()}
    for group in alike((c.code, c.rollup) for c in todo if c.rollup):
        ids = set().union(*(by_code[code][1] for code, _rollup in group)) & rows.keys()
        for pk, values in (totals(group, ids) if ids else {}).items():
            changed[pk] |= put(
                rows[pk], {code: stored(by_code[code][0].field, value) for code, value in values.items()}
            )
    plan = graph().plan(model._meta.label_lower)
    order = {formula: number for number, formula in enumerate(plan.formulas)}
    work: dict[int, list[Computed]] = {}
    for pk in rows:
        own = {computed for computed, ids in todo.items() if pk in ids and computed in order}
        names = {f"{ROOM}.{code}" for code in changed.get(pk, ())} | {formula.name for formula in own}
        found = own | set(plan.following(names))
        if found:
            work[pk] = sorted(found, key=order.__getitem__)
    paths = {path.name: path for found in work.values() for formula in found for path in formula.paths}
    surroundings = Surroundings(paths.values())
    surroundings.load([rows[pk] for pk in work])
    for pk, found in work.items():
        changed[pk] |= work_out(found, RecordEnv(surroundings, rows[pk]))
    return {pk: codes for pk, codes in changed.items() if codes}


def write(
    model: type[models.Model], customs: Mapping[int, Mapping[str, Any]], changed: Mapping[int, Iterable[str]]
) -> None:
    """Write the changed codes of many records in one statement; what else stands in the column stays as it is."""
    quote = connection.ops.quote_name
    table, pk, column = quote(model._meta.db_table), quote(model._meta.pk.column), quote("custom")
    ids = sorted(changed)
    every = sorted(set().union(*changed.values()))
    data = [
        json.dumps({code: customs[i][code] for code in every if code in customs[i]}, ensure_ascii=False) for i in ids
    ]
    sql = (
        f"update {table} t set {column} = (t.{column} - %s::text[]) || v.data::jsonb"
        f" from unnest(%s::bigint[], %s::text[]) v(id, data) where t.{pk} = v.id"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [every, ids, data])


def _follow(model: type[models.Model], changed: Mapping[int, set[str]], *, user: Any) -> None:
    """What is made of values that were just worked out."""
    for follow in followers:
        follow(model, list(changed), set().union(*changed.values()))
    label, known = model._meta.label_lower, graph()
    if label not in known.watched:
        return
    moved: dict[str, set[int]] = defaultdict(set)
    todo: dict[Computed, set[int]] = defaultdict(set)
    for pk, codes in changed.items():
        for code in codes:
            moved[f"{ROOM}.{code}"].add(pk)
    for name, ids in moved.items():
        for computed, links in known.triggers.get((label, name), ()):
            if computed.rollup and not links:
                todo[computed] |= parents_of(computed, ids)
    _add_holders(label, moved, todo)
    if todo:
        _work(todo, user=user)


def _later(model: type[models.Model], formulas: Iterable[Computed], ids: Iterable[int] | None, *, user: Any) -> None:
    """Leave records to a job that commits with this transaction."""
    codes = sorted({formula.code for formula in formulas})
    params = {"entity": model._meta.label_lower, "codes": codes, "ids": sorted(ids) if ids is not None else None}
    start_job(
        KIND, user=user, params=params, title=_("Recalculation: %(what)s") % {"what": model._meta.verbose_name_plural}
    )
