"""What happens in the foundation and whom that is told to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import apps
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.policy import Owned
from crm.activities import following, sharing
from crm.activities.kinds import ANSWERED, COMMENT_ADDED, COMMENT_CHANGED, INVITED, SHARED
from crm.activities.models import Comment, Task
from crm.entities.entity import registry
from crm.jobs.kinds import on_job_end
from crm.jobs.models import Job
from crm.notifications import notices
from crm.notifications.models import Notification
from crm.notifications.services import notify
from crm.records.actor import Actor
from crm.records.hooks import WriteBatch, on, on_chosen, on_purge, on_write
from crm.records.kinds import kind_of
from crm.records.models import Entry, Outgoing, Record
from crm.records.outgoing import on_settled, outgoing_kinds
from crm.users.models import User

# So many records given to one person at once are told one by one.
FEW = 3


@on_write
def given(batch: WriteBatch) -> None:
    """New owners hear of what they were given; followers, that it has another owner."""
    if batch.model._meta.label_lower not in registry or not isinstance(batch.model.access, Owned):
        return
    doer = batch.actor.user.pk if batch.actor.user else None
    fresh: dict[int, list[Record]] = defaultdict(list)
    lost: dict[int, list[int]] = defaultdict(list)
    moved = []
    for before, after in zip(batch.before, batch.after, strict=True):
        if after.deleted_at or (before is not None and before.owner_id == after.owner_id):
            continue
        if after.owner_id is not None and after.owner_id != doer and (before is not None or doer is not None):
            fresh[after.owner_id].append(after)
        if before is not None:
            moved.append(after)
            lost[before.owner_id].append(after.pk)
    if batch.undoing:
        for owner, ids in lost.items():
            _take_back(owner, ids, batch)
    for owner, records in fresh.items():
        _tell_owner(owner, records, batch)
    if moved:
        _tell_followers(moved, batch.actor)


def _tell_owner(owner: int, records: list[Record], batch: WriteBatch) -> None:
    if len(records) <= FEW:
        for record in records:
            key = f"assigned:{record.entity_label()}:{record.pk}:{record.version}"
            notify([owner], notices.ASSIGNED, actor=batch.actor, record=record, why="owner", key=key)
        return
    entity = registry[batch.model._meta.label_lower]
    key = f"assigned:{entity.label}:{batch.actor.cause or timezone.now().isoformat()}"[:200]
    # The batches of one job add up to one notification.
    told = Notification.objects.select_for_update().filter(user=owner, key=key).first()
    if told is not None:
        told.data["count"] += len(records)
        told.at, told.read_at = timezone.now(), None
        told.save(update_fields=["data", "at", "read_at"])
        return
    url = f"{entity.url('list')}?owner={owner}"
    data = {"count": len(records)} | ({"changes": batch.changes.pk} if batch.changes else {})
    notify([owner], notices.ASSIGNED_MANY, actor=batch.actor, data=data, url=url, key=key)


def _take_back(owner: int, ids: list[int], batch: WriteBatch) -> None:
    """Whoever was told that they were given what is put back now was told in vain: nobody is told of what is not there."""
    label = batch.model._meta.label_lower
    mine = Notification.objects.filter(user=owner)
    singly = mine.filter(kind=notices.ASSIGNED, entity=label, record_id__in=ids)
    told = set(singly.values_list("record_id", flat=True))
    singly.delete()
    undoes = batch.changes.undoes
    counted = mine.filter(kind=notices.ASSIGNED_MANY, key__startswith=f"assigned:{label}:")
    many = counted.select_for_update().filter(data__changes=undoes.pk).first() if undoes else None
    if many is None or not (left := set(ids) - told):
        return
    many.data["count"] -= len(left)
    if many.data["count"] > 0:
        many.save(update_fields=["data"])
    else:
        many.delete()


def _tell_followers(records: list[Record], actor: Actor) -> None:
    label = records[0].entity_label()
    found = following.followers_of(label, {record.pk: None for record in records})
    for record in records:
        if reasons := {user: why for user, why in found[record.pk].items() if user != record.owner_id}:
            notify(reasons, notices.OWNER_CHANGED, actor=actor, record=record, why=reasons)


@on(COMMENT_ADDED, COMMENT_CHANGED, name="notifications.comments")
def commented(entry: Entry) -> None:
    """Whom a comment speaks to, and who follows its record."""
    comment = Comment._base_manager.filter(pk=entry.record_id, deleted_at__isnull=True).select_related("owner").first()
    record = comment.on if comment is not None else None
    if comment is None or record is None:
        return
    actor, mentioned = Actor(comment.owner, entry.cause), {one["id"] for one in comment.mentions}
    common: dict[str, Any] = {"actor": actor, "record": record, "subject": comment}
    notify(mentioned, notices.MENTIONED, key=f"mentioned:{comment.pk}", **common)
    if entry.kind == COMMENT_ADDED:
        reasons = {user: why for user, why in following.followers(record).items() if user not in mentioned}
        if comment.answers is not None and comment.answers.owner_id not in mentioned:
            reasons.setdefault(comment.answers.owner_id, "commented")
        notify(reasons, notices.COMMENTED, key=f"commented:{comment.pk}", why=reasons, **common)


@on(SHARED, name="notifications.shares")
def shared(entry: Entry) -> None:
    """Those to whom a record was opened."""
    record = apps.get_model(entry.entity)._base_manager.filter(pk=entry.record_id).first()
    if record is not None:
        people = sharing.receivers(entry.data)
        notify(people, notices.SHARED, actor=Actor(entry.actor), record=record, key=f"shared:{entry.pk}")


@on(INVITED, ANSWERED, name="notifications.invitations")
def invited(entry: Entry) -> None:
    """Who is invited; and, of an answer, whoever owns the activity."""
    task = Task._base_manager.filter(pk=entry.record_id, deleted_at__isnull=True).first()
    if task is None:
        return
    common: dict[str, Any] = {"actor": Actor(entry.actor), "record": task, "key": f"invited:{entry.pk}"}
    if entry.kind == INVITED and entry.data.get("user"):
        notify([entry.data["user"]], notices.INVITED, why="takes_part", **common)
    elif entry.kind == ANSWERED:
        notify([task.owner_id], notices.ANSWERED, why="owner", **common)


def followed(entries: Sequence[Entry]) -> Iterable[Entry]:
    """Those entries of kinds that followers hear of; chosen while they are written, so without a query."""
    return [entry for entry in entries if kind_of(entry.kind).followed]


@on_chosen(followed, name="notifications.followed")
def moved_on(entry: Entry) -> None:
    """Stage moves, wins, losses: the owner and the followers."""
    record = apps.get_model(entry.entity)._base_manager.filter(pk=entry.record_id).first()
    if record is not None:
        reasons = following.followers(record)
        actor, data = Actor(entry.actor), {"did": entry.kind}
        notify(reasons, notices.MOVED, actor=actor, record=record, data=data, why=reasons, key=f"moved:{entry.pk}")


@on_job_end
def job_ended(job: Job) -> None:
    """Whoever started long work, unless they stopped it themselves."""
    if job.user is None or job.state == Job.State.CANCELLED:
        return
    text = "" if job.state == Job.State.DONE else _("Failed: %(title)s")
    url, key = reverse("jobs:job", args=[job.pk]), f"job:{job.pk}:{job.attempt}"
    notify([job.user], notices.JOB_DONE, text=text, data={"title": job.title}, url=url, key=key)


@on_settled
def not_sent(outgoing: Outgoing) -> None:
    """Administrators hear once a day and kind that something could not be sent."""
    if outgoing.state not in {Outgoing.State.FAILED, Outgoing.State.UNKNOWN}:
        return
    kind = outgoing_kinds.get(outgoing.kind)
    key = f"not_sent:{outgoing.kind}:{timezone.localdate()}"
    url = f"{reverse('admin:records_outgoing_changelist')}?kind__exact={outgoing.kind}"
    data = {"what": str(kind.label) if kind else outgoing.kind}
    notify(User.objects.filter(is_superuser=True), notices.NOT_SENT, data=data, url=url, key=key)


@on_purge
def forget(model: type[Model], ids: list[int], actor: Actor) -> None:
    """Nobody is told of what is not there."""
    label = model._meta.label_lower
    Notification.objects.filter(entity=label, record_id__in=ids).delete()
    Notification.objects.filter(subject_entity=label, subject_id__in=ids).update(subject_entity="", subject_id=None)
