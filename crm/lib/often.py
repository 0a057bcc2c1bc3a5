"""How often an address may ask: for pages that anybody with a link may open."""

from __future__ import annotations

from django.core.cache import cache
from django.http import HttpRequest

from crm.lib.http import client_address


def too_often(what: str, request: HttpRequest, most: int, seconds: int = 60) -> bool:
    """Whether the address has asked for ``what`` more than ``most`` times within so many seconds; counts this time, too."""
    key = f"often.{what}:{client_address(request)}"
    cache.add(key, 0, seconds)
    try:
        return cache.incr(key) > most
    except ValueError:  # gone in between
        return False
