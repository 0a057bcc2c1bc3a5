"""What customers bought: each room that knows of purchases registers where they lie; figures and points are made of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

ACCOUNT, CONTACT = "customers.account", "customers.contact"


@dataclass(frozen=True)
class PurchaseSource:
    """``rows(label)`` are the purchases by records of the entity ``label``, as values ``subject``, ``day``, ``total`` and
    ``unit`` (its currency); None where it knows of none. ``standard``: it counts unless an admin chooses otherwise."""

    name: str
    label: Any
    rows: Callable[[str], QuerySet | None]
    standard: bool = True


sources: dict[str, PurchaseSource] = {}


def purchases(name: str, label: Any, *, standard: bool = True) -> Callable:
    """Decorator: ``fn(label)`` returns the purchases by records of an entity, see ``PurchaseSource``."""

    def add(fn: Callable[[str], QuerySet | None]) -> Callable[[str], QuerySet | None]:
        sources[name] = PurchaseSource(name, label, fn, standard)
        return fn

    return add


def chosen(names: Collection[str]) -> list[PurchaseSource]:
    """The sources of those names; without any, the standard ones."""
    return [one for one in sources.values() if (one.name in names if names else one.standard)]
