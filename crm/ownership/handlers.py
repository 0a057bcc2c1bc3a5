"""New records find their owner in the transaction that makes them."""

from __future__ import annotations

from crm.ownership.models import AssignmentRule
from crm.ownership.services import assign_many
from crm.records.actor import Actor
from crm.records.hooks import WriteBatch, on_written

When = AssignmentRule.When


@on_written
def assign_new(batch: WriteBatch) -> None:
    """Give away what nobody was named for: new records whose owner is whoever (or whatever) made them."""
    maker = batch.actor.user and batch.actor.user.pk
    new = [
        record
        for before, record in zip(batch.before, batch.after, strict=True)
        if before is None and (maker is None or record.owner_id == maker)
    ]
    if not new:
        return
    by_hand = batch.actor.cause.partition(":")[0] == "request"
    when = [When.ALL] if by_hand else [When.ALL, When.RECEIVED]
    if AssignmentRule.objects.filter(entity=new[0].entity_label(), active=True, when__in=when).exists():
        cause = f"assignment:{batch.actor.cause}"[:100]
        assign_many(new, actor=Actor(None, cause, batch.actor.changes), when=when)
