"""Undoing what the log says was done: per field, and only where the value is still the one that was written then."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from django.apps import apps
from django.db import IntegrityError, transaction
from django.utils import timezone

from crm.records.actor import Actor
from crm.records.diff import value_of
from crm.records.errors import Protected
from crm.records.models import ChangeSet, Entry, Record
from crm.records.services import BATCH, change_set, delete_many, restore_many, save_many


@dataclass
class Undone:
    """What an undo did: how many records it put back, and what it left because it had moved on."""

    records: int = 0
    conflicts: list[tuple[Entry, str]] = field(default_factory=list)


def undo(changes: ChangeSet, *, actor: Actor) -> Undone:
    """Put back everything a change set did, newest first, batch by batch. Safe to call twice: the second finds nothing."""
    done = Undone()
    with transaction.atomic():
        locked = ChangeSet.objects.select_for_update().get(pk=changes.pk)
        if locked.undone_at:
            return done
        entries = Entry.objects.filter(change_set=changes, at__gte=changes.at).order_by("-at", "-id")
        inverse = change_set("undo", actor=actor, entity=changes.entity, title=changes.title)
        batch: list[Entry] = []
        for entry in entries.iterator(chunk_size=BATCH):
            if batch and (len(batch) == BATCH or (batch[0].entity, batch[0].kind) != (entry.entity, entry.kind)):
                _undo_batch(batch, inverse, actor, done)
                batch = []
            batch.append(entry)
        if batch:
            _undo_batch(batch, inverse, actor, done)
        locked.undone_at, locked.undone_by = timezone.now(), actor.user
        locked.save(update_fields=["undone_at", "undone_by"])
    return done


@transaction.atomic
def undo_entry(entry: Entry, *, actor: Actor) -> Undone:
    """Put back what one entry did."""
    done = Undone()
    inverse = change_set("undo", actor=actor, entity=entry.entity, title=entry.title)
    _undo_batch([entry], inverse, actor, done)
    return done


def _undo_batch(entries: list[Entry], inverse: ChangeSet, actor: Actor, done: Undone) -> None:
    model = apps.get_model(entries[0].entity)
    found = model._base_manager.select_for_update().in_bulk({e.record_id for e in entries})
    verb = entries[0].kind.rpartition(".")[2]
    present = [(e, found[e.record_id]) for e in entries if e.record_id in found]
    if verb == "created":
        _trash(present, inverse, actor, done)
    elif verb == "deleted":
        _revive([(e, r) for e, r in present if r.deleted_at], inverse, actor, done)
    else:
        _put_back(model, present, inverse, actor, done)


def _trash(pairs: list[tuple[Entry, Record]], inverse: ChangeSet, actor: Actor, done: Undone) -> None:
    alive = [(e, r) for e, r in pairs if not r.deleted_at]
    try:
        if alive:
            with transaction.atomic():
                delete_many([r for _e, r in alive], actor=actor, changes=inverse)
        done.records += len(alive)
    except Protected as refused:
        if len(alive) == 1:
            done.conflicts.append((alive[0][0], str(refused)))
            return
        for pair in alive:
            _trash([pair], inverse, actor, done)


def _revive(pairs: list[tuple[Entry, Record]], inverse: ChangeSet, actor: Actor, done: Undone) -> None:
    try:
        if pairs:
            with transaction.atomic():
                restore_many([r for _e, r in pairs], actor=actor, changes=inverse)
        done.records += len(pairs)
    except IntegrityError:
        if len(pairs) == 1:
            done.conflicts.append((pairs[0][0], "unique"))
            return
        for pair in pairs:
            _revive([pair], inverse, actor, done)


def _put_back(
    model: type[Record], pairs: list[tuple[Entry, Record]], inverse: ChangeSet, actor: Actor, done: Undone
) -> None:
    changed = []
    fields = {f.name: f for f in model._meta.concrete_fields}
    by_record: dict[int, list[Entry]] = defaultdict(list)
    for entry, record in pairs:
        by_record[record.pk].append(entry)
    records = {record.pk: record for _e, record in pairs}
    for pk, entries in by_record.items():
        record, touched = records[pk], False
        for entry in entries:
            for name, (old, new) in entry.changes.items():
                if name not in fields or record.deleted_at or value_of(record, fields[name]) != new:
                    done.conflicts.append((entry, name))
                    continue
                setattr(record, fields[name].attname, fields[name].to_python(old) if old is not None else None)
                touched = True
        if touched:
            changed.append(record)
    done.records += len(changed)
    if changed:
        save_many(changed, actor=actor, changes=inverse)
