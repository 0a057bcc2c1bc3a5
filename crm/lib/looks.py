"""How things look in words and signs: faces, relative times, telephone and web links. Templates have them as filters."""

from __future__ import annotations

import datetime
import re
import unicodedata
import zlib
from functools import lru_cache

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

HUES = 8


@lru_cache(maxsize=4096)
def _hue(name: str) -> int:
    return zlib.crc32(name.encode("utf-8", "replace")) % HUES


def hue(name: object) -> int:
    """The colour number (0–7) of a name: the same name has the same colour everywhere."""
    return _hue(str(name))


def initial(name: object) -> str:
    """The sign a face shows: the first letter or Han character of a name."""
    return next((c.upper() for c in str(name) if unicodedata.category(c)[0] in "LN"), "·")


def relative_time(value: datetime.datetime | datetime.date | None, now: datetime.datetime | None = None) -> str:
    """“10:12” today, “yesterday”, “3 days ago”, “in 2 days”, else the date."""
    if not value:
        return ""
    there = timezone.localtime(value) if isinstance(value, datetime.datetime) else value
    return relative(there, timezone.localtime(now).date(), get_language())


def relative(there: datetime.datetime | datetime.date, today: datetime.date, language: str | None) -> str:
    """The same for who knows it all already: a local time or a day, the day that it is, the active language."""
    if not isinstance(there, datetime.datetime):
        return _day(there, today, language)
    day = there.date()
    return _("today %(time)s") % {"time": there.strftime("%H:%M")} if day == today else _day(day, today, language)


@lru_cache(maxsize=4096)
def _day(day: datetime.date, today: datetime.date, language: str | None) -> str:
    """A day as seen from another one, in the active language, which is given to tell the answers kept apart."""
    days = (day - today).days
    if days == 0:
        return _("today")
    if days in (-1, 1):
        return _("yesterday") if days < 0 else _("tomorrow")
    if -30 < days < 0:
        return _("%(days)s days ago") % {"days": -days}
    if 0 < days < 30:
        return _("in %(days)s days") % {"days": days}
    day_format = "n月j日" if (language or "").startswith("zh") else "M j"
    return date_format(day, day_format) if day.year == today.year else day.isoformat()


def exact_time(value: datetime.datetime | datetime.date | None) -> str:
    """2026-11-22 10:12, or 2026-11-22 for a day."""
    if not value:
        return ""
    return exact(timezone.localtime(value) if isinstance(value, datetime.datetime) else value)


def exact(there: datetime.datetime | datetime.date) -> str:
    """The same of a time that is local already."""
    return there.isoformat(" ", "minutes")[:16] if isinstance(there, datetime.datetime) else there.isoformat()


def bare_url(url: object) -> str:
    """A web address without what everybody knows: ``example.com/about``."""
    return re.sub(r"^https?://(www\.)?", "", str(url or ""), flags=re.IGNORECASE).rstrip("/")


def tel(number: object) -> str:
    """A number as a tel: link wants it: digits with the leading plus."""
    text = unicodedata.normalize("NFKC", str(number))
    return ("+" if text.strip().startswith("+") else "") + "".join(c for c in text if c.isascii() and c.isdigit())


def safe_url(url: object) -> str:
    """A web address people typed, as a link: http(s) only, else empty."""
    text = str(url or "").strip()
    if text.lower().startswith(("http://", "https://")):
        return text
    return "" if ":" in text.split("/")[0] or not text else f"https://{text}"
