"""The widget of approvals that wait for a person."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone

from crm.approvals.inbox import count_waiting, shown, waiting
from crm.approvals.seeing import titles
from crm.home.widgets import widget

SHOWN = 5


@widget("approvals", slot="main", order=5, template="home/approvals.html", allowed=lambda user: True)
def approvals_waiting(user: Any) -> dict | None:
    """The most urgent ones, as far as the person may know what they are about; nothing where none wait."""
    tasks = list(waiting(user)[:SHOWN])
    if not tasks:
        return None
    called, now = titles([task.instance for task in tasks], user, tasks), timezone.now()
    rows = [
        {
            "instance": task.instance,
            "task": task,
            "title": called[task.instance_id],
            "late": bool(task.due_at and task.due_at < now),
        }
        for task in tasks
    ]
    return {"rows": rows, "count": shown(count_waiting(user)), "all_url": reverse("approvals:inbox")}
