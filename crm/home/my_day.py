"""The widgets of everybody: what is due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.access.models import Scope
from crm.activities.models import Task
from crm.entities.entity import registry
from crm.fields.periods import days_of
from crm.home.widgets import widget

TASK = "activities.task"
SHOWN = 12
DAYS = 7
PEOPLE = 8


def has_tasks(user: Any) -> bool:
    """Whether the user keeps tasks."""
    return policy.can(user, TASK, "view")


def my_open_tasks(user: Any) -> Any:
    """The user's own open tasks."""
    return Task.objects.restrict(user).filter(owner=user, status__in=Task.TO_DO)


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


def leads_people(user: Any) -> bool:
    """Whether the user sees tasks of others."""
    return policy.access_of(user).scope(TASK, "view") >= Scope.TEAM


@widget("team_overdue", slot="side", order=15, template="home/team_overdue.html", allowed=leads_people)
def team_overdue(user: Any) -> dict | None:
    """Whose tasks should have been done before today, as far as the user sees them: who has most of them first."""
    start, _end = days_of(timezone.localdate())
    late = Task.objects.restrict(user).filter(status__in=Task.TO_DO, due_key__lt=start).exclude(owner=user)
    people = list(
        late.order_by()
        .values("owner", "owner__name", "owner__username")
        .annotate(count=Count("pk"), oldest=Min("due_key"))
        .order_by("-count", "oldest")[: PEOPLE + 1]
    )
    address = f"{registry[TASK].url('list')}?status=open&status=doing&due_at__older_days=0"
    lines = [
        {
            "text": name,
            "avatar": name,
            "sub": _("the oldest since %(day)s") % {"day": timezone.localdate(row["oldest"]).isoformat()},
            "end": str(row["count"]),
            "state": "seal",
            "url": f"{address}&owner={row['owner']}",
        }
        for row in people[:PEOPLE]
        if (name := row["owner__name"] or row["owner__username"])
    ]
    return {"lines": lines, "all_url": address if len(people) > PEOPLE else ""} if lines else None


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
