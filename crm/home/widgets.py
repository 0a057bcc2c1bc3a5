"""What stands on the home page, by inversion: business apps register widgets in ``<app>/widgets.py``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse


@dataclass(frozen=True)
class Widget:
    """``context(user)`` returns the template's context, or None to show nothing.

    Slots: ``cards`` (its context holds ``cards``, a list for components/stat.html, and perhaps ``summary``, a line under
    the greeting), ``main`` and ``side``. A ``lazy`` one comes in a second request of its own.
    """

    name: str
    slot: str
    order: int
    template: str
    allowed: Callable[[Any], bool]
    context: Callable[[Any], dict | None]
    lazy: bool = False


widgets: dict[str, Widget] = {}


def widget(
    name: str, *, slot: str, order: int, template: str = "", allowed: Callable[[Any], bool], lazy: bool = False
) -> Callable:
    """Decorator for the context function of a widget of the home page; ``allowed(user)`` decides who has it."""

    def add(fn: Callable[[Any], dict | None]) -> Callable:
        widgets[name] = Widget(name, slot, order, template, allowed, fn, lazy)
        return fn

    return add


def shown(user: Any, slot: str) -> list[dict[str, Any]]:
    """``{"name", "template", "context"}`` of the widgets that the user has in a slot, in order; empty ones are left out.

    For a lazy one that is the place it will fill, and nothing is computed.
    """
    mine = sorted((w for w in widgets.values() if w.slot == slot and w.allowed(user)), key=lambda w: w.order)
    placed = [_place(one) if one.lazy else filled(one, user) for one in mine]
    return [found for found in placed if found is not None]


def filled(one: Widget, user: Any) -> dict[str, Any] | None:
    """A widget with its content; None when it has nothing to show."""
    context = one.context(user)
    return None if context is None else {"name": one.name, "template": one.template, "context": context}


def _place(one: Widget) -> dict[str, Any]:
    return {"name": one.name, "template": "home/lazy.html", "context": {"url": reverse("home:widget", args=[one.name])}}
