"""What other rooms show on a record page, by inversion: a template and a function that fills it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Panel:
    """``context(record, user)`` returns the template's context, or None to show nothing. Slots: head (beside the name), composer, side, top, menu.

    With ``later(record, user)`` it comes in a second request, where that says that there may be something; it asks nothing of
    the database.
    """

    label: str
    slot: str
    template: str
    context: Callable[[Any, Any], dict | None]
    order: int = 0
    later: Callable[[Any, Any], bool] | None = None

    @property
    def name(self) -> str:
        """What it is called in addresses."""
        return self.context.__name__


@dataclass(frozen=True)
class RecordTab:
    """A tab that another room puts on record pages. ``count(record)`` is asked for in a second request."""

    label: str
    name: str
    title: Any
    icon: str
    template: str
    context: Callable[[Any, Any], dict | None]
    count: Callable[[Any], int] | None = None
    when: Callable[[Any, Any], bool] = lambda record, user: True


_panels: list[Panel] = []
_tabs: list[RecordTab] = []


def panel(
    label: str, *, slot: str, template: str, order: int = 0, later: Callable[[Any, Any], bool] | None = None
) -> Callable:
    """Decorator for the context function of a panel on the page of entity ``label`` (“*”: every entity)."""

    def add(fn: Callable[[Any, Any], dict | None]) -> Callable:
        _panels.append(Panel(label, slot, template, fn, order, later))
        return fn

    return add


def panels_of(label: str, slot: str) -> list[Panel]:
    """The panels that show in ``slot`` on pages of the entity, in order."""
    return sorted((p for p in _panels if p.label in {label, "*"} and p.slot == slot), key=lambda p: p.order)


def later_names(label: str) -> list[str]:
    """The panels of an entity's pages that come in a second request."""
    return [p.name for p in _panels if p.label in {label, "*"} and p.later is not None]


def later_panel(label: str, name: str) -> Panel | None:
    """The panel of that name that comes in a second request."""
    return next((p for p in _panels if p.label in {label, "*"} and p.later is not None and p.name == name), None)


def record_tab(
    label: str,
    name: str,
    title: Any,
    *,
    template: str,
    icon: str = "circle",
    count: Callable[[Any], int] | None = None,
    when: Callable[[Any, Any], bool] = lambda record, user: True,
) -> Callable:
    """Decorator for the context function of a tab on the pages of entity ``label`` (“*”: every entity); ``when`` decides for a record."""

    def add(fn: Callable[[Any, Any], dict | None]) -> Callable:
        _tabs.append(RecordTab(label, name, title, icon, template, fn, count, when))
        return fn

    return add


def record_tabs(label: str, record: Any, user: Any) -> list[RecordTab]:
    """The tabs that other rooms put on the page of this record."""
    return [tab for tab in _tabs if tab.label in {label, "*"} and tab.when(record, user)]
