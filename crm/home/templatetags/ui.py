"""What templates need to look right: icons, faces, money, relative times, addresses with one parameter changed."""

from __future__ import annotations

import datetime
import re
import secrets
import unicodedata
import zlib
from decimal import Decimal
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm.lib import money as moneys

register = template.Library()

HUES = 8


@register.inclusion_tag("components/icon.html")
def icon(name: str, size: str = "", label: str = "") -> dict[str, str]:
    """A Tabler outline icon of the sprite; sizes "s", "", "l", "xl". With a ``label`` it is read aloud, else it is decoration."""
    return {"name": name, "size": size, "label": label}


@register.filter
def hue(name: object) -> int:
    """The colour number (0–7) of a name: the same name has the same colour everywhere."""
    return zlib.crc32(str(name).encode("utf-8", "replace")) % HUES


@register.filter
def initial(name: object) -> str:
    """The sign a face shows: the first letter or Han character of a name."""
    return next((c.upper() for c in str(name) if unicodedata.category(c)[0] in "LN"), "·")


@register.inclusion_tag("components/avatar.html")
def avatar(name: object, shape: str = "", title: str = "") -> dict[str, Any]:
    """A face for a person; shape "sq" for an organisation, "s" small, "l" large, joined by spaces."""
    return {"letter": initial(name), "hue": hue(name), "shape": shape, "title": title}


@register.filter
def money(amount: Decimal | int | None, currency: str = "CNY") -> str:
    """¥1,234,567.00; empty when there is no amount."""
    return "" if amount is None or amount == "" else moneys.format_money(Decimal(amount), currency or "CNY")


@register.filter
def money_of(amount: Decimal | int | None, record: Any) -> str:
    """The amount in the currency that the record carries beside it."""
    return money(amount, str(getattr(record, "currency", "") or "CNY"))


@register.filter
def short_money(amount: Decimal | int | None, currency: str = "CNY") -> str:
    """¥123.5 万 or ¥1.24M, as the reader's language counts; empty when there is no amount."""
    return (
        ""
        if amount is None or amount == ""
        else moneys.short_money(Decimal(amount), currency or "CNY", get_language() or "zh-hans")
    )


@register.filter
def relative_time(value: datetime.datetime | datetime.date | None, now: datetime.datetime | None = None) -> str:
    """“10:12” today, “yesterday”, “3 days ago”, “in 2 days”, else the date."""
    if not value:
        return ""
    now = timezone.localtime(now)
    moment = timezone.localtime(value) if isinstance(value, datetime.datetime) else None
    day = moment.date() if moment else value
    days = (day - now.date()).days
    if days == 0:
        return _("today %(time)s") % {"time": moment.strftime("%H:%M")} if moment else _("today")
    if days in (-1, 1):
        return _("yesterday") if days < 0 else _("tomorrow")
    if -30 < days < 0:
        return _("%(days)s days ago") % {"days": -days}
    if 0 < days < 30:
        return _("in %(days)s days") % {"days": days}
    day_format = "n月j日" if (get_language() or "").startswith("zh") else "M j"
    return date_format(day, day_format) if day.year == now.year else day.isoformat()


@register.filter
def exact_time(value: datetime.datetime | datetime.date | None) -> str:
    """2026-11-22 10:12, or 2026-11-22 for a day."""
    if not value:
        return ""
    return (
        timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
        if isinstance(value, datetime.datetime)
        else value.isoformat()
    )


@register.inclusion_tag("components/when.html")
def when(value: datetime.datetime | datetime.date | None, state: str = "") -> dict[str, Any]:
    """A <time>: relative words, the exact moment on hover; ``state`` is a class such as "seal" or "amber"."""
    return {
        "value": value,
        "text": relative_time(value),
        "exact": exact_time(value),
        "iso": value.isoformat() if value else "",
        "state": state,
    }


@register.simple_tag
def url_with(request: HttpRequest, **changes: Any) -> str:
    """The present address with parameters set (``page=2``), or removed where the value is None or empty."""
    query = request.GET.copy()
    for key, value in changes.items():
        query.pop(key, None)
        if isinstance(value, list | tuple):
            query.setlist(key, [str(v) for v in value])
        elif value not in (None, ""):
            query[key] = str(value)
    return f"{request.path}?{query.urlencode()}" if query else request.path


@register.simple_tag
def unique_id(prefix: str = "u") -> str:
    """An element id that no other piece of the page has; for menus and their buttons."""
    return f"{prefix}-{secrets.token_hex(4)}"


@register.filter
def choice_colour(field: Any, value: Any) -> str:
    """The named colour (``teal``, ``red``, …) of a choice: ``colours = {value: name}`` on the field or its column."""
    colours = getattr(field, "colours", None) or getattr(getattr(field, "source", None), "colours", None) or {}
    return str(colours.get(value, "")) if isinstance(colours, dict) else ""


@register.filter
def undo_url(message: Message) -> str:
    """The address that undoes what a message tells: put as ``extra_tags="undo=/records/undo/5/"``; own addresses only."""
    tags = (message.extra_tags or "").split() if hasattr(message, "extra_tags") else []
    url = next((tag.removeprefix("undo=") for tag in tags if tag.startswith("undo=")), "")
    return url if url_has_allowed_host_and_scheme(url, allowed_hosts=None) and url.startswith("/") else ""


@register.filter
def bare_url(url: object) -> str:
    """A web address without what everybody knows: ``example.com/about``."""
    return re.sub(r"^https?://(www\.)?", "", str(url or ""), flags=re.IGNORECASE).rstrip("/")


@register.filter
def tel(number: object) -> str:
    """A number as a tel: link wants it: digits with the leading plus."""
    text = unicodedata.normalize("NFKC", str(number))
    return ("+" if text.strip().startswith("+") else "") + "".join(c for c in text if c.isascii() and c.isdigit())


@register.filter
def safe_url(url: object) -> str:
    """A web address people typed, as a link: http(s) only, else empty."""
    text = str(url or "").strip()
    if text.lower().startswith(("http://", "https://")):
        return text
    return "" if ":" in text.split("/")[0] or not text else f"https://{text}"
