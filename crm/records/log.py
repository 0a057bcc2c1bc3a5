"""Writing entries with their links and their outbox rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from crm.records.actor import Actor
from crm.records.copying import FEW, copy_columns, copy_in, fresh, insert_many
from crm.records.hooks import chosen, wanted_by
from crm.records.models import ChangeSet, Delivery, Entry, EntryLink, Record
from crm.records.wake import wake_dispatcher

BATCH = 1000
LINK = ("at", "entry_id", "kind", "entity", "record_id")


def log(
    record: Record,
    kind: str,
    *,
    actor: Actor,
    differences: dict | None = None,
    changes: ChangeSet | None = None,
    at: datetime | None = None,
    **data: Any,
) -> Entry:
    """Write one entry about ``record`` inside the caller's transaction; ``at`` is for what happened elsewhere, earlier."""
    told = [differences or {}]
    return log_many([record], kind, actor=actor, differences=told, changes=changes, data=[data], at=at)[0]


def log_many(
    records: Sequence[Record],
    kind: str,
    *,
    actor: Actor,
    differences: Sequence[dict] | None = None,
    changes: ChangeSet | None = None,
    data: Sequence[dict] | None = None,
    at: datetime | None = None,
    beside: bool = True,
) -> list[Entry]:
    """Write one entry of ``kind`` a record, in batches, with timeline links and outbox rows.

    Without ``beside`` it shows on the record's own timeline alone.
    """
    now = at or timezone.now()
    changes = changes or actor.changes
    who, together = actor.user and actor.user.pk, changes and changes.pk
    common = {"at": now, "kind": kind, "cause": actor.cause, "actor_id": who, "change_set_id": together}
    # Made without the model's own __init__, which would cost more than all the rest over 100,000 rows.
    entries = [
        fresh(
            Entry,
            {
                "id": None,
                **common,
                "entity": record.entity_label(),
                "record_id": record.pk,
                "title": str(record)[:300],
                "changes": differences[i] if differences else {},
                "data": data[i] if data else {},
            },
        )
        for i, record in enumerate(records)
    ]
    insert_many(Entry, entries)
    alone = not beside or type(records[0]).timeline_subjects is Record.timeline_subjects if records else True
    if len(entries) >= FEW and alone:
        columns = [[getattr(e, "id" if name == "entry_id" else name) for e in entries] for name in LINK]
        copy_columns(EntryLink, LINK, columns)
    else:
        link(entries, [record.timeline_subjects() if beside else [record] for record in records])
    _queue(entries)
    return entries


def link(entries: Sequence[Entry], subjects: Sequence[Sequence[Record]]) -> None:
    """Show each entry on the timelines of its subjects, each record once."""
    links = []
    for entry, records in zip(entries, subjects, strict=True):
        keys = dict.fromkeys((r.entity_label(), r.pk) for r in records if r is not None and r.pk)
        links += [(entry.at, entry.pk, entry.kind, label, pk) for label, pk in keys]
    if len(links) >= FEW:
        copy_in(EntryLink, LINK, links)
    else:
        EntryLink.objects.bulk_create([EntryLink(**dict(zip(LINK, row, strict=True))) for row in links])


def carry_over(source: Record, targets: Sequence[Record]) -> None:
    """Show all that happened to ``source`` on the timelines of ``targets`` too. Safe to repeat."""
    known = EntryLink.objects.filter(entity=source.entity_label(), record_id=source.pk)
    for target in targets:
        key = {"entity": target.entity_label(), "record_id": target.pk}
        there = set(EntryLink.objects.filter(**key).values_list("entry_id", flat=True))
        copies = [EntryLink(at=e.at, entry_id=e.entry_id, kind=e.kind, **key) for e in known if e.entry_id not in there]
        EntryLink.objects.bulk_create(copies, batch_size=BATCH)


def _queue(entries: Sequence[Entry]) -> None:
    wanted = [(e, name) for e in entries for name in wanted_by(e.kind)]
    deliveries = [
        Delivery(entry_id=e.pk, entry_at=e.at, entity=e.entity, record_id=e.record_id, subscriber=name)
        for e, name in (*wanted, *chosen(entries))
    ]
    if deliveries:
        Delivery.objects.bulk_create(deliveries, batch_size=BATCH)
        transaction.on_commit(wake_dispatcher)
