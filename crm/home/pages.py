"""Pages beside those of entities that stand in the navigation; apps register theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class NavPage:
    """``route`` is a URL name without arguments; ``allowed(user)`` decides who finds it. ``count`` is the URL name of a number beside it."""

    area: str
    label: Any
    route: str
    icon: str
    allowed: Callable[[Any], bool]
    count: str = ""


pages: list[NavPage] = []


def nav_page(area: str, label: Any, route: str, *, icon: str, allowed: Callable[[Any], bool], count: str = "") -> None:
    """Put a page into the navigation."""
    pages.append(NavPage(area, label, route, icon, allowed, count))
