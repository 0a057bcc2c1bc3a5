"""The one exception to append-only: blanking personal values in the log."""

from __future__ import annotations

import json
from collections.abc import Collection

from django.db import connection, transaction

from crm.records.actor import Actor
from crm.records.hooks import tell_redactors
from crm.records.log import log
from crm.records.models import Entry, Record

BLANK = "•••"


@transaction.atomic
def redact(record: Record, fields: Collection[str], *, actor: Actor) -> int:
    """Blank the old and new values of ``fields`` in every entry about ``record``, and what people wrote about it elsewhere
    (``on_redact``); returns how many rows were touched.

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
    touched += tell_redactors(record, fields)
    with connection.cursor() as cursor:
        cursor.execute("select set_config('crm.redact', 'off', true)")
    log(record, f"{record.entity_label()}.redacted", actor=actor, fields=sorted(fields))
    return touched


@transaction.atomic
def erase(label: str, ids: Collection[int]) -> None:
    """Blank the name and every value in all entries about records that are removed for good."""
    _blank("entity = %s and record_id = any(%s)", [label, list(ids)])


@transaction.atomic
def erase_entries(ids: Collection[int]) -> None:
    """Blank single entries that tell of a record that is removed for good."""
    _blank("id = any(%s)", [list(ids)])


def _blank(where: str, values: list) -> None:
    """Which fields changed, and whether they were filled, stays; what they held does not."""
    blank = json.dumps(BLANK)
    with connection.cursor() as cursor:
        cursor.execute("select set_config('crm.redact', 'on', true)")
        cursor.execute(
            f"""update records_entry set title = %s,
                data = jsonb_strip_nulls(jsonb_build_object('verb', data->'verb')),
                changes = coalesce((select jsonb_object_agg(key, jsonb_build_array(
                    case when value->0 = 'null' then null else %s::jsonb end,
                    case when value->1 = 'null' then null else %s::jsonb end)) from jsonb_each(changes)), '{{}}')
            where {where}""",
            [BLANK, blank, blank, *values],
        )
        cursor.execute("select set_config('crm.redact', 'off', true)")
