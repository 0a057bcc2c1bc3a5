"""How well people did, as rules of assignment may weigh it. Apps above register what they can tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

# Nobody falls below this share of the average: who has not won yet must get something to win.
LEAST = Decimal("0.2")


@dataclass(frozen=True)
class Measure:
    """``of(user ids, now)`` → a number ≥ 0 for each person who has one, in one query."""

    name: str
    label: Any
    of: Callable[[Iterable[int], datetime], Mapping[int, Decimal]]


registry: dict[str, Measure] = {}


def measure(name: str, label: Any) -> Callable:
    """Decorator: make ``fn(user_ids, now)`` a measure that rules may choose."""

    def add(fn: Callable) -> Callable:
        registry[name] = Measure(name, label, fn)
        return fn

    return add


def factors(name: str, user_ids: Iterable[int], now: datetime) -> dict[int, Decimal]:
    """Person → how they did against the average of the people asked for (1 = average, at least ``LEAST``); all 1 without figures."""
    ids = list(user_ids)
    found = registry[name].of(ids, now) if name in registry else {}
    total = sum(found.values(), Decimal(0))
    if not total:
        return dict.fromkeys(ids, Decimal(1))
    average = total / len(ids)
    return {pk: max(LEAST, Decimal(found.get(pk, 0)) / average) for pk in ids}
