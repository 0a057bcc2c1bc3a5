"""What a write does to the record's own computed values: before it is stored, in the same statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models

from crm.customfields.formulas.graph import Computed, graph
from crm.customfields.formulas.locking import lock_parents
from crm.customfields.formulas.working import RecordEnv, Surroundings, put, stored, work_out
from crm.fields.field import resolve
from crm.records.diff import CUSTOM, computed_codes
from crm.records.hooks import WriteBatch, before_lock, computed


def codes_of(model: type[models.Model]) -> frozenset[str]:
    """The codes of the model's computed fields: they are no history, and nobody writes them by hand."""
    return graph().plan(model._meta.label_lower).codes


computed_codes.append(codes_of)


@before_lock
def ahead(model: type, records: Sequence[Any]) -> None:
    """The records over which these are rolled up come first: from above to below, by id."""
    rolled = graph().rolled.get(model._meta.label_lower)
    if rolled:
        lock_parents(model, records, rolled)


@computed
def settle(batch: WriteBatch) -> set[str]:
    """Work the formulas of a batch out; only those of which a part differs, and those that the clock moves."""
    plan = graph().plan(batch.model._meta.label_lower)
    if not plan.codes:
        return set()
    todo: list[tuple[Any, Any, list[Computed]]] = []
    for before, after in zip(batch.before, batch.after, strict=True):
        if after.deleted_at is not None or (before is not None and before.deleted_at is not None):
            continue
        after.custom = dict(after.custom or {})
        if before is None:
            empty = {c.code: stored(c.field, c.rollup.nothing) for c in plan.rollups if c.rollup is not None}
            put(after, {**dict.fromkeys(plan.codes), **empty})
        formulas = plan.formulas if before is None else _concerned(plan, before, after)
        if formulas:
            todo.append((before, after, formulas))
    paths = {path.name: path for _b, _a, formulas in todo for formula in formulas for path in formula.paths}
    surroundings = Surroundings(paths.values())
    if links := {path.hops[0] for path in paths.values() if path.hops}:
        # Who begins to look at a record must see what is being written to it; who did already is told of it.
        fresh = [a for b, a, _f in todo if b is None or any(link.raw(b) != link.raw(a) for link in links)]
        surroundings.load(fresh, keep=True)
        surroundings.load([after for _before, after, _formulas in todo])
    moved = False
    for before, after, formulas in todo:
        env = RecordEnv(surroundings, after, before, is_new=before is None)
        moved = bool(work_out(formulas, env)) or moved
    return {CUSTOM} if moved else set()


def _concerned(plan: Any, before: Any, after: Any) -> list[Computed]:
    """The formulas that a change concerns, and those made of them."""
    names = {name for formula in plan.formulas for name in formula.own_names}
    model = type(after)
    fields = [resolve(model, name) for name in names]
    changed = {field.name for field in fields if field.raw(before) != field.raw(after)}
    changed |= {formula.name for formula in plan.formulas if formula.compiled.by_the_clock}
    known, found = set(changed), []
    for formula in plan.formulas:
        if formula.name in known or formula.own_names & known:
            found.append(formula)
            known.add(formula.name)
    return found
