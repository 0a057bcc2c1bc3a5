"""When somebody has their next birthday, and how old they are."""

from __future__ import annotations

from calendar import isleap
from datetime import date
from typing import Any

from crm.lib.lunar import next_lunar
from customers.profile.portraits import Calendar


def _in_year(day: date, year: int) -> date:
    """The birthday in a year; on 29 February it is kept on the 28th where there is none."""
    return (
        day.replace(year=year, day=28)
        if (day.month, day.day) == (2, 29) and not isleap(year)
        else day.replace(year=year)
    )


def next_birthday(contact: Any, today: date) -> date:
    """The next time that the person has a birthday, today included."""
    if contact.birthday_calendar == Calendar.LUNAR and (day := next_lunar(contact.birthday, today)):
        return day
    this_year = _in_year(contact.birthday, today.year)
    return this_year if this_year >= today else _in_year(contact.birthday, today.year + 1)


def age(contact: Any, today: date) -> int:
    """Full years."""
    return today.year - contact.birthday.year - (_in_year(contact.birthday, today.year) > today)
