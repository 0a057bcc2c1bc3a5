"""Giving records to people by rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.ownership.choosing import Chooser, Decision
from crm.ownership.kinds import ASSIGNED, POOLED
from crm.ownership.models import AssignmentRule
from crm.ownership.pools import Placing, into_pool, pools_for
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Record

When = AssignmentRule.When


@transaction.atomic
def assign_many(
    batch: Sequence[Record],
    *,
    actor: Actor,
    when: Iterable[str] = When.values,
    now: datetime | None = None,
) -> list[Decision]:
    """Give each record of one entity to whom the rules choose, one decision a record. Who has it already keeps it.

    The entry of each change says by which rule, and how everybody who was asked fared.
    """
    if not batch:
        return []
    chooser = Chooser(batch[0].entity_label(), now or timezone.now(), when)
    decisions = [chooser.choose(record) for record in batch]
    why: dict[int, Decision] = {}
    for record, decision in zip(batch, decisions, strict=True):
        if decision.user is not None and decision.user.pk != record.owner_id:
            record.owner = decision.user
            why[record.pk] = decision
    chooser.keep()
    given = [record for record in batch if record.pk in why]
    records.save_many(given, actor=actor, kind=ASSIGNED, data=lambda record: why[record.pk].explained())
    told = {record.pk: decision for record, decision in zip(batch, decisions, strict=True) if decision.pool}
    for pool in {decision.pool for decision in told.values()}:
        there = [record for record in batch if record.pk in told and told[record.pk].pool == pool]
        put = [record for record in there if record.pool_id != pool.pk]
        into_pool(put, pool, actor=actor, kind=POOLED, data=lambda record: told[record.pk].explained())
    return decisions


@transaction.atomic
def pool_unassigned(batch: Sequence[Record], *, actor: Actor, now: datetime | None = None) -> list[Record]:
    """Put new records into the pools that take what nobody was named for; returns those that no pool takes."""
    label = batch[0].entity_label() if batch else ""
    placing = Placing(label, now or timezone.now(), pools_for(label).filter(takes_unassigned=True))
    chosen = [(record, placing.pool_of(record)) for record in batch]
    for pool in {pool for _record, pool in chosen if pool is not None}:
        into_pool([record for record, found in chosen if found == pool], pool, actor=actor, kind=POOLED)
    return [record for record, pool in chosen if pool is None]


def assign_by_rules(record: Record, *, actor: Actor) -> None:
    """The verb: give one record to whom the rules choose. ValidationError when they find nobody."""
    decision = assign_many([record], actor=actor)[0]
    if decision.user is None and decision.pool is None:
        raise ValidationError(_("No assignment rule finds somebody for this record."))
