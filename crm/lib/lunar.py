"""Days of the Chinese lunar calendar: when a birthday that is kept by it falls in a year. From 1900 to 2100."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

from borax.calendars.lunardate import InvalidLunarDateError, LCalendars, LunarDate

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


_MONTHS = "正二三四五六七八九十冬腊"
_MORE_MONTHS = {"一": 1, "十一": 11, "十二": 12}
_NUMBERS = re.compile(
    r"(?P<leap>闰|閏|l|leap\s*)?\s*(?P<m>\d{1,2})\s*(?:[-/.]|月)\s*(?P<d>\d{1,2})\s*日?", re.IGNORECASE
)
_WORDS = re.compile(
    r"(?P<leap>闰|閏)?(?P<m>[正一二三四五六七八九十冬腊臘]{1,2})月(?P<d>[初十廿卅二三][一二三四五六七八九十]{0,2})日?"
)


@dataclass(frozen=True)
class LunarDay:
    """A day of the lunar year: 闰四月初一 is ``LunarDay(4, 1, True)``."""

    month: int
    day: int
    leap: bool = False

    def __str__(self) -> str:
        return f"{'闰' if self.leap else ''}{_MONTHS[self.month - 1]}月{_day_name(self.day)}"

    def next(self, today: date) -> date | None:
        """The next time it comes, today included; None beyond the calendar's years.

        A leap month's day is kept in the leap month where the year has it, else in the ordinary one; the 30th of a month
        with 29 days on the 29th.
        """
        if not FIRST <= today <= LAST - timedelta(days=400):
            return None
        year = LunarDate.from_solar(today).year
        days = (self.in_year(one) for one in (year, year + 1))
        return next((day for day in days if day >= today), None)

    def in_year(self, year: int) -> date:
        """The day in a lunar year."""
        leap = int(self.leap and LCalendars.leap_month(year) == self.month)
        try:
            return LunarDate(year, self.month, self.day, leap).to_solar_date()
        except InvalidLunarDateError:
            return LunarDate(year, self.month, self.day - 1, leap).to_solar_date()


def read_lunar(text: str) -> LunarDay:
    """“八月十五”, “农历闰四月初一”, “腊月廿三” or “8-15”, “闰4-1”. ValueError for anything else."""
    plain = "".join(unicodedata.normalize("NFKC", text[:40]).split()).removeprefix("农历").removeprefix("農曆")
    plain = plain.removeprefix("阴历").removeprefix("旧历")
    if match := _NUMBERS.fullmatch(plain):
        month, day = int(match["m"]), int(match["d"])
    elif match := _WORDS.fullmatch(plain):
        month, day = _month_number(match["m"].replace("臘", "腊")), _day_number(match["d"])
    else:
        raise ValueError(text)
    if not (1 <= month <= 12 and 1 <= day <= 30):
        raise ValueError(text)
    return LunarDay(month, day, bool(match["leap"]))


def _month_number(name: str) -> int:
    return _MORE_MONTHS.get(name) or _MONTHS.find(name) + 1


def _day_number(name: str) -> int:
    for number in range(1, 31):
        if name in (_day_name(number), _day_name(number).replace("廿", "二十"), {20: "廿", 30: "卅"}.get(number)):
            return number
    return 0


def _day_name(day: int) -> str:
    if day in (10, 20, 30):
        return {10: "初十", 20: "二十", 30: "三十"}[day]
    tens, ones = divmod(day, 10)
    return "初十廿"[tens] + "一二三四五六七八九"[ones - 1]
