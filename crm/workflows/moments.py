"""When: offsets from a date, waits, the hours of schedules, quiet hours. Pure arithmetic on aware moments."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from crm.lib.worktime import WorkTime

MORNING = time(9)


def read_time(text: Any, default: time = MORNING) -> time:
    """“09:30” as a time; the default where nothing is written."""
    return time.fromisoformat(text) if text else default


def shifted(day: date, days: int, work: WorkTime | None) -> date:
    """The day ``days`` later (or earlier), counting working days only when there is a calendar."""
    if work is None or days == 0:
        return day + timedelta(days=days)
    step, left = (1 if days > 0 else -1), abs(days)
    for _guard in range(left * 4 + 60):
        day += timedelta(days=step)
        if work.is_working_day(day):
            left -= 1
            if left == 0:
                break
    return day


def moment_of(value: date | datetime, offset: Mapping[str, Any], work: WorkTime | None = None) -> datetime:
    """The moment that lies ``days``, ``hours`` and ``minutes`` from a field's value (negative: before it).

    A date begins at the offset's ``at`` (else 9:00); a moment keeps its time unless the offset names one.
    """
    days = int(offset.get("days") or 0)
    pause = timedelta(hours=int(offset.get("hours") or 0), minutes=int(offset.get("minutes") or 0))
    if isinstance(value, datetime):
        local = timezone.localtime(value)
        clock = read_time(offset.get("at"), local.time())
        day = local.date()
    else:
        day, clock = value, read_time(offset.get("at"))
    return timezone.make_aware(datetime.combine(shifted(day, days, work), clock)) + pause


def after(start: datetime, wait: Mapping[str, Any], work: WorkTime | None = None) -> datetime:
    """The moment at which a wait of ``days``, ``hours`` and ``minutes`` ends, in working time when there is a calendar."""
    days = int(wait.get("days") or 0)
    pause = timedelta(hours=int(wait.get("hours") or 0), minutes=int(wait.get("minutes") or 0))
    if work is None:
        return start + timedelta(days=days) + pause
    local = timezone.localtime(start)
    moved = timezone.make_aware(datetime.combine(shifted(local.date(), days, work), local.time())) if days else start
    return work.after(moved, pause)


def next_time(trigger: Mapping[str, Any], now: datetime) -> datetime:
    """The next moment after ``now`` at which a schedule comes round."""
    clock, local = read_time(trigger.get("at")), timezone.localtime(now)
    day = local.date()
    for ahead in range(400):
        candidate = day + timedelta(days=ahead)
        if not _comes_round(trigger, candidate):
            continue
        moment = timezone.make_aware(datetime.combine(candidate, clock))
        if moment > now:
            return moment
    raise ValueError(trigger)


def _comes_round(trigger: Mapping[str, Any], day: date) -> bool:
    match trigger.get("every"):
        case "week":
            return day.weekday() in {int(n) for n in trigger.get("weekdays") or [0]}
        case "month":
            last = calendar.monthrange(day.year, day.month)[1]
            return day.day == min(int(trigger.get("day") or 1), last)
    return True


def quiet_until(now: datetime, start: time | None, end: time | None) -> datetime | None:
    """When the quiet hours that hold at ``now`` end; None outside of them. They may pass midnight."""
    if start is None or end is None or start == end:
        return None
    local = timezone.localtime(now)
    clock = local.time()
    inside = start <= clock < end if start < end else clock >= start or clock < end
    if not inside:
        return None
    day = local.date() + timedelta(days=1) if start > end and clock >= start else local.date()
    return timezone.make_aware(datetime.combine(day, end))
