"""The one exception to append-only: blanking personal values in the log."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection, transaction

from crm.records.actor import Actor
from crm.records.log import log
from crm.records.models import Entry, Record

BLANK = "•••"


@transaction.atomic
def redact(record: Record, fields: Collection[str], *, actor: Actor) -> int:
    """Blank the old and new values of ``fields`` in every entry about ``record``; returns how many entries were touched.

    The redaction itself is logged, without the values.
    """
    with connection.cursor() as cursor:
        cursor.execute("select set_config('crm.redact', 'on', true)")
    touched = 0
    for entry in Entry.objects.filter(entity=record.entity_label(), record_id=record.pk).iterator():
        named = set(fields) & entry.changes.keys()
        if named:
            changes = entry.changes | {
                name: [BLANK if value is not None else None for value in entry.changes[name]] for name in named
            }
            Entry.objects.filter(id=entry.id, at=entry.at).update(changes=changes)
            touched += 1
    with connection.cursor() as cursor:
        cursor.execute("select set_config('crm.redact', 'off', true)")
    log(record, f"{record.entity_label()}.redacted", actor=actor, fields=sorted(fields))
    return touched
