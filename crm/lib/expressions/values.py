"""How values become texts, and days are moved."""

from __future__ import annotations

import calendar
import datetime
import re
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from crm.lib.expressions.errors import Failed
from crm.lib.expressions.types import ARITHMETIC, Env, bounded_day, bounded_text

# Wide enough for every number that can be reckoned with, at every place.
_EXACT = Context(prec=100)
NUMBER_FORMAT = re.compile(r"(#,##)?0(\.0{1,8})?(%)?")
DAY_FORMAT = re.compile(r"(?:YYYY|MM|DD|HH|mm|M|D|[-/. :年月日时分])+")
_DAY_PART = re.compile("YYYY|MM|DD|HH|mm|M|D")


def as_text(value: Any, env: Env) -> str:
    """Any value as text: nothing is the empty text, a number has no needless zeros."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, datetime.datetime):
        return value.astimezone(env.zone).strftime("%Y-%m-%d %H:%M")
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def plain_number(number: Decimal) -> str:
    """Without an exponent and without zeros at its end."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else bounded_text(text)


def formatted(value: Any, pattern: str, env: Env) -> str:
    """A number as “#,##0.00” says, a day as “YYYY-MM-DD” says; nothing stays nothing."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return _number(value, pattern)
    moment = value.astimezone(env.zone) if isinstance(value, datetime.datetime) else value
    hour, minute = getattr(moment, "hour", 0), getattr(moment, "minute", 0)
    parts = {"YYYY": f"{moment.year:04}", "MM": f"{moment.month:02}", "DD": f"{moment.day:02}"}
    parts |= {"M": str(moment.month), "D": str(moment.day), "HH": f"{hour:02}", "mm": f"{minute:02}"}
    return _DAY_PART.sub(lambda found: parts[found.group()], pattern)


def _number(value: Decimal, pattern: str) -> str:
    found = NUMBER_FORMAT.fullmatch(pattern)
    assert found is not None  # checked when the formula was defined
    grouped, decimals, percent = found.groups()
    places = len(decimals) - 1 if decimals else 0
    number = rounded(ARITHMETIC.multiply(value, Decimal(100)) if percent else value, places)
    text = f"{number:,f}" if grouped else f"{number:f}"
    return text + (percent or "")


def rounded(value: Decimal, places: int) -> Decimal:
    """Half up, away from zero; never a minus zero."""
    if value.adjusted() > 30:
        raise Failed
    found = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _EXACT)
    return found.copy_abs() if found.is_zero() else found


def integral(value: Decimal, rounding: str) -> Decimal:
    """The whole number on one side of it; never a minus zero."""
    found = value.to_integral_value(rounding, _EXACT)
    return found.copy_abs() if found.is_zero() else found


def day_of(value: Any, env: Env) -> datetime.date:
    """The day of a day or a moment, as the clock on the wall says."""
    if isinstance(value, datetime.datetime):
        return value.astimezone(env.zone).date()
    found: datetime.date = value
    return found


def moved(value: Any, days: int) -> Any:
    """A day or moment so many days later."""
    try:
        found = value + datetime.timedelta(days=days)
    except OverflowError as error:
        raise Failed from error
    bounded_day(found)
    return found


def months_later(value: Any, months: int) -> Any:
    """The same day so many months later, the last of the month where there is no such day."""
    number = value.year * 12 + value.month - 1 + months
    year, month = number // 12, number % 12 + 1
    if not 1 <= year <= 9998:
        raise Failed
    day = min(value.day, calendar.monthrange(year, month)[1])
    found = value.replace(year=year, month=month, day=day)
    bounded_day(found)
    return found
