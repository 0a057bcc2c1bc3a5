"""What is still to be done goes with the record that it is about: to whoever has it now, and to what it becomes."""

from __future__ import annotations

from django.db.models import F, QuerySet

from crm.activities.models import Task
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.hooks import WriteBatch, on_written
from crm.records.models import ChangeSet, Record


def to_do(label: str, ids: list[int]) -> QuerySet[Task]:
    """Open tasks about these records of one entity, locked."""
    rows = Task._base_manager.filter(on_entity=label, on_id__in=ids, status__in=Task.TO_DO, deleted_at__isnull=True)
    return rows.select_for_update(of=("self",)).order_by("pk")


def carry_tasks(source: Record, target: Record, *, actor: Actor, changes: ChangeSet | None = None) -> None:
    """What is to be done about ``source`` is to be done about ``target``, which it became."""
    tasks = list(to_do(source.entity_label(), [source.pk]))
    for task in tasks:
        task.on_entity, task.on_id = target.entity_label(), target.pk
    records.save_many(tasks, actor=actor, changes=changes)


@on_written
def follow_the_owner(batch: WriteBatch) -> None:
    """What a rule or a colleague gave the owner of a record to do is for its next owner, and nobody's in a pool; what people planned stays theirs."""
    if batch.model is Task or not hasattr(batch.model, "owner_id"):
        return
    pairs = zip(batch.before, batch.after, strict=True)
    moved = {
        after.pk: (before.owner_id, after.owner_id)
        for before, after in pairs
        if before is not None and before.owner_id and before.owner_id != after.owner_id
    }
    if not moved:
        return
    given = to_do(batch.model._meta.label_lower, list(moved)).exclude(created_by=F("owner"))
    tasks = [task for task in given if task.owner_id == moved[task.on_id][0]]
    for task in tasks:
        if (owner := moved[task.on_id][1]) is None:
            task.status = Task.Status.CANCELLED
        else:
            task.owner_id = owner
    records.save_many(tasks, actor=batch.actor, changes=batch.changes)
