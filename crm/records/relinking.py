"""Pointing records at another one that means the same: when records are merged, and when that is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone

from crm.records.actor import Actor
from crm.records.copying import update_many
from crm.records.diff import columns_of, diff
from crm.records.hooks import WriteBatch, ask_computers, lock_ahead, tell_writers
from crm.records.log import log_many
from crm.records.models import ChangeSet, Entry, Record

R = TypeVar("R", bound=Record)


@transaction.atomic
def relink_many(
    model: type[R], wanted: dict[int, dict[str, Any]], *, actor: Actor, changes: ChangeSet, kind: str
) -> list[Entry]:
    """Set links of records of one model, those in the trash too: id → {attribute: value}; one entry each, on its own history.

    It asks no guard: a locked document still belongs to the same customer, whichever of two records of it stays. Everything
    that follows from a link (computed values, search, keys, roll-ups) follows as from any write.
    """
    rows = model._base_manager.filter(pk__in=wanted).order_by("pk")
    lock_ahead(model, list(rows))
    before = list(rows.select_for_update(of=("self",)))
    after = list(rows)
    for record in after:
        for name, value in wanted[record.pk].items():
            setattr(record, name, value)
    model.prepare(after)
    differences = [diff(old, new) for old, new in zip(before, after, strict=True)]
    pairs = [
        (old, new, delta)
        for old, new, delta in zip(before, after, differences, strict=True)
        if delta or any(getattr(old, name) != getattr(new, name) for name in wanted[old.pk])  # prepared: in no log
    ]
    if not pairs:
        return []
    return _write(model, pairs, actor, changes, kind)


def _write(
    model: type[R], pairs: Sequence[tuple[R, R, dict]], actor: Actor, changes: ChangeSet, kind: str
) -> list[Entry]:
    before, after = [old for old, _new, _delta in pairs], [new for _old, new, _delta in pairs]
    batch = WriteBatch(model, before, after, actor, changes)
    computed = ask_computers(batch)
    now = timezone.now()
    for record in after:
        record.version += 1
        record.updated_at, record.updated_by = now, actor.user
    names = {name for _old, _new, delta in pairs for name in delta}
    update_many(model, after, [*columns_of(names), *model.prepared, *computed, "version", "updated_at", "updated_by"])
    told = [delta for _old, _new, delta in pairs]
    entries = log_many(after, kind, actor=actor, differences=told, changes=changes, beside=False)
    tell_writers(batch)
    return entries
