"""What a number format makes of a number, as text."""

import re
from datetime import date, timedelta
from decimal import Decimal

from .parsing import BadWorkbook

# Formats that Chinese Excel and WPS use without writing them down.
_CHINESE_DATES = {*range(27, 32), 36, *range(50, 55), 57, 58}
_CHINESE_TIMES = {32, 33, 34, 35, 55, 56}
BUILT_IN = {
    9: "0%",
    10: "0.00%",
    14: "y/m/d",
    15: "d-m-y",
    16: "d-m",
    17: "m-y",
    18: "h:m",
    19: "h:m:s",
    20: "h:m",
    21: "h:m:s",
}
BUILT_IN |= {22: "y/m/d h:m", 45: "m:s", 46: "[h]:m:s", 47: "m:s"}
BUILT_IN |= dict.fromkeys(_CHINESE_DATES, "y/m/d") | dict.fromkeys(_CHINESE_TIMES, "h:m")
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)


class Kind:
    """What a number format makes of a number."""

    __slots__ = ("day", "elapsed", "percent", "time", "width")

    def __init__(
        self, *, day: bool = False, time: bool = False, elapsed: bool = False, percent: bool = False, width: int = 0
    ) -> None:
        self.day, self.time, self.elapsed, self.percent, self.width = day, time, elapsed, percent, width


PLAIN = Kind()


def kind_of(code: str) -> Kind:
    """The kind of a format code such as ``0.00%``, ``yyyy"年"m"月"d"日"``, ``000000``."""
    bare = _LITERAL.sub("", code.split(";")[0]).lower()
    if "general" in bare or not bare:
        return PLAIN
    if re.search(r"\[[hms]+\]", bare):
        return Kind(elapsed=True)
    hours = bool(re.search("[hs]", bare))
    day = bool(re.search("[yd]", bare)) or ("m" in bare and not hours)
    if day or hours:
        return Kind(day=day, time=hours)
    if "%" in bare:
        return Kind(percent=True)
    return Kind(width=len(bare)) if re.fullmatch("0{2,}", bare) else PLAIN


def shown_number(raw: str, kind: Kind, epoch_1904: bool) -> str:
    """The number without exponent and rounding noise; per cent, dates and padded zeros as shown."""
    raw = raw.strip()
    if raw.isdigit() and not (kind.day or kind.time or kind.elapsed or kind.percent):
        return raw.zfill(kind.width)
    number = float(raw)
    if number != number or number in {float("inf"), float("-inf")}:
        raise BadWorkbook("broken")
    if kind.day or kind.time or kind.elapsed:
        return shown_moment(number, kind, epoch_1904)
    return f"{digits(number * 100)}%" if kind.percent else digits(number)


def digits(number: float) -> str:
    """Up to 15 significant digits, as spreadsheets keep them, never with an exponent."""
    text = format(number, ".15g")
    if "e" in text:
        text = format(Decimal(text), "f")
    return "0" if text == "-0" else text


def shown_moment(number: float, kind: Kind, epoch_1904: bool) -> str:
    """ISO text of a day count; a number that is no day stays a number."""
    seconds = round(number * 86400)
    if kind.elapsed or (kind.time and not kind.day and 0 <= number < 1):
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if not 0 < number < 2958466:
        return digits(number)
    # Day 60 is 29 February 1900, which never was.
    first = date(1904, 1, 1) if epoch_1904 else date(1899, 12, 31 if number < 60 else 30)
    days, rest = divmod(seconds, 86400)
    day = (first + timedelta(days=days)).isoformat()
    return f"{day} {rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}" if rest else day
