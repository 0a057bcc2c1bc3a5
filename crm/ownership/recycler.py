"""The turn of the clock: records whose time is over go to their pool, owners of those that soon will are warned. Exactly once.

Each batch commits with its verdicts and notifications. A worker that dies loses the batch it was at, which the next does; two at
once take different rows, and a verdict that is there already is not given again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from time import monotonic
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext

from crm.entities.entity import registry
from crm.ownership import notices
from crm.ownership.kinds import RECYCLED
from crm.ownership.models import RecycleRule, RecycleRun, RecycleVerdict
from crm.ownership.pools import into_pool, is_pooled
from crm.ownership.recycling import Calendars, Due, Judge, without_verdict
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.errors import Conflict
from crm.records.models import ChangeSet
from crm.records.telling import tell

BATCH = 1000
Verdict = RecycleVerdict.Verdict


def recycle(now: datetime | None = None) -> RecycleRun:
    """Do what is due by ``now``, for all rules. Safe to call at any time, by any number at once."""
    now, started, run = now or timezone.now(), monotonic(), RecycleRun()
    calendars = Calendars()
    rules = RecycleRule.objects.filter(active=True, pool__active=True).select_related("pool")
    coming: dict[str, dict[int, datetime]] = {label: {} for label, one in registry.items() if is_pooled(one.model)}
    for rule in rules.order_by("pool__position", "pool_id", "pk"):
        judge = Judge(rule, now, calendars)
        if rule.pool.entity in coming and judge.sound:
            _turn(judge, run, coming[rule.pool.entity])
    for label, moments in coming.items():
        _keep_moments(registry[label].model, moments)
    run.seconds = round(monotonic() - started, 3)
    if run.warned or run.exempt or run.recycled or run.failed:
        run.at = now
        run.save()
    return run


def _turn(judge: Judge, run: RecycleRun, coming: dict[int, datetime]) -> None:
    due, soon, spared = [], [], []
    for one in judge.due_by(judge.warns_until):
        if not one.exempt:
            (due if one.at <= judge.now else soon).append(one)
            if one.at > judge.now:
                coming[one.record_id] = min(one.at, coming.get(one.record_id, one.at))
        elif one.at <= judge.now:
            spared.append(one)
    run.exempt += _spare(judge, spared)
    # By owner, so that the batches tell each of them once or twice, not in every batch.
    _take(judge, sorted(due, key=lambda one: (one.owner_id, one.record_id)), run)
    for start in range(0, len(soon), BATCH):
        run.warned += _warn(judge, soon[start : start + BATCH])


def _spare(judge: Judge, spared: Sequence[Due]) -> int:
    """Keep why the rule left these alone, once."""
    count = 0
    for start in range(0, len(spared), BATCH):
        fresh = without_verdict(spared[start : start + BATCH], judge.rule, Verdict.EXEMPT)
        count += len(_note(judge, fresh, Verdict.EXEMPT))
    return count


@transaction.atomic
def _warn(judge: Judge, soon: Sequence[Due]) -> int:
    """Tell each owner how many of their records will go, once for each record and moment."""
    fresh = without_verdict(soon, judge.rule, Verdict.WARNED)
    noted = _note(judge, fresh, Verdict.WARNED)
    mine = Counter(one.owner_id for one in fresh if one.record_id in noted)
    entity = registry[judge.pool.entity]
    for owner, count in mine.items():
        data = {"count": count, "pool": judge.pool.name, "days": judge.rule.warn_days}
        tell([owner], notices.SOON, data=data, url=f"{entity.url('list')}?view=recycled_soon", now=judge.now)
    return len(noted)


def _take(judge: Judge, due: Sequence[Due], run: RecycleRun) -> None:
    """Batch by batch; where something stands against one record, all others go."""
    if not due:
        return
    title = gettext("Back to the pool: %(pool)s") % {"pool": judge.pool}
    actor = Actor(None, f"recycle:{judge.rule.pk}")
    changes = records.change_set("recycle", actor=actor, entity=judge.pool.entity, title=title)
    for start in range(0, len(due), BATCH):
        _take_batch(judge, [one.record_id for one in due[start : start + BATCH]], changes, actor, run)


def _take_batch(judge: Judge, ids: Sequence[int], changes: ChangeSet, actor: Actor, run: RecycleRun) -> None:
    try:
        run.recycled += _take_now(judge, ids, changes, actor)
    except (ValidationError, Conflict) as error:
        if len(ids) > 1:
            half = len(ids) // 2
            for part in (ids[:half], ids[half:]):
                _take_batch(judge, part, changes, actor, run)
            return
        run.failed += _hold(judge, ids[0], error)


@transaction.atomic
def _take_now(judge: Judge, ids: Sequence[int], changes: ChangeSet, actor: Actor) -> int:
    """Those of ``ids`` that are still due, locked: who was followed up a moment ago stays."""
    model = judge.entity.model
    locked = model._base_manager.select_for_update(of=("self",), skip_locked=True).filter(pk__in=ids)
    held = {record.pk: record for record in locked.order_by("pk")}
    still = {one.record_id: one for one in judge.due_by(judge.now, judge.rows().filter(pk__in=held)) if not one.exempt}
    batch = [held[pk] for pk in sorted(still)]
    if not batch:
        return 0
    owners = Counter(record.owner_id for record in batch)
    into_pool(
        batch, judge.pool, actor=actor, kind=RECYCLED, changes=changes,
        data=lambda one: {**judge.rule.told(), "since": still[one.pk].anchor.isoformat()},
    )  # fmt: skip
    _note(judge, [still[record.pk] for record in batch], Verdict.RECYCLED)
    for owner, count in owners.items():
        data = {"count": count, "pool": judge.pool.name}
        tell([owner], notices.TAKEN, data=data, url=f"{judge.entity.url('list')}?view=pool", now=judge.now)
    return len(batch)


def _hold(judge: Judge, pk: int, error: Exception) -> int:
    """Keep what stood against it, once."""
    due = [one for one in judge.due_by(judge.now, judge.rows().filter(pk=pk)) if not one.exempt]
    fresh = without_verdict(due, judge.rule, Verdict.HELD)
    text = "; ".join(error.messages) if isinstance(error, ValidationError) else str(error)
    return len(_note(judge, fresh, Verdict.HELD, text[:300]))


def _note(judge: Judge, dues: Sequence[Due], verdict: str, note: str = "") -> set[int]:
    """Write verdicts that are not there yet, in one statement; the records whose were new."""
    if not dues:
        return set()
    table = connection.ops.quote_name(RecycleVerdict._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into {table} (rule_id, verdict, at, note, record_id, counted_from, due_at)"
            " select %s, %s, %s, %s, v.* from unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) v"
            " on conflict do nothing returning record_id",
            [
                judge.rule.pk, verdict, judge.now, note, [one.record_id for one in dues],
                [one.anchor for one in dues], [one.at for one in dues],
            ],
        )  # fmt: skip
        return {pk for (pk,) in cursor.fetchall()}


def _keep_moments(model: Any, moments: dict[int, datetime]) -> None:
    """Write when records soon go to a pool, and forget it of those that will not; derived: no version, no entry."""
    known = dict(model._base_manager.filter(recycle_at__isnull=False).values_list("pk", "recycle_at"))
    gone = [pk for pk in known if pk not in moments]
    fresh = {pk: at for pk, at in moments.items() if known.get(pk) != at}
    table = connection.ops.quote_name(model._meta.db_table)
    if gone:
        model._base_manager.filter(pk__in=gone).update(recycle_at=None)
    if fresh:
        with connection.cursor() as cursor:
            cursor.execute(
                f"update {table} r set recycle_at = v.at from unnest(%s::bigint[], %s::timestamptz[]) v(id, at)"
                " where r.id = v.id and r.pool_id is null",
                [list(fresh), list(fresh.values())],
            )
