"""Where merged records are found now, and what went into a record: followed through merges of merges."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db import connection

_DOWN = """
with recursive former as (
    select m.record_id from matching_mergedrecord m join matching_mergeoperation o on o.id = m.operation_id
    where m.active and o.entity = %s and o.record_id = %s
    union
    select m.record_id from former f
    join matching_mergeoperation o on o.entity = %s and o.record_id = f.record_id
    join matching_mergedrecord m on m.active and m.operation_id = o.id
) select record_id from former"""
_UP = """
with recursive moved as (
    select m.record_id as was, o.record_id as now from matching_mergedrecord m
    join matching_mergeoperation o on o.id = m.operation_id
    where m.active and m.entity = %s and m.record_id = any(%s)
    union
    select v.was, o.record_id from moved v
    join matching_mergedrecord m on m.active and m.entity = %s and m.record_id = v.now
    join matching_mergeoperation o on o.id = m.operation_id
) select was, now from moved v where not exists (
    select 1 from matching_mergedrecord m where m.active and m.entity = %s and m.record_id = v.now)"""


def former(label: str, pk: int) -> list[int]:
    """The records that went into this one, directly or by others; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_DOWN, [label, pk, label])
        return sorted(row[0] for row in cursor.fetchall())


def present(label: str, ids: Collection[int]) -> Mapping[int, int]:
    """Merged record → the one that stands for it now; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_UP, [label, list(ids), label, label])
        return dict(cursor.fetchall())
