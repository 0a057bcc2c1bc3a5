"""Months and days later, as contracts count them."""

from calendar import monthrange
from datetime import date, timedelta


def later(day: date, months: int = 0, days: int = 0) -> date:
    """The day so many months, then days, on; a day that the month does not have becomes its last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1])) + timedelta(days=days)
