"""Tasks that are due, told once; and forgetting what was read long ago."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from crm.activities.models import Task
from crm.notifications import notices
from crm.notifications.models import Notification
from crm.notifications.services import notify

AHEAD = timedelta(minutes=15)
# What a stopped beat missed is told late, but not days late.
BEHIND = timedelta(hours=6)
KEPT = timedelta(days=180)
BATCH = 500


def remind(now: datetime | None = None) -> int:
    """Tell the owners of open tasks that these are due; once a task and moment. Returns how many were told."""
    now = now or timezone.now()
    due = Task.objects.filter(status=Task.Status.OPEN, due_key__gt=now - BEHIND, due_key__lte=now + AHEAD).alive()
    told = 0
    for task in due.order_by("due_key", "pk")[:BATCH]:
        key = f"task_due:{task.pk}:{task.due_at.isoformat() if task.due_at else ''}"
        told += len(notify([task.owner_id], notices.REMINDER, record=task, key=key, why="owner", now=now))
    return told


def sweep(now: datetime | None = None) -> int:
    """Delete what was read more than half a year ago."""
    before = (now or timezone.now()) - KEPT
    return Notification.objects.filter(read_at__lt=before).delete()[0]
