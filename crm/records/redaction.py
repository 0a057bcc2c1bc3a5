"""The one exception to append-only: blanking personal values in the log."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from copy import copy
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from crm.records.actor import Actor
from crm.records.hooks import WriteBatch, tell_redactors, tell_writers
from crm.records.log import log
from crm.records.models import ChangeSet, Delivery, Entry, Record

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
def anonymise(record: Record, values: Mapping[str, Any], *, actor: Actor) -> None:
    """Write ``values`` over the personal ones of a record and blank everything that its log says; told without the values.

    No guard is asked: neither a rule nor an approval stands before the law. Nothing of it can be undone.
    """
    model, label = type(record), record.entity_label()
    locked = model._base_manager.select_for_update(of=("self",)).get(pk=record.pk)
    before = copy(locked)
    for name, value in values.items():
        setattr(locked, name, value)
    model.prepare([locked])
    columns = {name: getattr(locked, name) for name in {*values, *model.prepared}}
    model._base_manager.filter(pk=locked.pk).update(**columns, version=F("version") + 1)
    locked.version += 1
    about = Entry.objects.filter(entity=label, record_id=locked.pk)
    titles = set(about.values_list("title", flat=True))
    sets = about.exclude(change_set=None).values("change_set_id")
    ChangeSet.objects.filter(pk__in=sets, title__in=titles).update(title="")
    erase(label, [locked.pk])
    tell_redactors(locked, list(values))
    Delivery.objects.filter(entity=label, record_id=locked.pk).delete()
    tell_writers(WriteBatch(model, [before], [locked], actor, None))
    log(locked, f"{label}.erased", actor=actor)


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
