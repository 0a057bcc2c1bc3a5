"""Dates, times, numbers and yes/no as people write them in files and forms; years 1900 to 2200."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _

from .due import due_phrase

__all__ = [
    "ORDERS",
    "decide_date_order",
    "due_phrase",
    "parse_boolean",
    "parse_date",
    "parse_datetime",
    "parse_number",
    "parse_percent",
]

ORDERS = ("YMD", "DMY", "MDY")
FIRST_YEAR, LAST_YEAR = 1900, 2200
_LONGEST = 64
_EXCEL_EPOCH = date(1899, 12, 30)

_MONTHS = {
    name: number
    for number, names in enumerate(
        "jan january|feb february|mar march|apr april|may|jun june|jul july|aug august|sep sept september|oct october|nov november|dec december".split(
            "|"
        ),
        start=1,
    )
    for name in names.split()
}
_CHINESE = re.compile(r"(?P<y>\d{4}|\d{2})\s*年\s*(?P<m>\d{1,2})\s*月\s*(?P<d>\d{1,2})\s*[日号]?", re.ASCII)
_COMPACT = re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})", re.ASCII)
_YEAR_FIRST = re.compile(r"(?P<y>\d{4})\s?(?P<s>[-/.])\s?(?P<m>\d{1,2})\s?(?P=s)\s?(?P<d>\d{1,2})", re.ASCII)
_THREE = re.compile(r"(\d{1,4})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{1,4})", re.ASCII)
_NAMED = re.compile(
    r"(?:(?P<d1>\d{1,2})(?:st|nd|rd|th)?[\s\-/]+(?P<m1>[a-z]{3,9})\.?|(?P<m2>[a-z]{3,9})\.?\s+(?P<d2>\d{1,2})(?:st|nd|rd|th)?),?[\s\-/]+(?P<y>\d{4})",
    re.ASCII,
)
_WEEKDAY = re.compile(r"[\s,(]*(?:星期|周|礼拜)[一二三四五六日天]\)?\s*")
_TIME = re.compile(
    r"(?:[t\s]|(?<=[日号]))\s*(?P<half>上午|下午|中午|晚上|早上|凌晨)?\s*(?P<h>\d{1,2})\s*[:时点]\s*(?P<i>\d{1,2})?分?(?::?(?P<s>\d{1,2})秒?(?:[.,]\d{1,9})?)?\s*(?P<ampm>[ap]m)?"
    r"\s*(?P<zone>z|utc|gmt|[+-]\d{2}:?\d{2})?$",
    re.ASCII | re.IGNORECASE,
)
_YES = frozenset("是 有 对 真 yes y true t 1 on √ ✓ ✔ ☑ 已 ok".split())
_NO = frozenset("否 无 没有 不是 不 假 no n false f 0 off × ✗ ✘ ☐ 未".split())
_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:[, ']\d{3})+)?(?:\.\d*)?(?:e[+-]?\d{1,2})?", re.ASCII | re.IGNORECASE)


def parse_date(text: str, order: str | None = None, *, serials: bool = False) -> date:
    """The day that the text names; a time after it is ignored.

    ``order`` (YMD, DMY, MDY) decides 01-03-17; without it such text is refused. ``serials`` reads whole
    numbers as Excel's day counts. ValueError when it is no date, has no year, or lies outside 1900–2200.
    """
    return _day(_split_time(text)[0], order, serials, text)


def parse_datetime(text: str, tz: tzinfo, order: str | None = None, *, serials: bool = False) -> datetime:
    """An aware moment; a text without a time is the start of its day, one without a zone is in ``tz``."""
    plain = _plain(text)
    if serials and re.fullmatch(r"\d{1,6}\.\d+", plain, re.ASCII):
        return _serial_moment(plain, tz, text)
    plain, found = _split_time(text)
    day = _day(plain, order, serials, text)
    if found is None:
        return datetime.combine(day, time(), tz)
    hour, minute, second = int(found["h"]), int(found["i"] or 0), int(found["s"] or 0)
    half = (found["half"] or found["ampm"] or "").lower()
    if half in {"下午", "晚上", "pm"} and hour < 12:
        hour += 12
    elif half == "am" and hour == 12:
        hour = 0
    try:
        moment = time(hour, minute, second)
    except ValueError:
        raise _no_date(text) from None
    return datetime.combine(day, moment, _zone(found["zone"]) or tz)


def decide_date_order(values: Iterable[str]) -> tuple[str | None, bool]:
    """(order, ambiguous) of a whole column: which order reads every value as a date.

    The order is None when no value needs one, or when none reads them (then ambiguous is True). Of several
    that do, the one whose dates lie closest together is taken; it is ambiguous unless the others scatter
    over far more years (20-10-16 … 25-10-16 is one week of 2016, hardly 2020 to 2025).
    """
    parts = [match.groups() for value in set(values) if (match := _ambiguous(value))]
    if not parts:
        return None, False
    read = {order: _days_in_order(parts, order) for order in ORDERS}
    # A tenth of a per cent of slips of the pen does not turn the column.
    tolerated = len(parts) // 1000
    possible = [order for order in ORDERS if len(parts) - len(read[order]) <= tolerated]
    if not possible:
        return None, True
    near = 4 * min(_span(read[order]) for order in possible) + 366
    possible = [order for order in possible if _span(read[order]) <= near]
    best = min(possible, key=lambda order: (-len(read[order]), _span(read[order])))
    return best, any(len(read[order]) == len(read[best]) and read[order] != read[best] for order in possible)


def parse_number(text: str) -> Decimal:
    """A number with or without grouping (``1,234.5``, ``1.2e5``); at most 30 digits, else ValueError."""
    plain = _plain(text).replace("−", "-")
    digits = sum(character.isdigit() for character in plain)
    if not 0 < digits <= 30 or not _NUMBER.fullmatch(plain):
        raise ValueError(_("%(text)s is not a number.") % {"text": text[:_LONGEST]})
    number = Decimal(re.sub("[, ']", "", plain))
    if abs(number) >= Decimal(10) ** 30:
        raise ValueError(_("%(text)s is too large a number.") % {"text": text[:_LONGEST]})
    return number if number else Decimal(0)


def parse_percent(text: str) -> Decimal:
    """``12.5%`` and ``12.5`` → 12.5; ``百分之十二`` is not read. ValueError when it is no number."""
    return parse_number(_plain(text).removesuffix("%").removesuffix("％"))


def parse_boolean(text: str) -> bool:
    """是/否, yes/no, true/false, 1/0, √/×. ValueError for anything else."""
    word = _plain(text).removesuffix(".0")
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError(_("%(text)s is neither yes nor no.") % {"text": text[:_LONGEST]})


def _plain(text: str) -> str:
    """Half width, lower case, trimmed; too long a text becomes one that nothing matches."""
    if len(text) > _LONGEST:
        return "…"
    return text.strip().lower() if text.isascii() else unicodedata.normalize("NFKC", text).strip().lower()


def _day(plain: str, order: str | None, serials: bool, text: str) -> date:
    """The date of a text without a time."""
    for pattern in (_YEAR_FIRST, _CHINESE, _COMPACT):
        if match := pattern.fullmatch(plain):
            return _made(match["y"], match["m"], match["d"], text)
    if match := _NAMED.fullmatch(plain):
        month = _MONTHS.get(match["m1"] or match["m2"])
        return _made(match["y"], str(month or 0), match["d1"] or match["d2"], text)
    if match := _THREE.fullmatch(plain):
        return _in_order(match, order, text)
    if serials and re.fullmatch(r"\d{1,6}(?:\.\d+)?", plain, re.ASCII):
        return _bounded(_EXCEL_EPOCH + timedelta(days=int(plain.partition(".")[0])), text)
    if re.fullmatch(r"\d{1,2}\s*(?:月\s*\d{1,2}\s*[日号]?|[-/]\s*\d{1,2})", plain, re.ASCII):
        raise ValueError(_("%(text)s has no year. Write the whole date like 2025-03-01.") % {"text": text[:_LONGEST]})
    raise _no_date(text)


def _in_order(match: re.Match[str], order: str | None, text: str) -> date:
    """01-03-17 by the order that was decided; a day above 12 alone does not decide."""
    first, _separator, second, third = match.groups()
    if order is None:
        raise ValueError(
            _("%(text)s can be read in several ways. Choose the order of day, month and year.")
            % {"text": text[:_LONGEST]}
        )
    if order not in ORDERS:
        raise ValueError(f"Unknown order of a date: {order!r}")
    named = dict(zip(order, (first, second, third), strict=True))
    return _made(named["Y"], named["M"], named["D"], text)


def _made(year: str, month: str, day: str, text: str) -> date:
    """The date of these digits, or ValueError naming the text."""
    found = _calendar_day(year, month, day)
    if found is None:
        raise _no_date(text) if int(year) >= FIRST_YEAR or len(year) < 4 else _outside(text)
    return _bounded(found, text)


def _calendar_day(year: str, month: str, day: str) -> date | None:
    """The date if there is such a day; two-digit years up to 69 are 20xx, others 19xx."""
    if len(year) not in (2, 4) or len(month) > 2 or len(day) > 2:
        return None
    full = int(year) + (0 if len(year) == 4 else 2000 if int(year) < 70 else 1900)
    try:
        return date(full, int(month), int(day))
    except ValueError:
        return None


def _bounded(day: date, text: str) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise _outside(text)
    return day


def _outside(text: str) -> ValueError:
    return ValueError(_("%(text)s lies outside the years 1900 to 2200.") % {"text": text[:_LONGEST]})


def _no_date(text: str) -> ValueError:
    return ValueError(_("%(text)s is not a date. Write it like 2025-03-01.") % {"text": text[:_LONGEST]})


def _ambiguous(value: str) -> re.Match[str] | None:
    """The three numbers of a date that needs an order; None for others, also for year-first dates."""
    plain, _found = _split_time(value)
    return None if _YEAR_FIRST.fullmatch(plain) else _THREE.fullmatch(plain)


def _days_in_order(parts: list[tuple[str, ...]], order: str) -> list[date]:
    """The dates of those parts that are dates in this order."""
    year, month, day = (order.index(letter) for letter in "YMD")
    numbers = ((first, second, third) for first, _separator, second, third in parts)
    days = (_calendar_day(three[year], three[month], three[day]) for three in numbers)
    return [found for found in days if found and FIRST_YEAR <= found.year <= LAST_YEAR]


def _span(days: list[date]) -> int:
    """The days between the dates, a few outliers on each side left out."""
    ordered = sorted(days)
    outliers = len(ordered) // 50
    return (ordered[-1 - outliers] - ordered[outliers]).days if ordered else 0


def _split_time(text: str) -> tuple[str, re.Match[str] | None]:
    """The text of the day, and the match of the time after it."""
    plain = _plain(text)
    if not plain.isascii():
        plain = _WEEKDAY.sub(" ", plain)
    found = _TIME.search(plain)
    return (plain[: found.start()] if found else plain).strip().rstrip(","), found


def _zone(written: str | None) -> tzinfo | None:
    """The zone of Z, UTC or +08:00."""
    if not written:
        return None
    return datetime.fromisoformat(
        f"2000-01-01T00:00:00{'+00:00' if written.lower() in {'z', 'utc', 'gmt'} else written}"
    ).tzinfo


def _serial_moment(plain: str, tz: tzinfo, text: str) -> datetime:
    """Excel's day count with a fraction of a day, to the second."""
    whole, _point, fraction = plain.partition(".")
    day = _bounded(_EXCEL_EPOCH + timedelta(days=int(whole)), text)
    seconds = (Decimal(f"0.{fraction}") * 86400).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return datetime.combine(day, time(), tz) + timedelta(seconds=int(seconds))
