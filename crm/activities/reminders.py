"""When people are to be reminded of an activity: as it says itself, else as each of them prefers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.activities.lead_times import NEVER, minutes_of
from crm.activities.models import Participant, Reminder, Task
from crm.users.models import User

PREFERENCE = "remind"
USUAL = "15"
BATCH = 200
# What a stopped clock missed is told late, but not days late.
BEHIND = timedelta(hours=6)
KEPT = timedelta(days=30)
LONGEST_SNOOZE = timedelta(days=31)


def usual_of(user: User) -> str:
    """What the person chose for activities that say nothing: minutes before (“15,1440”), or “never”."""
    chosen = str(user.preferences.get(PREFERENCE, USUAL))
    return chosen if chosen == NEVER or minutes_of(chosen) else USUAL


def moments_of(task: Task, user: User) -> list[datetime]:
    """When the person is to be reminded of it, latest first; nothing: not at all."""
    if task.due_at is None or not task.is_open or task.deleted_at:
        return []
    begins = task.due_at.replace(second=0, microsecond=0)
    return [begins - timedelta(minutes=minutes) for minutes in minutes_of(task.remind or usual_of(user))]


def plan_reminders(tasks: Sequence[Task], now: datetime | None = None) -> None:
    """Let the reminders of the activities follow from them anew; what was put off stays. Inside the caller's transaction."""
    now = now or timezone.now()
    Reminder.objects.filter(task__in=tasks, sent_at__isnull=True, snoozed=False).delete()
    gone = [task.pk for task in tasks if not task.is_open or task.deleted_at]
    Reminder.objects.filter(task__in=gone, sent_at__isnull=True).delete()
    wanted = [
        task for task in tasks if task.due_at and task.is_open and not task.deleted_at and task.due_at > now - BEHIND
    ]
    people = _people(wanted)
    rows = []
    for task in wanted:
        for user in people[task.pk]:
            moments = moments_of(task, user)
            ahead = [at for at in moments if at >= now.replace(second=0, microsecond=0) - timedelta(minutes=1)]
            if moments and not ahead and task.due_at > now:
                # They have gone by when it was written: told at once they would only disturb whoever wrote it.
                ahead = [task.due_at.replace(second=0, microsecond=0)]
            rows += [Reminder(task=task, user=user, at=at) for at in ahead]
    Reminder.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


def _people(tasks: Sequence[Task]) -> dict[int, list[User]]:
    """Whom each activity reminds: its owner, and the colleagues who take part and did not decline."""
    ids: dict[int, set[int]] = {task.pk: {task.owner_id} for task in tasks}
    rows = Participant.objects.filter(task__in=ids, user__isnull=False).exclude(state=Participant.State.DECLINED)
    for task, user in rows.values_list("task_id", "user_id"):
        ids[task].add(user)
    wanted = {pk for found in ids.values() for pk in found}
    users = {user.pk: user for user in User.objects.filter(pk__in=wanted, is_active=True)}
    return {task: [users[pk] for pk in sorted(found) if pk in users] for task, found in ids.items()}


def claim_due(now: datetime) -> list[Reminder]:
    """The next reminders whose moment has come, locked for the caller's transaction; those that others hold are passed over."""
    rows = Reminder.objects.filter(sent_at__isnull=True, at__lte=now, at__gt=now - BEHIND).order_by("at", "pk")
    rows = rows.select_for_update(skip_locked=True, of=("self",)).select_related("task", "user")
    return list(rows[:BATCH])


def is_wanted(reminder: Reminder) -> bool:
    """Whether there is still something to be reminded of."""
    return reminder.task.is_open and not reminder.task.deleted_at


def mark_sent(reminders: Iterable[Reminder], now: datetime) -> None:
    """They were told; in the transaction that told them."""
    Reminder.objects.filter(pk__in=[reminder.pk for reminder in reminders]).update(sent_at=now)


def snooze(task: Task, user: User, at: datetime, now: datetime | None = None) -> Reminder:
    """Remind the person again at ``at``. ValidationError where that is not in the near future."""
    now = now or timezone.now()
    if not now < at <= now + LONGEST_SNOOZE:
        raise ValidationError(_("Choose a moment within the next month."))
    at = at.replace(second=0, microsecond=0) + timedelta(minutes=1 if at.second else 0)
    return Reminder.objects.update_or_create(task=task, user=user, at=at, defaults={"snoozed": True, "sent_at": None})[
        0
    ]


def sweep(now: datetime | None = None) -> int:
    """Delete reminders that were told, or missed, long ago."""
    before = (now or timezone.now()) - KEPT
    return Reminder.objects.filter(Q(sent_at__lt=before) | Q(at__lt=before)).delete()[0]


def replan_for(user: User, now: datetime | None = None) -> None:
    """After the person chose another usual time: let it hold for what lies ahead."""
    now = now or timezone.now()
    mine = Q(owner=user) | Q(pk__in=Participant.objects.filter(user=user).values("task"))
    rows: Any = Task._base_manager.filter(mine, due_at__gt=now, remind="", deleted_at__isnull=True)
    rows = rows.filter(status__in=Task.TO_DO).order_by("pk")
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        plan_reminders(batch, now)
        last = batch[-1].pk
