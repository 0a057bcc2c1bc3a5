"""Undoing what the log says was done: per field, and only where the value is still the one that was written then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from crm.records.actor import Actor
from crm.records.diff import PREFIX, set_at, value_at
from crm.records.errors import Protected
from crm.records.models import ChangeSet, Entry, Record
from crm.records.redaction import BLANK
from crm.records.services import BATCH, change_set, delete_many, restore_many, save_many

# An entry and the record it is about; an entry and why it could not be undone: the field that moved on, or one of these.
Pair = tuple[Entry, Record]
Conflict = tuple[Entry, str]
Put = Callable[[list[Pair], ChangeSet, Actor], tuple[int, list[Conflict]]]
# Sets that are taken back as a whole, by a door of their own: a merge.
SEALED = frozenset({"merge", "unmerge"})
GONE, PROTECTED, REFUSED, CHANGED = "*gone", "*protected", "*refused", "*changed"
# The causes of what people do themselves.
BY_HAND = Q(cause__startswith="request") | Q(cause__startswith="api:") | Q(cause__startswith="job:")


@dataclass
class Undone:
    """What an undo did: how many records it put back, and what it left because it had moved on."""

    records: int = 0
    conflicts: list[Conflict] = field(default_factory=list)


@dataclass(frozen=True)
class Cursor:
    """The last entry that was undone of a set: the next batch begins behind it."""

    at: datetime
    entry_id: int

    @classmethod
    def behind(cls, batch: list[Entry]) -> Cursor:
        return cls(batch[-1].at, batch[-1].pk)

    @classmethod
    def of(cls, text: str) -> Cursor:
        at, _dot, entry_id = text.partition("~")
        return cls(datetime.fromisoformat(at), int(entry_id))

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.entry_id}"


def undo(changes: ChangeSet, *, actor: Actor) -> Undone:
    """Put back everything a change set did, newest first, batch by batch. Safe to call twice: the second finds nothing."""
    done = Undone()
    with transaction.atomic():
        locked = ChangeSet.objects.select_for_update().get(pk=changes.pk)
        if locked.undone_at:
            return done
        inverse = inverse_of(changes, None, actor=actor)
        for batch in batches(changes):
            undo_batch(batch, inverse, actor, done)
        finish(locked, actor=actor)
    return done


def batches(changes: ChangeSet, after: Cursor | None = None) -> Iterator[list[Entry]]:
    """The entries of a set, newest first, in batches that are undone together; ``after`` goes on behind an earlier batch."""
    entries = Entry.objects.filter(change_set=changes, at__gte=changes.at).order_by("-at", "-id")
    if after:
        entries = entries.filter(Q(at__lt=after.at) | Q(at=after.at, id__lt=after.entry_id))
    batch: list[Entry] = []
    for entry in entries.iterator(chunk_size=BATCH):
        if batch and (len(batch) == BATCH or _step(batch[0]) != _step(entry)):
            yield batch
            batch = []
        batch.append(entry)
    if batch:
        yield batch


def inverse_of(changes: ChangeSet, known: int | None, *, actor: Actor) -> ChangeSet:
    """The set that the undoing itself is written to: the one that was begun, or a new one."""
    if known:
        found = ChangeSet.objects.get(pk=known)
    else:
        found = change_set("undo", actor=actor, entity=changes.entity, title=changes.title)
    found.undoes = changes
    return found


def finish(changes: ChangeSet, *, actor: Actor) -> None:
    """Note that the set was undone, by whom and when."""
    changes.undone_at, changes.undone_by = timezone.now(), actor.user
    changes.save(update_fields=["undone_at", "undone_by"])


def _step(entry: Entry) -> tuple[str, str]:
    """Entries of the same step are undone in one batch."""
    return entry.entity, "created" if creates(entry) else "deleted" if trashes(entry) else "changed"


@transaction.atomic
def undo_entry(entry: Entry, *, actor: Actor) -> Undone:
    """Put back what one entry did."""
    done = Undone()
    inverse = change_set("undo", actor=actor, entity=entry.entity, title=entry.title)
    undo_batch([entry], inverse, actor, done)
    return done


@transaction.atomic
def restore_value(entry: Entry, name: str, *, actor: Actor) -> Undone:
    """Set one field to what it held before the entry, whatever has become of it since: somebody chose that very value."""
    done = Undone()
    rows = apps.get_model(entry.entity)._base_manager.select_for_update(of=("self",))
    record = rows.filter(pk=entry.record_id, deleted_at__isnull=True).first()
    if record is None:
        done.conflicts.append((entry, GONE))
        return done

    def put(pairs: list[Pair], inverse: ChangeSet, actor: Actor) -> tuple[int, list[Conflict]]:
        old = entry.changes[name][0]
        if old == BLANK:
            return 0, [(entry, name)]
        if value_at(record, name) == old:
            return 0, []
        set_at(record, name, old)
        save_many([record], actor=actor, changes=inverse)
        return 1, []

    inverse = change_set("undo", actor=actor, entity=entry.entity, title=entry.title)
    _each(put, [(entry, record)], inverse, actor, done)
    return done


def verb_of(entry: Entry) -> str:
    """What the entry did to its record: that of its kind, unless a kind of its own stands for a creation."""
    return entry.data.get("verb") or entry.kind.rpartition(".")[2]


def creates(entry: Entry) -> bool:
    """Whether undoing it moves the record to the trash."""
    return verb_of(entry) in {"created", "restored"}


def trashes(entry: Entry) -> bool:
    """Whether undoing it takes the record out of the trash."""
    return verb_of(entry) == "deleted"


def undoable(entry: Entry) -> bool:
    """Whether there is anything that an undo could put back."""
    return not sealed(entry) and (bool(entry.changes) or creates(entry) or trashes(entry))


def sealed(entry: Entry) -> bool:
    """Whether it belongs to what is taken back only as a whole."""
    return bool(entry.change_set_id and entry.change_set.kind in SEALED)


def undo_batch(entries: list[Entry], inverse: ChangeSet, actor: Actor, done: Undone) -> None:
    """Undo entries of the same step, inside the caller's transaction."""
    model = apps.get_model(entries[0].entity)
    found = model._base_manager.select_for_update(of=("self",)).in_bulk({e.record_id for e in entries})
    done.conflicts += [(entry, GONE) for entry in entries if entry.record_id not in found]
    present = [(e, found[e.record_id]) for e in entries if e.record_id in found]
    if creates(entries[0]):
        kept = _worked_on(entries, inverse)
        done.conflicts += [(e, CHANGED) for e, r in present if r.pk in kept and not r.deleted_at]
        _each(_trash, [(e, r) for e, r in present if r.pk not in kept and not r.deleted_at], inverse, actor, done)
    elif trashes(entries[0]):
        _each(_revive, [(e, r) for e, r in present if r.deleted_at], inverse, actor, done)
    else:
        _each(_put_back, present, inverse, actor, done)


def _worked_on(entries: list[Entry], inverse: ChangeSet) -> set[int]:
    """Of records that an import created, those that people have changed since: that is not to go with it."""
    changes = entries[0].change_set
    if changes is None or changes.kind != "import":
        return set()
    since = min(entry.at for entry in entries)
    ids = {entry.record_id for entry in entries}
    later = Entry.objects.filter(BY_HAND, entity=entries[0].entity, record_id__in=ids, at__gte=since)
    later = later.exclude(change_set__in=[changes, inverse]).exclude(changes={})
    return set(later.values_list("record_id", flat=True))


def _each(put: Put, pairs: list[Pair], inverse: ChangeSet, actor: Actor, done: Undone) -> None:
    """Run a batch; when the database or another record stands against it, record by record, and list what can't be."""
    if not pairs:
        return
    try:
        with transaction.atomic():
            records, conflicts = put(pairs, inverse, actor)
    except (IntegrityError, DataError, Protected, ValidationError) as refused:
        singles = _by_record(pairs)
        if len(singles) == 1:
            done.conflicts.append((pairs[0][0], PROTECTED if isinstance(refused, Protected) else REFUSED))
            return
        for single in singles:
            for _entry, record in single:
                record.refresh_from_db()
            _each(put, single, inverse, actor, done)
    else:
        done.records += records
        done.conflicts += conflicts


def _by_record(pairs: list[Pair]) -> list[list[Pair]]:
    grouped: dict[int, list[Pair]] = defaultdict(list)
    for entry, record in pairs:
        grouped[record.pk].append((entry, record))
    return list(grouped.values())


def _trash(pairs: list[Pair], inverse: ChangeSet, actor: Actor) -> tuple[int, list[Conflict]]:
    records = list({record.pk: record for _entry, record in pairs}.values())
    delete_many(records, actor=actor, changes=inverse)
    return len(records), []


def _revive(pairs: list[Pair], inverse: ChangeSet, actor: Actor) -> tuple[int, list[Conflict]]:
    records = list({record.pk: record for _entry, record in pairs}.values())
    restore_many(records, actor=actor, changes=inverse)
    return len(records), []


def _put_back(pairs: list[Pair], inverse: ChangeSet, actor: Actor) -> tuple[int, list[Conflict]]:
    """Set each field to what it was before, where it still holds what the entry wrote; newest entry first."""
    fields = {f.name for f in type(pairs[0][1])._meta.concrete_fields}
    changed: dict[int, Record] = {}
    conflicts: list[Conflict] = []
    for entry, record in pairs:
        for name, (old, new) in entry.changes.items():
            known = name in fields or name.startswith(PREFIX)
            if not known or record.deleted_at or BLANK in (old, new) or value_at(record, name) != new:
                conflicts.append((entry, name))
                continue
            try:
                set_at(record, name, old)
            except ValidationError:
                conflicts.append((entry, name))
                continue
            changed[record.pk] = record
    if changed:
        save_many(list(changed.values()), actor=actor, changes=inverse)
    return len(changed), conflicts
