"""The widget of those who lead people: whether enough calls and visits are made."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from crm.activities.models import ActivityTarget
from crm.activities.volume import may_look, week_of
from crm.home.widgets import widget

SHOWN = 8


@widget("volume", slot="side", order=20, template="home/volume.html", allowed=may_look, lazy=True)
def volume(user: Any) -> dict | None:
    """Who is furthest from what is expected this week; nothing where no target is set."""
    if not ActivityTarget.objects.exists():
        return None
    today = timezone.localdate()
    lines = [
        line for line in week_of(user, today - timedelta(days=today.weekday())) if any(c.target for c in line.cells)
    ]
    lines.sort(key=lambda line: sum(min(c.count, c.target) / c.target for c in line.cells if c.target))
    return {"lines": lines[:SHOWN], "kinds": ActivityTarget.Kind.choices} if lines else None
