"""The widgets of everybody: what is due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.activities.models import Task
from crm.entities.entity import registry
from crm.fields.periods import days_of
from crm.home.widgets import widget

TASK = "activities.task"
SHOWN = 12
DAYS = 7


def has_tasks(user: Any) -> bool:
    """Whether the user keeps tasks."""
    return policy.can(user, TASK, "view")


def my_open_tasks(user: Any) -> Any:
    """The user's own open tasks."""
    return Task.objects.restrict(user).filter(owner=user, status=Task.Status.OPEN)


@widget("due", slot="main", order=10, template="home/due.html", allowed=has_tasks)
def due_list(user: Any) -> dict:
    """Overdue, today, the next seven days: the most urgent first."""
    today = timezone.localdate()
    start, end = days_of(today)
    last = days_of(today + timedelta(days=DAYS))[1]
    rows = list(
        my_open_tasks(user).filter(due_key__lt=last).select_related("owner").order_by("due_key", "pk")[: SHOWN + 1]
    )
    groups = [
        (_("Overdue"), [task for task in rows[:SHOWN] if task.due_at < start]),
        (_("Today"), [task for task in rows[:SHOWN] if start <= task.due_at < end]),
        (_("Next 7 days"), [task for task in rows[:SHOWN] if task.due_at >= end]),
    ]
    entity = registry[TASK]
    return {
        "groups": [(title, tasks) for title, tasks in groups if tasks],
        "all_url": f"{entity.url('list')}?view=mine",
        "add_url": entity.url("add") if policy.can(user, TASK, "add") else "",
    }


@widget("overdue", slot="cards", order=30, allowed=has_tasks)
def overdue_card(user: Any) -> dict:
    """How many tasks should have been done before today, and how many are due today."""
    start, end = days_of(timezone.localdate())
    found = my_open_tasks(user).aggregate(
        late=Count("pk", filter=Q(due_at__lt=start)), today=Count("pk", filter=Q(due_at__gte=start, due_at__lt=end))
    )
    note = _("%(count)d due today") % {"count": found["today"]}
    card = {
        "label": _("Overdue tasks"),
        "value": str(found["late"]),
        "note": note,
        "state": "seal" if found["late"] else "good",
        "url": f"{registry[TASK].url('list')}?view=overdue",
    }
    said = [_("%(count)d due today") % {"count": found["today"]}, _("%(count)d overdue") % {"count": found["late"]}]
    return {"cards": [card], "summary": _("Tasks: %(counts)s") % {"counts": ", ".join(said)}}
