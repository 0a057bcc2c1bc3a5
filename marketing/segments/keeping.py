"""Who is in which segment, kept: changes are noted as they are written, and what time alone changes by counting anew.

A segment is based first: its members are written down without a word. From then on entering and leaving are entries.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.apps import apps
from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import BooleanField, Case, Q, Value, When
from django.utils import timezone

from crm.entities.ruling import NOTHING
from crm.records import services as records
from crm.records.actor import Actor
from marketing.segments import kinds
from marketing.segments.membership import members
from marketing.segments.models import Segment, SegmentMember
from marketing.segments.watching import understood, watch

BATCH = 5000
CAUSE = "segments"
Pairs = list[tuple[int, int]]

_RECOUNT = """
with found (id) as materialized ({found}),
gone as (delete from segments_segmentmember m where m.segment_id = %s
    and (m.entity <> %s or not exists (select 1 from found f where f.id = m.record_id)) returning m.record_id),
fresh as (insert into segments_segmentmember (segment_id, entity, record_id, at)
    select %s, %s, f.id, now() from found f where not exists (
        select 1 from segments_segmentmember m where m.segment_id = %s and m.entity = %s and m.record_id = f.id)
    on conflict do nothing returning record_id)
select (select count(*) from found), array(select record_id from gone order by 1), array(select record_id from fresh order by 1)
"""


@transaction.atomic
def recount(segment: Segment) -> int:
    """Bring the members in line with the conditions, tell who entered and left, and keep their number."""
    model: Any = apps.get_model(segment.of)
    if segment.is_static:
        count = model.objects.alive().filter(members(segment)).count()
        Segment.objects.filter(pk=segment.pk).update(size=count, counted_at=timezone.now())
        return count
    held = Segment.objects.select_for_update(no_key=True).get(pk=segment.pk)
    if not understood(held):
        return held.size or 0
    count, left, entered = _settle(held, model)
    if held.based_at is not None:
        tell(segment.of, [(held.pk, pk) for pk in entered], kinds.ENTERED, Actor(None, CAUSE))
        tell(segment.of, [(held.pk, pk) for pk in left], kinds.LEFT, Actor(None, CAUSE))
    now = timezone.now()
    based = {} if held.based_at else {"based_at": now}
    Segment.objects.filter(pk=held.pk).update(size=count, counted_at=now, **based)
    return count


def _settle(segment: Segment, model: Any) -> tuple[int, list[int], list[int]]:
    """(how many are in it, who is no longer, who is now), in one statement."""
    rows = model.objects.alive().filter(members(segment)).order_by().values("pk")
    try:
        found, params = rows.query.sql_with_params()
    except EmptyResultSet:
        found, params = "select 0::bigint as id where false", ()
    key = segment.pk, segment.of
    with connection.cursor() as cursor:
        cursor.execute(_RECOUNT.format(found=found), [*params, *key, *key, *key])
        return cursor.fetchone()


def rebase(pks: Collection[int]) -> None:
    """Whoever is in them after their conditions changed did not enter: write the members down anew, without a word."""
    Segment.objects.filter(pk__in=pks).update(based_at=None)


def look_at(label: str, ids: Sequence[int], *, actor: Actor, changes: Any = None) -> None:
    """Compare records with the segments of their entity, a batch in two queries, and note who entered and left."""
    segments = watch().segments.get(label, ())
    for start in range(0, len(ids) if segments else 0, BATCH):
        _look_at(label, ids[start : start + BATCH], segments, actor, changes)


def _look_at(label: str, ids: Sequence[int], segments: Iterable[Segment], actor: Actor, changes: Any) -> None:
    model: Any = apps.get_model(label)
    marks = {
        f"in_{s.pk}": Case(
            When(Q(deleted_at__isnull=True) & (members(s) or NOTHING), then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        )
        for s in segments
    }
    rows = model._base_manager.filter(pk__in=ids).annotate(**marks).values_list("pk", *marks)
    now = {(s.pk, row[0]) for row in rows for s, inside in zip(segments, row[1:], strict=True) if inside}
    held = SegmentMember.objects.filter(entity=label, record_id__in=ids, segment__in=[s.pk for s in segments])
    before = set(held.values_list("segment_id", "record_id"))
    tell(label, _insert(label, now - before), kinds.ENTERED, actor, changes)
    tell(label, _delete(label, before - now), kinds.LEFT, actor, changes)


def _insert(label: str, pairs: Collection[tuple[int, int]]) -> Pairs:
    return _execute(
        """insert into segments_segmentmember (segment_id, entity, record_id, at)
           select s, %s, r, now() from unnest(%s::bigint[], %s::bigint[]) t (s, r)
           on conflict do nothing returning segment_id, record_id""",
        label,
        pairs,
    )


def _delete(label: str, pairs: Collection[tuple[int, int]]) -> Pairs:
    return _execute(
        """delete from segments_segmentmember m using (
             select %s::text as e, unnest(%s::bigint[]) as s, unnest(%s::bigint[]) as r) t
           where m.segment_id = t.s and m.entity = t.e and m.record_id = t.r returning m.segment_id, m.record_id""",
        label,
        pairs,
    )


def _execute(sql: str, label: str, pairs: Collection[tuple[int, int]]) -> Pairs:
    if not pairs:
        return []
    ordered = sorted(pairs)
    with connection.cursor() as cursor:
        cursor.execute(sql, [label, [pair[0] for pair in ordered], [pair[1] for pair in ordered]])
        return cursor.fetchall()


def tell(label: str, pairs: Pairs, kind: str, actor: Actor, changes: Any = None) -> None:
    """Write the entries of those who entered or left; what lies in the trash says nothing."""
    model: Any = apps.get_model(label)
    for start in range(0, len(pairs), BATCH):
        some = pairs[start : start + BATCH]
        found = {r.pk: r for r in model.objects.alive().filter(pk__in={pk for _segment, pk in some})}
        told = [(segment, found[pk]) for segment, pk in some if pk in found]
        records.log_many(
            [record for _segment, record in told],
            kind,
            actor=actor,
            data=[{"segment": segment} for segment, _record in told],
            changes=changes,
            beside=False,
        ) if told else None
