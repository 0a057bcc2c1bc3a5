"""When the next step is due: in working time of the person who enrolled."""

from __future__ import annotations

from datetime import datetime, timedelta

from crm.lib.worktime import HORIZON, WorkTime
from sales.sequences.models import Sequence, SequenceStep

Hours = Sequence.Hours


def due_after(at: datetime, step: SequenceStep, hours: str, work: WorkTime) -> datetime:
    """So long after ``at`` as the step waits. Days keep the hour; what falls out of working time moves to its beginning."""
    if step.unit == SequenceStep.Unit.HOURS:
        if hours == Hours.HOURS:
            return work.next_working(work.after(at, timedelta(hours=step.wait))) if step.wait else work.next_working(at)
        found = at + timedelta(hours=step.wait)
    elif hours == Hours.ALWAYS:
        found = at + timedelta(days=step.wait)
    else:
        found = _days_on(at, step.wait, work)
    if hours == Hours.HOURS:
        return work.next_working(found)
    return _days_on(found, 0, work) if hours == Hours.DAYS else found


def _days_on(at: datetime, days: int, work: WorkTime) -> datetime:
    """The same hour so many working days on; 0: of that day, or of the next that works."""
    local = at.astimezone(work.zone)
    if not days and work.is_working_day(local.date()):
        return at
    left = max(days, 1)
    for step in range(1, HORIZON):
        day = local + timedelta(days=step)
        if work.is_working_day(day.date()):
            left -= 1
            if not left:
                return day
    return at + timedelta(days=days)
