"""Four weeks of days with free times, as a visitor sees them in their own time zone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import timezone

from marketing.booking.calendars import free_times
from marketing.booking.models import Booking, BookingPage

DAYS = 28
STAMP = "%Y%m%dT%H%MZ"
# What visitors choose from; where the browser tells another one, that is there too.
COMMON = (
    "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo", "Asia/Seoul", "Asia/Bangkok",
    "Asia/Kolkata", "Asia/Dubai", "Europe/Moscow", "Africa/Johannesburg", "Europe/Berlin", "Europe/Paris",
    "Europe/London", "America/Sao_Paulo", "America/New_York", "America/Chicago", "America/Denver",
    "America/Los_Angeles", "Australia/Sydney", "Pacific/Auckland",
)  # fmt: skip


@dataclass
class Day:
    """A day of the calendar with the moments at which a meeting may begin."""

    day: date
    times: list[datetime] = field(default_factory=list)


@dataclass(frozen=True)
class Weeks:
    """Four weeks from a Monday on. ``chosen`` is the day whose times are shown; ``earlier`` and ``later`` are Mondays, where there is more."""

    days: list[Day]
    chosen: Day | None
    earlier: date | None
    later: date | None
    today: date


def zone_named(name: str, other: ZoneInfo) -> ZoneInfo:
    """The time zone of that name, else the other one."""
    try:
        return ZoneInfo(name) if name and len(name) < 60 else other
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return other


def zone_choices(current: ZoneInfo, at: datetime) -> list[tuple[str, str]]:
    """(name, name with its distance from UTC) of the time zones that one may choose, by that distance."""
    names = dict.fromkeys((current.key, *COMMON))
    rows = [(at.astimezone(ZoneInfo(name)).utcoffset(), name) for name in names]
    return [(name, f"{name.replace('_', ' ')} (UTC{_signed(offset)})") for offset, name in sorted(rows)]


def _signed(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def read_moment(text: str) -> datetime | None:
    """The moment that an address names; None for nonsense."""
    if len(text) != 14 or not text.isascii():
        return None
    try:
        return datetime.strptime(text, STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def read_day(text: str) -> date | None:
    """The day that an address names; None for nonsense."""
    try:
        found = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return found if found and 2000 <= found.year < 2200 else None


def weeks_of(
    page: BookingPage, minutes: int, zone: ZoneInfo, wanted: date | None, moving: Booking | None = None
) -> Weeks:
    """The four weeks in which ``wanted`` lies; without one, those with the first free time."""
    now = timezone.now()
    today = now.astimezone(zone).date()
    last = today + timedelta(days=page.days_ahead + 1)
    monday = today - timedelta(days=today.weekday())
    if wanted is not None and today <= wanted <= last:
        monday += timedelta(days=(wanted - monday).days // DAYS * DAYS)
        return _weeks(page, minutes, zone, monday, today, last, wanted, moving)
    while True:
        found = _weeks(page, minutes, zone, monday, today, last, None, moving)
        if found.chosen is not None or found.later is None:
            return found
        monday = found.later


def _weeks(
    page: BookingPage,
    minutes: int,
    zone: ZoneInfo,
    monday: date,
    today: date,
    last: date,
    wanted: date | None,
    moving: Booking | None,
) -> Weeks:
    start = datetime.combine(monday, time(), zone).astimezone(UTC)
    end = datetime.combine(monday + timedelta(days=DAYS), time(), zone).astimezone(UTC)
    times: dict[date, list[datetime]] = defaultdict(list)
    for at in free_times(page, minutes, start, end, moving=moving):
        times[at.astimezone(zone).date()].append(at)
    days = [Day(monday + timedelta(days=n), times[monday + timedelta(days=n)]) for n in range(DAYS)]
    chosen = next((day for day in days if day.day == wanted and day.times), None)
    chosen = chosen or next((day for day in days if day.times), None)
    back, on = monday - timedelta(days=DAYS), monday + timedelta(days=DAYS)
    return Weeks(days, chosen, max(back, today) if monday > today else None, on if on <= last else None, today)
