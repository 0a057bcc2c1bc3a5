"""When what leaves the program may reach a person."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

from crm.notifications.models import Hours
from crm.reference.calendars import worktime_of


def zone_of(user: Any) -> ZoneInfo:
    """The person's time zone; the company's where theirs is not known."""
    try:
        return ZoneInfo(user.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.TIME_ZONE)


def hours_of(user: Any) -> Hours:
    """What the person chose, or the usual hours, unsaved."""
    return Hours.objects.filter(user=user).first() or Hours(user=user)


def next_moment(hours: Hours, now: datetime) -> datetime:
    """``now``, or the next moment at which the person may be disturbed."""
    moment = now
    for _round in range(3):  # the end of the quiet hours may lie outside of working time, and the other way round
        before = moment
        moment = _after_quiet(hours.quiet_from, hours.quiet_until, moment, zone_of(hours.user))
        if hours.only_working_time:
            moment = worktime_of(hours.user).next_working(moment)
        if moment == before:
            break
    return moment


def _after_quiet(start: time | None, end: time | None, moment: datetime, zone: ZoneInfo) -> datetime:
    if start is None or end is None or start == end:
        return moment
    local = moment.astimezone(zone)
    clock = local.time()
    if start < end:
        quiet, days = start <= clock < end, 0
    else:
        quiet, days = clock >= start or clock < end, 1 if clock >= start else 0
    if not quiet:
        return moment
    return datetime.combine(local.date() + timedelta(days=days), end, zone)
