"""What stands on the home page, by inversion: business apps register widgets in ``<app>/widgets.py``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Widget:
    """``context(user)`` returns the template's context, or None to show nothing.

    Slots: ``cards`` (its context holds ``cards``, a list for components/stat.html), ``main`` and ``side``.
    """

    name: str
    slot: str
    order: int
    template: str
    allowed: Callable[[Any], bool]
    context: Callable[[Any], dict | None]


widgets: dict[str, Widget] = {}


def widget(name: str, *, slot: str, order: int, template: str = "", allowed: Callable[[Any], bool]) -> Callable:
    """Decorator for the context function of a widget of the home page; ``allowed(user)`` decides who has it."""

    def add(fn: Callable[[Any], dict | None]) -> Callable:
        widgets[name] = Widget(name, slot, order, template, allowed, fn)
        return fn

    return add


def shown(user: Any, slot: str) -> list[dict[str, Any]]:
    """``{"template", "context"}`` of the widgets that the user has in a slot, in order; empty ones are left out."""
    asked = sorted((w for w in widgets.values() if w.slot == slot and w.allowed(user)), key=lambda w: w.order)
    filled = ((one, one.context(user)) for one in asked)
    return [{"name": w.name, "template": w.template, "context": found} for w, found in filled if found is not None]
