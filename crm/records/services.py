"""The only place records are written from: change, log entry, outbox and search row commit together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from datetime import datetime
from typing import Any, TypeVar

from django.db import models, transaction
from django.utils import timezone

from crm.records.actor import Actor
from crm.records.copying import insert_many, update_many
from crm.records.diff import columns_of, diff
from crm.records.errors import Conflict, Protected
from crm.records.hooks import WriteBatch, ask_guards, ask_settlers, lock_ahead, tell_writers
from crm.records.log import log, log_many
from crm.records.models import ChangeSet, Entry, Record

R = TypeVar("R", bound=Record)
BATCH = 1000

__all__ = [
    "BATCH",
    "change_set",
    "delete",
    "delete_many",
    "dependents",
    "log",
    "log_many",
    "restore",
    "restore_many",
    "save",
    "save_many",
]


def change_set(kind: str, *, actor: Actor, entity: str = "", title: str = "") -> ChangeSet:
    """Open a set of changes that can be undone together."""
    return ChangeSet.objects.create(kind=kind, title=title[:300], entity=entity, actor=actor.user)


@transaction.atomic
def save(record: R, *, actor: Actor, changes: ChangeSet | None = None, kind: str = "", **data: Any) -> Entry | None:
    """Write one record. Returns its entry, or None when nothing differs; raises Conflict on a lost update.

    ``kind`` replaces "<entity>.created" or "<entity>.changed"; ``data`` is kept on the entry ("verb" says what undo takes back).
    """
    record.prepare([record])
    changes = changes or actor.changes
    lock_ahead(type(record), [record])
    if record._state.adding:
        _stamp_new([record], actor)
        ask_settlers(WriteBatch(type(record), [None], [record], actor, changes))
        ask_guards(WriteBatch(type(record), [None], [record], actor, changes))
        record.save(force_insert=True)
        before = None
        if kind:
            data.setdefault("verb", "created")
        entry = log(record, kind or f"{record.entity_label()}.created", actor=actor, changes=changes, **data)
    else:
        before = _lock(type(record), [record.pk]).get(record.pk)
        if before is None or before.version != record.version or before.deleted_at:
            raise Conflict(before)
        ask_settlers(WriteBatch(type(record), [before], [record], actor, changes))
        differences = diff(before, record)
        if not differences and not kind:
            return None
        computed = ask_guards(WriteBatch(type(record), [before], [record], actor, changes))
        _stamp_change([record], [before], actor)
        record.save(
            update_fields=[
                *columns_of(differences),
                *record.prepared,
                *computed,
                "department",
                "version",
                "updated_at",
                "updated_by",
            ]
        )
        entry = log(
            record,
            kind or f"{record.entity_label()}.changed",
            actor=actor,
            differences=differences,
            changes=changes,
            **data,
        )
    tell_writers(WriteBatch(type(record), [before], [record], actor, changes))
    return entry


@transaction.atomic
def save_many(
    records: Sequence[R],
    *,
    actor: Actor,
    changes: ChangeSet | None = None,
    kind: str = "",
    data: Callable[[R], dict[str, Any]] | None = None,
) -> list[Entry]:
    """Write a batch of records of one model, new and changed ones, in a few statements. Raises Conflict on the first lost update.

    ``data`` says what each changed record's entry keeps beside the change.
    """
    entries: list[Entry] = []
    if records:
        type(records[0]).prepare(records)
        lock_ahead(type(records[0]), records)
    changes = changes or actor.changes
    new = [r for r in records if r._state.adding]
    old = [r for r in records if not r._state.adding]
    if new:
        model = type(new[0])
        _stamp_new(new, actor)
        ask_settlers(WriteBatch(model, [None] * len(new), new, actor, changes))
        ask_guards(WriteBatch(model, [None] * len(new), new, actor, changes))
        insert_many(model, new)
        verbs = [{"verb": "created"} for _record in new] if kind else None
        entries += log_many(new, kind or f"{model.entity_label()}.created", actor=actor, changes=changes, data=verbs)
        tell_writers(WriteBatch(model, [None] * len(new), new, actor, changes))
    if old:
        entries += _change_many(old, actor, changes, kind, data)
    return entries


def _change_many(
    records: list[R],
    actor: Actor,
    changes: ChangeSet | None,
    kind: str,
    data: Callable[[R], dict[str, Any]] | None,
) -> list[Entry]:
    model = type(records[0])
    current = _lock(model, [r.pk for r in records])
    changed, before, differences = [], [], []
    touched: set[str] = set()
    for record in records:
        row = current.get(record.pk)
        if row is None or row.version != record.version or row.deleted_at:
            raise Conflict(row)
    ask_settlers(WriteBatch(model, [current[r.pk] for r in records], records, actor, changes))
    for record in records:
        row = current[record.pk]
        delta = diff(row, record)
        if delta:
            changed.append(record)
            before.append(row)
            differences.append(delta)
            touched |= delta.keys()
    if not changed:
        return []
    computed = ask_guards(WriteBatch(model, before, changed, actor, changes))
    _stamp_change(changed, before, actor)
    columns = {*columns_of(touched), *model.prepared, *computed}
    update_many(model, changed, [*columns, "department", "version", "updated_at", "updated_by"])
    entries = log_many(
        changed,
        kind or f"{model.entity_label()}.changed",
        actor=actor,
        differences=differences,
        changes=changes,
        data=[data(record) for record in changed] if data else None,
    )
    tell_writers(WriteBatch(model, before, changed, actor, changes))
    return entries


def delete(record: R, *, actor: Actor, changes: ChangeSet | None = None) -> ChangeSet:
    """Move one record to the trash, with the records that are parts of it. Raises Protected when others need it."""
    return delete_many([record], actor=actor, changes=changes)


@transaction.atomic
def delete_many(records: Sequence[R], *, actor: Actor, changes: ChangeSet | None = None) -> ChangeSet:
    """Move records of one model to the trash, with the records that are parts of them, as one change set.

    ``deleted_at`` is the moment of the change set: parts that share it with their whole are restored with it.
    """
    model = type(records[0])
    lock_ahead(model, records)
    changes = (
        changes
        or actor.changes
        or change_set("delete", actor=actor, entity=model.entity_label(), title=str(records[0]))
    )
    alive = {pk for pk, row in _lock(model, [r.pk for r in records]).items() if row.deleted_at is None}
    records = [record for record in records if record.pk in alive]
    for child, field, protecting in _children(model) if records else ():
        found = child._base_manager.filter(**{f"{field}__in": alive}, deleted_at__isnull=True)
        found = found.exclude(pk__in=alive) if child is model else found
        if protecting and (blockers := list(found[:20])):
            raise Protected(blockers)
        if parts := list(found):
            delete_many(parts, actor=actor, changes=changes)
    if records:
        _set_deleted(records, changes.at, "deleted", actor, changes)
    return changes


def dependents(record: Record, at_most: int = 1000) -> tuple[list[Record], list[Record]]:
    """(parts that would go to the trash with the record, records that hold it back), each up to ``at_most``."""
    parts: list[Record] = []
    blockers: list[Record] = []
    for child, field, protecting in _children(type(record)):
        found = list(child._base_manager.filter(**{field: record.pk}, deleted_at__isnull=True)[:at_most])
        if protecting:
            blockers += found
            continue
        parts += found
        for part in found if _has_children(child) else ():
            deeper, holding = dependents(part, at_most)
            parts += deeper
            blockers += holding
    return parts[:at_most], blockers[:at_most]


def restore(record: R, *, actor: Actor) -> list[Entry]:
    """Take one record out of the trash, with the parts that went there together with it."""
    return restore_many([record], actor=actor)


@transaction.atomic
def restore_many(records: Sequence[R], *, actor: Actor, changes: ChangeSet | None = None) -> list[Entry]:
    """Take records of one model out of the trash, with their parts. IntegrityError when a unique key was taken meanwhile."""
    model = type(records[0])
    lock_ahead(model, records)
    _lock(model, [r.pk for r in records])
    parts = [
        part
        for child, field, _protecting in _children(model)
        for part in child._base_manager.filter(
            **{f"{field}__in": [r.pk for r in records]}, deleted_at__in={r.deleted_at for r in records}
        )
    ]
    entries = _set_deleted(records, None, "restored", actor, changes)
    for kind in {type(part) for part in parts}:
        entries += restore_many([part for part in parts if type(part) is kind], actor=actor, changes=changes)
    return entries


def _set_deleted(
    records: Sequence[R], when: datetime | None, verb: str, actor: Actor, changes: ChangeSet | None
) -> list[Entry]:
    model = type(records[0])
    before = [copy(record) for record in records]
    after = [copy(record) for record in records]
    for record in after:
        record.deleted_at = when
    ask_guards(WriteBatch(model, before, after, actor, changes))
    for record in records:
        record.deleted_at = when
        record.version += 1
    model._base_manager.filter(pk__in=[r.pk for r in records]).update(deleted_at=when, version=models.F("version") + 1)
    entries = log_many(records, f"{model.entity_label()}.{verb}", actor=actor, changes=changes)
    tell_writers(WriteBatch(model, before, list(records), actor, changes))
    return entries


def _children(model: type[Record]) -> Iterable[tuple[type[Record], str, bool]]:
    """Records that point at ``model``: (child, field, whether they hold it back instead of following it)."""
    for relation in model._meta.related_objects:
        child = relation.related_model
        if (
            issubclass(child, Record)
            and not relation.many_to_many
            and relation.on_delete in (models.CASCADE, models.PROTECT)
        ):
            yield child, relation.field.name, relation.on_delete is models.PROTECT


def _has_children(model: type[Record]) -> bool:
    return next(iter(_children(model)), None) is not None


def _lock(model: type[R], pks: Iterable[int]) -> dict[int, R]:
    return {r.pk: r for r in model._base_manager.select_for_update().filter(pk__in=list(pks)).order_by("pk")}


def _stamp_new(records: Sequence[Record], actor: Actor) -> None:
    for record in records:
        if record.owner_id is None and not getattr(record, "pool_id", None):
            record.owner = actor.user
        record.department_id = _department(record)
        record.created_by = record.updated_by = actor.user


def _stamp_change(records: Sequence[Record], before: Sequence[Record], actor: Actor) -> None:
    now = timezone.now()
    for record, old in zip(records, before, strict=True):
        if record.owner_id != old.owner_id:
            record.department_id = _department(record)
        record.version = old.version + 1
        record.updated_at, record.updated_by = now, actor.user


def _department(record: Record) -> int | None:
    """That of the owner; what lies in a pool has neither."""
    return record.owner.department_id if record.owner_id else None
