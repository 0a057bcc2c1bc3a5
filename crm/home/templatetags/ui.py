"""What templates need to look right: icons, faces, money, relative times, addresses with one parameter changed."""

from __future__ import annotations

import secrets
from decimal import Decimal
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from crm.entities.lines import when
from crm.entities.moulds import fill, mould
from crm.lib import money as moneys
from crm.lib.looks import bare_url, exact_time, hue, initial, relative_time, safe_url, tel

register = template.Library()
for shared in (bare_url, exact_time, hue, initial, relative_time, safe_url, tel):
    register.filter(shared)
register.simple_tag(when)


@register.simple_tag
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """A Tabler outline icon of the sprite; sizes "s", "", "l", "xl". With a ``label`` it is read aloud, else it is decoration."""
    return _filled("components/icon.html", name=name, size=size, label=label)


@register.simple_tag
def avatar(name: object, shape: str = "", title: str = "") -> SafeString:
    """A face for a person; shape "sq" for an organisation, "s" small, "l" large, joined by spaces."""
    return _filled("components/avatar.html", letter=initial(name), hue=hue(name), shape=shape, title=title)


def _filled(template: str, **values: object) -> SafeString:
    texts = {name: str(value) for name, value in values.items() if value or value == 0}
    return fill(mould(template, tuple(texts)), texts)


@register.filter
def money(amount: Decimal | int | None, currency: str = "CNY") -> str:
    """¥1,234,567.00; empty when there is no amount."""
    return "" if amount is None or amount == "" else moneys.format_money(Decimal(amount), currency or "CNY")


@register.filter
def short_money(amount: Decimal | int | None, currency: str = "CNY") -> str:
    """¥123.5 万 or ¥1.24M, as the reader's language counts; empty when there is no amount."""
    return (
        ""
        if amount is None or amount == ""
        else moneys.short_money(Decimal(amount), currency or "CNY", get_language() or "zh-hans")
    )


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
def undo_url(message: Message) -> str:
    """The address that undoes what a message tells: put as ``extra_tags="undo=/records/undo/5/"``; own addresses only."""
    tags = (message.extra_tags or "").split() if hasattr(message, "extra_tags") else []
    url = next((tag.removeprefix("undo=") for tag in tags if tag.startswith("undo=")), "")
    return url if url_has_allowed_host_and_scheme(url, allowed_hosts=None) and url.startswith("/") else ""
