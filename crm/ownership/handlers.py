"""New records find their owner in the transaction that makes them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from crm.entities.views.base import on_open
from crm.ownership import (
    along,  # noqa: F401 - what goes with a record into its pool
    membership,  # noqa: F401 - tells the policy of pools
)
from crm.ownership.limits import open_in_pool
from crm.ownership.models import AssignmentRule, InPool, PooledRecord
from crm.ownership.pools import in_pool, is_pooled
from crm.ownership.services import assign_many, pool_unassigned
from crm.records.actor import Actor
from crm.records.hooks import WriteBatch, before_diff, computed, on_written

When = AssignmentRule.When
comes_with_owner: set[str] = set()
"""Causes whose new records have their owner already: rooms above that know for whom somebody came."""


@on_written
def assign_new(batch: WriteBatch) -> None:
    """Give away what nobody was named for: new records whose owner is whoever (or whatever) made them.

    What no rule finds anybody for goes to the pool that takes such records, if there is one.
    """
    maker = batch.actor.user and batch.actor.user.pk
    new = [
        record
        for before, record in zip(batch.before, batch.after, strict=True)
        if before is None and not in_pool(record) and (maker is None or record.owner_id == maker)
    ]
    if not new or batch.actor.cause.partition(":")[0] in comes_with_owner:
        return
    by_hand = batch.actor.cause.partition(":")[0] == "request"
    when = [When.ALL] if by_hand else [When.ALL, When.RECEIVED]
    label, left = new[0].entity_label(), new
    actor = Actor(None, f"assignment:{batch.actor.cause}"[:100], batch.actor.changes)
    if AssignmentRule.objects.filter(entity=label, active=True, when__in=when).exists():
        decisions = assign_many(new, actor=actor, when=when)
        found = zip(new, decisions, strict=True)
        left = [record for record, decision in found if decision.user is None and decision.pool is None]
    if left and not by_hand and is_pooled(batch.model):
        pool_unassigned(left, actor=actor)


@before_diff
def owner_or_pool(batch: WriteBatch) -> bool:
    """Who is made the owner of what lies in a pool takes it out of there."""
    if not issubclass(batch.model, InPool):
        return False
    for before, after in zip(batch.before, batch.after, strict=True):
        if after.owner_id is not None and after.pool_id is not None:
            if before is None or before.owner_id != after.owner_id:
                after.pool = None
            else:
                after.owner = None
    return False


@computed
def held_since(batch: WriteBatch) -> set[str]:
    """Since when a record has its owner or its pool: what is counted for recycling begins anew."""
    if not issubclass(batch.model, PooledRecord):
        return set()
    pairs = zip(batch.before, batch.after, strict=True)
    moved = [a for b, a in pairs if b is not None and (b.owner_id, b.pool_id) != (a.owner_id, a.pool_id)]
    now = timezone.now()
    for record in moved:
        record.held_since, record.recycle_at = now, None
    return {"held_since", "recycle_at"} if moved else set()


@on_open
def count_look(user: Any, record: Any) -> None:
    """Members open so many records of a pool a day."""
    if getattr(record, "pool_id", None) is not None:
        open_in_pool(user, record, timezone.now())
