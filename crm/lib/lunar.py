"""Days of the Chinese lunar calendar: when a birthday that is kept by it falls in a year. From 1900 to 2100."""

from __future__ import annotations

from datetime import date, timedelta

from borax.calendars.lunardate import InvalidLunarDateError, LunarDate

FIRST, LAST = date(1900, 1, 31), date(2100, 12, 31)


def next_lunar(born: date, today: date) -> date | None:
    """The next day, today included, that has the lunar month and day of ``born``; None beyond the calendar's years.

    Born in a leap month one keeps the ordinary month of that number; on the 30th of a month that has 29 days, the 29th.
    """
    if not (FIRST <= born <= LAST and FIRST <= today <= LAST - timedelta(days=400)):
        return None
    there = LunarDate.from_solar(born)
    year = LunarDate.from_solar(today).year
    days = (_day(one, there.month, there.day) for one in (year, year + 1))
    return next((day for day in days if day >= today), None)


def lunar_text(day: date) -> str:
    """正月初一: the lunar month and day in Chinese, as people say it in any language; empty beyond the calendar's years."""
    return str(LunarDate.from_solar(day).cn_str())[5:] if FIRST <= day <= LAST else ""


def _day(year: int, month: int, day: int) -> date:
    try:
        return LunarDate(year, month, day).to_solar_date()
    except InvalidLunarDateError:
        return LunarDate(year, month, day - 1).to_solar_date()
