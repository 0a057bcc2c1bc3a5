"""What apps register to fill the demo company and to be measured: ``<app>/demo.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
        "contracts": 100_000,
    },
    "L": {
        "users": 600,
        "accounts": 1_000_000,
        "contacts": 1_500_000,
        "leads": 2_000_000,
        "opportunities": 300_000,
        "open": 100_000,
        "activities": 5_000_000,
        "contracts": 300_000,
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
    told: list[str] = field(default_factory=list)  # lines that whoever made the company reads at the end
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


@dataclass(frozen=True)
class Rows:
    """Made-up rows of a file of one entity: ``make(random, number)`` gives one, ``number`` a text that no other row has."""

    label: str
    headings: tuple[str, ...]
    make: Callable[[Random, str], Sequence[str]]


steps: list[Step] = []
pages: list[Page] = []
file_rows: list[Rows] = []


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


def bench_file(label: str, *headings: str) -> Callable:
    """Decorator: ``fn(random, number)`` makes a row of the files by which ``manage.py bench --files`` measures imports."""

    def add(fn: Callable[[Random, str], Sequence[str]]) -> Callable[[Random, str], Sequence[str]]:
        file_rows.append(Rows(label, headings, fn))
        return fn

    return add
