"""How far this month is, on the home page."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone

from crm.home.widgets import widget
from sales.planning.attainment import Board
from sales.planning.forecast import knows_targets
from sales.planning.models import Target
from sales.planning.sources import SOURCES, told_to


@widget("attainment", slot="side", order=5, template="planning/widget.html", allowed=knows_targets, lazy=True)
def attainment(user: Any) -> dict | None:
    """Attainment of the month: one's own, and that of the departments at the top of one's reach; those with targets alone."""
    today = timezone.localdate()
    month = today.replace(day=1)
    known = told_to(user)
    lines = []
    for metric in (name for name in SOURCES if name in known):
        board = Board(user, metric, today.year, "month")
        for subject in board.subjects:
            mine = subject.key == f"u{user.pk}"
            cell = board.cell(subject, [month])
            if cell.target and (mine or (subject.is_unit and subject.depth == 0)):
                label, money = Target.Metric(metric).label, metric in Target.MONEY
                lines.append({"subject": subject, "label": label, "cell": cell, "money": money, "mine": mine})
    return {"lines": lines, "url": reverse("planning:attainment")} if lines else None
