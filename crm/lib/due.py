"""When a follow-up note says something is due: “下周三前”, “in 3 days”, “11月30日”."""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

from .folding import fold

_NUMERALS = {
    "一": 1,
    "二": 2,
    "两": 2,
    "俩": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "十": 10,
    "半": 0,
}
_WEEKDAYS = {
    "一": 0,
    "二": 1,
    "三": 2,
    "四": 3,
    "五": 4,
    "六": 5,
    "日": 6,
    "天": 6,
    "1": 0,
    "2": 1,
    "3": 2,
    "4": 3,
    "5": 4,
    "6": 5,
    "7": 6,
}
_ENGLISH_DAYS = {
    name: number for number, name in enumerate("monday tuesday wednesday thursday friday saturday sunday".split())
}
_ENGLISH_NUMBERS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "ten": 10,
}
_MONTHS = {
    name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)
}
_COUNT = r"(?P<n>\d{1,3}|[一二两三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九])"
_EN_COUNT = r"(?P<n>\d{1,3}|an?|one|two|three|four|five|six|seven|ten)"


def due_phrase(text: str, today: date) -> date | None:
    """The first day that the note names, counted from ``today``; None when it names none.

    A day and month without year is the next such day. Weeks begin on Monday: 下周三 is the Wednesday of
    the next calendar week, “next Wednesday” too; a bare 周三 or “Wednesday” is the next one to come.
    """
    plain = fold(text[:5000])
    found: list[tuple[int, int, date]] = []
    for pattern, rule in _RULES:
        for match in pattern.finditer(plain):
            day = _day(rule, match, today)
            if day is not None:
                found.append((match.start(), -match.end(), day))
                break
    return min(found)[2] if found else None


def _day(rule: Callable[[re.Match[str], date], date], match: re.Match[str], today: date) -> date | None:
    """The day by the rule; None when there is no such day (31 February, year 9999)."""
    try:
        day = rule(match, today)
    except (ValueError, OverflowError):
        return None
    return day if 1900 <= day.year <= 2200 else None


def _number(word: str) -> int:
    """3, 三, 十二, 二十一, “two”."""
    if word.isdigit():
        return int(word)
    if word in _ENGLISH_NUMBERS:
        return _ENGLISH_NUMBERS[word]
    tens, ten, ones = word.rpartition("十")
    return (_NUMERALS.get(tens, 1) * 10 if ten else 0) + (_NUMERALS.get(ones, 0))


def _in_month(today: date, months: int, day: int | None = None) -> date:
    """The day of the month so many months on; None means its last; too late a day becomes the last."""
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, last if day is None else min(day, last))


def _this_week(today: date, weekday: int, weeks: int = 0) -> date:
    return today - timedelta(days=today.weekday()) + timedelta(days=weekday, weeks=weeks)


def _coming(today: date, weekday: int) -> date:
    """The next such weekday, today excluded."""
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def _chinese_weekday(match: re.Match[str], today: date) -> date:
    prefix, weekday = match["p"] or "", _WEEKDAYS[match["d"]]
    if "下" in prefix:
        return _this_week(today, weekday, prefix.count("下"))
    return _this_week(today, weekday) if prefix else _coming(today, weekday)


def _english_weekday(match: re.Match[str], today: date) -> date:
    weekday = _ENGLISH_DAYS[match["d"]]
    if match["p"] == "next":
        return _this_week(today, weekday, 1)
    return _this_week(today, weekday) if match["p"] == "this" else _coming(today, weekday)


def _later(match: re.Match[str], today: date) -> date:
    """3天后, 两周后, in 2 months."""
    count, unit = _number(match["n"]), match["u"]
    if unit.startswith(("天", "日", "day")):
        return today + timedelta(days=count)
    if unit.startswith(("周", "星期", "礼拜", "week")):
        return today + timedelta(weeks=count)
    return _in_month(today, count * (12 if unit.startswith(("年", "year")) else 1), today.day)


def _month_and_day(match: re.Match[str], today: date) -> date:
    """11月30日: this year's, or the next year's when it is over."""
    month = _MONTHS[match["m"][:3]] if match["m"].isalpha() else int(match["m"])
    return _next_such_day(today, month, int(match["d"]))


def _next_such_day(today: date, month: int, day: int) -> date:
    this_year = date(today.year, month, day)
    return this_year if this_year >= today else date(today.year + 1, month, day)


def _day_of_month(match: re.Match[str], today: date) -> date:
    """15号 and 下月15号."""
    day = int(match["d"])
    if not 1 <= day <= 31:
        raise ValueError("no such day")
    if match["p"]:
        return _in_month(today, 1 if "下" in match["p"] else 0, day)
    return _in_month(today, 0 if day >= today.day else 1, day)


def _whole(match: re.Match[str], today: date) -> date:
    return date(int(match["y"]), int(match["m"]), int(match["d"]))


def _quarter_end(today: date, quarters: int = 0) -> date:
    return _in_month(today, 2 - (today.month - 1) % 3 + 3 * quarters)


def _days(count: int) -> Callable[[re.Match[str], date], date]:
    return lambda match, today: today + timedelta(days=count)


_RULES: list[tuple[re.Pattern[str], Callable[[re.Match[str], date], date]]] = [
    (re.compile(pattern, re.ASCII), rule)
    for pattern, rule in (
        (r"(?<!\d)(?P<y>\d{4})\s*[-/.年]\s*(?P<m>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})(?!\d)", _whole),
        (r"(?<![\d年])(?P<m>\d{1,2})\s*月\s*(?P<d>\d{1,2})(?!\d)\s*[日号]?", _month_and_day),
        (
            r"\b(?P<m>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?\b",
            _month_and_day,
        ),
        (
            r"\b(?P<d>\d{1,2})(?:st|nd|rd|th)?\s+(?P<m>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b",
            _month_and_day,
        ),
        (r"(?:(?P<p>(?:下个?|本|这个?)月)\s*|(?<![\d月]))(?P<d>\d{1,2})\s*号(?![楼线店门])", _day_of_month),
        (r"大后天", _days(3)),
        (r"(?<!大)后天|\bday after tomorrow\b", _days(2)),
        (r"明[天日早晚]|\btomorrow\b", _days(1)),
        (r"今[天日晚]|\btoday\b|\btonight\b", _days(0)),
        (
            r"(?P<p>下+个?|本|这个?)?(?<![每上])(?:周|星期|礼拜)(?P<d>[一二三四五六日天1-7])(?![\d个天家年月])",
            _chinese_weekday,
        ),
        (
            r"(?<!every )(?<!last )\b(?:(?P<p>next|this|on|by|coming)\s+)?(?P<d>monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b",
            _english_weekday,
        ),
        (_COUNT + r"\s*个?(?P<u>天|日|周|星期|礼拜|月|年)(?:之|以)?[后内]", _later),
        (r"\b(?:in|within)\s+" + _EN_COUNT + r"\s+(?P<u>day|week|month|year)s?\b", _later),
        (r"\b" + _EN_COUNT + r"\s+(?P<u>day|week|month|year)s?\s+(?:later|from now)\b", _later),
        (r"半个?月(?:之|以)?[后内]", _days(15)),
        (r"下个?月底|\bend of next month\b", lambda match, today: _in_month(today, 1)),
        (
            r"(?<!个)(?<!下)月[底末]|\bend of (?:the |this )?month\b|\bmonth end\b",
            lambda match, today: _in_month(today, 0),
        ),
        (r"下个?季度末", lambda match, today: _quarter_end(today, 1)),
        (r"(?<!下)(?<!个)季度?[末底]|\bend of (?:the |this )?quarter\b", lambda match, today: _quarter_end(today)),
        (r"年[底末]|\bend of (?:the |this )?year\b|\byear end\b", lambda match, today: date(today.year, 12, 31)),
        (r"(?<!下)周末|\bthis weekend\b", lambda match, today: _this_week(today, 5)),
        (r"下(?:个)?(?:周|星期)(?![一二三四五六日天1-7])|\bnext week\b", lambda match, today: _this_week(today, 0, 1)),
        (r"下个?月(?![底末初]|\s*\d)|\bnext month\b", lambda match, today: _in_month(today, 1, 1)),
        (r"下个?月初", lambda match, today: _in_month(today, 1, 1)),
    )
]
