"""What apps register to fill the demo company and to be measured: ``<app>/demo.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from crm.users.models import User

# Rows a size: S is the company that new people play with, M and L are for measuring (quality.md).
SIZES: dict[str, dict[str, int]] = {
    "S": {
        "users": 18,
        "accounts": 320,
        "contacts": 640,
        "leads": 360,
        "opportunities": 280,
        "open": 150,
        "activities": 420,
    },
    "M": {
        "users": 120,
        "accounts": 100_000,
        "contacts": 300_000,
        "leads": 200_000,
        "opportunities": 100_000,
        "open": 30_000,
        "activities": 1_000_000,
    },
    "L": {
        "users": 600,
        "accounts": 1_000_000,
        "contacts": 1_500_000,
        "leads": 2_000_000,
        "opportunities": 300_000,
        "open": 100_000,
        "activities": 5_000_000,
    },
}


@dataclass
class World:
    """The company in the making: its size, its people, one seeded source of chance, and what steps leave for later ones."""

    counts: dict[str, int]
    random: Random
    now: datetime
    sellers: list[User] = field(default_factory=list)
    left: dict[str, Any] = field(default_factory=dict)
    say: Callable[[str], None] = print


@dataclass(frozen=True)
class Step:
    order: int
    label: str
    run: Callable[[World], None]


@dataclass(frozen=True)
class Page:
    """One measured request: ``make(user)`` returns (method, url, data), or None when there is nothing to measure."""

    name: str
    make: Callable[[User], tuple[str, str, dict | None] | None]
    goal: float
    roles: tuple[str, ...]
    htmx: bool


steps: list[Step] = []
pages: list[Page] = []


def demo_step(order: int, label: str) -> Callable:
    """Decorator: ``fn(world)`` fills a part of the demo company; steps run in ``order``."""

    def add(fn: Callable[[World], None]) -> Callable[[World], None]:
        steps.append(Step(order, label, fn))
        return fn

    return add


def bench_page(
    name: str, *, goal: float, roles: Iterable[str] = ("rep", "manager", "admin"), htmx: bool = False
) -> Callable:
    """Decorator: ``fn(user)`` names a request that ``manage.py bench`` measures; ``goal`` is its budget in floors."""

    def add(fn: Callable) -> Callable:
        pages.append(Page(name, fn, goal, tuple(roles), htmx))
        return fn

    return add
