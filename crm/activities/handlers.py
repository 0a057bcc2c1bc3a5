"""What goes with activities as they are written, and with records that are removed for good."""

from __future__ import annotations

from collections import Counter, defaultdict

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import Count, Model, Q
from django.utils.translation import gettext as _

from crm.access import policy, pooling
from crm.activities.checklists import steps_of
from crm.activities.models import Comment, Follow, FollowUp, Participant, Star, Task
from crm.activities.reminders import plan_reminders
from crm.records.actor import Actor
from crm.records.hooks import WriteBatch, before_write, on_purge, on_write
from crm.records.models import Entry
from crm.records.redaction import erase_entries

REMINDED_BY = ("due_at", "status", "owner_id", "remind", "deleted_at")
DEEPEST = 20


@before_write
def no_circles(batch: WriteBatch) -> None:
    """A task is never a part of one of its own parts."""
    if batch.model is not Task:
        return
    for before, after in zip(batch.before, batch.after, strict=True):
        if after.parent_id and (before is None or before.parent_id != after.parent_id):
            _refuse_circle(after)


def _refuse_circle(task: Task) -> None:
    above, steps = task.parent_id, 0
    while above:
        if above == task.pk or steps >= DEEPEST:
            raise ValidationError({"parent": _("A task can't be a part of itself or of one of its parts.")})
        above = Task._base_manager.filter(pk=above).values_list("parent_id", flat=True).first()
        steps += 1


@before_write
def claim_first(batch: WriteBatch) -> None:
    """What lies in a pool is written about by its keepers, and by its members where it takes their notes. A call was a call."""
    user = batch.actor.user
    if batch.model not in (FollowUp, Comment) or user is None or batch.actor.cause.startswith("call:"):
        return
    about: dict[str, set[int]] = defaultdict(set)
    for before, after in zip(batch.before, batch.after, strict=True):
        if before is None or (before.on_entity, before.on_id) != (after.on_entity, after.on_id):
            about[after.on_entity].add(after.on_id)
    for label, ids in about.items():
        holder = apps.get_model(label) if label else None
        if holder is None or not isinstance(getattr(holder, "access", None), policy.Pooled):
            continue
        for record in holder._base_manager.filter(pk__in=ids, pool__isnull=False):
            if not pooling.may_note(user, record):
                raise ValidationError(_("It lies in a pool: claim it before you write about it."))


@on_write
def remind(batch: WriteBatch) -> None:
    """Reminders follow from their activity."""
    if batch.model is not Task:
        return
    pairs = zip(batch.before, batch.after, strict=True)
    moved = [a for b, a in pairs if (b is None and a.due_at) or (b is not None and _differ(b, a, REMINDED_BY))]
    if moved:
        plan_reminders(moved)
    # Whoever owns it now does not take part beside that.
    given = [a for b, a in zip(batch.before, batch.after, strict=True) if b is not None and b.owner_id != a.owner_id]
    for task in given:
        Participant.objects.filter(task=task, user=task.owner_id).delete()


@on_write
def count_steps(batch: WriteBatch) -> None:
    """How far a task is: its checklist and its parts, done and altogether."""
    if batch.model is not Task:
        return
    touched: set[int] = set()
    for before, after in zip(batch.before, batch.after, strict=True):
        if after.checklist if before is None else before.checklist != after.checklist:
            touched.add(after.pk)
        if before is None or _differ(before, after, ("parent_id", "status", "deleted_at")):
            touched |= {one.parent_id for one in (before, after) if one is not None and one.parent_id}
    if touched:
        _count(touched)


def _count(ids: set[int]) -> None:
    tasks = list(Task._base_manager.filter(pk__in=ids).select_for_update().order_by("pk").only("pk", "checklist"))
    parts = Task._base_manager.filter(parent__in=ids, deleted_at__isnull=True).exclude(status=Task.Status.CANCELLED)
    counted = parts.order_by().values_list("parent").annotate(Count("pk"), done=Count("pk", filter=Q(status="done")))
    total, done = Counter(), Counter()
    for parent, all_of_them, of_these in counted:
        total[parent], done[parent] = all_of_them, of_these
    for task in tasks:
        steps = steps_of(task.checklist)
        task.steps_total = total[task.pk] + len(steps)
        task.steps_done = done[task.pk] + sum(step.done for step in steps)
    Task._base_manager.bulk_update(tasks, ["steps_done", "steps_total"], batch_size=500)


def _differ(before: Task, after: Task, names: tuple[str, ...]) -> bool:
    return any(getattr(before, name) != getattr(after, name) for name in names)


@on_purge
def silence(model: type[Model], ids: list[int], actor: Actor) -> None:
    """What a follow-up said stands in an entry about another record: that is blanked with it."""
    if model is not FollowUp:
        return
    about = set(FollowUp._base_manager.filter(pk__in=ids).values_list("on_entity", "on_id"))
    for label, pk in about - {("", None)}:
        told = Entry.objects.filter(entity=label, record_id=pk, data__followup__in=ids)
        erase_entries(list(told.values_list("pk", flat=True)))


@on_purge
def unfollow(model: type[Model], ids: list[int], actor: Actor) -> None:
    """Nobody follows what is not there, or keeps it at hand."""
    for kept in (Follow, Star):
        kept.objects.filter(entity=model._meta.label_lower, record_id__in=ids).delete()
