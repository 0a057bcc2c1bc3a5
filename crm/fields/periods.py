"""Calendar periods in a condition: today, this quarter, the last 30 days, in the reader's time zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from crm.fields.field import Field


def days_of(day: date, last: date | None = None) -> tuple[datetime, datetime]:
    """The aware moments that bound ``day`` (or ``day`` to ``last``), the end not included."""
    zone = timezone.get_current_timezone()
    start = datetime.combine(day, time.min, tzinfo=zone)
    return start, datetime.combine((last or day) + timedelta(days=1), time.min, tzinfo=zone)


def span(op: str, today: date, days: int = 0) -> tuple[date, date]:
    """First and last day of a named period around ``today``."""
    match op:
        case "this_week":
            first = today - timedelta(days=today.weekday())
            return first, first + timedelta(days=6)
        case "this_month":
            return today.replace(day=1), _month_end(today.year, today.month)
        case "this_quarter":
            month = (today.month - 1) // 3 * 3 + 1
            return date(today.year, month, 1), _month_end(today.year, month + 2)
        case "this_year":
            return date(today.year, 1, 1), date(today.year, 12, 31)
        case "last_days":
            return today - timedelta(days=days), today
        case "next_days":
            return today, today + timedelta(days=days)
    return today, today


def bounds(op: str, values: tuple[Any, ...], now: datetime) -> tuple[date | None, date]:
    """First and last day that a day operator lets through; no first day: everything up to the last."""
    today = timezone.localtime(now).date()
    if op == "older_days":
        return None, today - timedelta(days=values[0] + 1)
    if op == "on":
        return values[0], values[0]
    if op == "between":
        return values
    return span(op, today, values[0] if values else 0)


def period(field: Field, op: str, values: tuple[Any, ...], now: datetime) -> Q:
    """The Q of a day operator on a date or datetime field; a full day is 24 hours, the others are those of the calendar."""
    if op == "full_days":
        return field.q("lte", now - timedelta(days=values[0]))
    first, last = bounds(op, values, now)
    if field.kind == "date":
        return field.q("gte", first) & field.q("lte", last) if first else field.q("lte", last)
    start, end = days_of(first or last, last)
    return field.q("gte", start) & field.q("lt", end) if first else field.q("lt", end)


def _month_end(year: int, month: int) -> date:
    first_of_next = date(year + month // 12, month % 12 + 1, 1)
    return first_of_next - timedelta(days=1)
