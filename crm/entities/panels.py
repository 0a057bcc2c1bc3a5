"""What other rooms show on a record page, by inversion: a template and a function that fills it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Panel:
    """``context(record, user)`` returns the template's context, or None to show nothing. Slots: composer, side, top."""

    label: str
    slot: str
    template: str
    context: Callable[[Any, Any], dict | None]
    order: int = 0


_panels: list[Panel] = []


def panel(label: str, *, slot: str, template: str, order: int = 0) -> Callable:
    """Decorator for the context function of a panel on the page of entity ``label`` (“*”: every entity)."""

    def add(fn: Callable[[Any, Any], dict | None]) -> Callable:
        _panels.append(Panel(label, slot, template, fn, order))
        return fn

    return add


def panels_of(label: str, slot: str) -> list[Panel]:
    """The panels that show in ``slot`` on pages of the entity, in order."""
    return sorted((p for p in _panels if p.label in {label, "*"} and p.slot == slot), key=lambda p: p.order)
