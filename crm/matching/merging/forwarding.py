"""Where merged records are found now, and what went into a record: followed through merges of merges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from django.db import connection
from django.db.models import Exists, OuterRef

from crm.matching.merging.models import MergeOperation

_DOWN = """
with recursive former as (
    select o.record_id as now, m.record_id as was from matching_mergedrecord m
    join matching_mergeoperation o on o.id = m.operation_id
    where m.active and o.entity = %s and o.record_id = any(%s)
    union
    select f.now, m.record_id from former f
    join matching_mergeoperation o on o.entity = %s and o.record_id = f.was
    join matching_mergedrecord m on m.active and m.operation_id = o.id
) select now, was from former order by was"""
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


def former(label: str, ids: Collection[int]) -> Mapping[int, list[int]]:
    """Record → the records that went into it, directly or by others; one query, records without any left out."""
    found: dict[int, list[int]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_DOWN, [label, list(ids), label])
        for now, was in cursor.fetchall():
            found[now].append(was)
    return dict(found)


def present(label: str, ids: Collection[int]) -> Mapping[int, int]:
    """Merged record → the one that stands for it now; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_UP, [label, list(ids), label, label])
        return dict(cursor.fetchall())


def took_over(label: str) -> Exists:
    """Whether anything ever went into a row of the entity."""
    return Exists(MergeOperation.objects.filter(entity=label, record_id=OuterRef("pk")))
