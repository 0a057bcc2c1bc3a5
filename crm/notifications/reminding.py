"""Activities whose moment has come, told once; what is overdue for days, told above; and forgetting what was read long ago."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from crm.activities import reminders
from crm.activities.kinds import ESCALATED
from crm.activities.models import Task
from crm.notifications import notices
from crm.notifications.models import Notification
from crm.notifications.services import notify
from crm.records import services as records
from crm.records.actor import Actor
from crm.reference.calendars import worktime_of

KEPT = timedelta(days=180)
BATCH = 500
# What has been overdue for longer than this beyond the limit was told above long ago, or lies here since before the rule.
STALE = timedelta(days=30)


def remind(now: datetime | None = None) -> int:
    """Tell people of the activities whose reminder has come. Returns how many were told.

    Who claims a reminder tells it in the same transaction: two clocks at once tell it once, and what a killed worker had
    claimed is told by the next.
    """
    now, told = now or timezone.now(), 0
    while True:
        with transaction.atomic():
            due = reminders.claim_due(now)
            for one in due:
                told += len(_remind(one, now)) if reminders.is_wanted(one) else 0
            reminders.mark_sent(due, now)
        if len(due) < reminders.BATCH:
            return told


def _remind(one: reminders.Reminder, now: datetime) -> list[Notification]:
    key = f"task_due:{one.task_id}:{one.at.isoformat()}"
    why = "owner" if one.user_id == one.task.owner_id else "takes_part"
    return notify([one.user_id], notices.REMINDER, record=one.task, key=key, why=why, now=now)


def escalate(now: datetime | None = None) -> int:
    """Tell superiors of the tasks that have been overdue for ``ESCALATE_DAYS`` working days; once a task and day it was due.

    The history of the task says so too: rules may follow it. Returns how many were told; 0 days: nobody is.
    """
    if not settings.ESCALATE_DAYS:
        return 0
    now, told, last = now or timezone.now(), 0, 0
    late = Task.objects.filter(status__in=Task.TO_DO, due_key__lt=now, due_key__gt=now - STALE, deleted_at__isnull=True)
    late = late.filter(owner__manager__isnull=False).select_related("owner", "owner__department").order_by("pk")
    while batch := list(late.filter(pk__gt=last)[:BATCH]):
        last = batch[-1].pk
        for task in batch:
            if worktime_of(task.owner).days_after(task.due_at, settings.ESCALATE_DAYS) <= now:
                told += _escalate(task, now)
    return told


@transaction.atomic
def _escalate(task: Task, now: datetime) -> int:
    key = f"task_late:{task.pk}:{task.due_at.isoformat()}"
    found = notify(
        [task.owner.manager_id], notices.LATE, record=task, key=key, now=now, data={"owner": str(task.owner)}
    )
    if found:
        records.log(task, ESCALATED, actor=Actor(None, "escalation"), manager=task.owner.manager_id)
    return len(found)


def sweep(now: datetime | None = None) -> int:
    """Delete what was read more than half a year ago, and reminders of long ago."""
    reminders.sweep(now)
    before = (now or timezone.now()) - KEPT
    return Notification.objects.filter(read_at__lt=before).delete()[0]
