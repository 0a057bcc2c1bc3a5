"""What values an expression knows, and what it asks of its surroundings."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from enum import StrEnum
from typing import Any, Protocol

from django.utils.translation import gettext_lazy as _

from crm.lib.expressions.errors import Failed

LONGEST_VALUE = 10_000
EARLIEST, LATEST = 1900, 2200
# 34 digits, as IEEE decimal128 has; larger than 10^40 is refused.
ARITHMETIC = Context(prec=34, Emax=40, Emin=-40, traps=[InvalidOperation, DivisionByZero, Overflow])


class Type(StrEnum):
    """The type of a value; ``EMPTY`` is that of ``null``, which fits everywhere."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    RECORD = "record"
    LIST = "list"
    EMPTY = "empty"


NAMES = {
    Type.NUMBER: _("a number"),
    Type.TEXT: _("a text"),
    Type.BOOLEAN: _("yes or no"),
    Type.DATE: _("a day"),
    Type.DATETIME: _("a moment"),
    Type.RECORD: _("a linked record"),
    Type.LIST: _("several choices"),
    Type.EMPTY: _("nothing"),
}


class Env(Protocol):
    """What an expression is worked out upon. ``value`` gives Decimal, str, bool, date, aware datetime, int of a record,
    list or None; ``old`` the value before the change."""

    is_new: bool
    now: datetime.datetime
    zone: datetime.tzinfo

    def value(self, key: Any) -> Any: ...

    def old(self, key: Any) -> Any: ...

    def workdays(self, start: datetime.date, end: datetime.date) -> int: ...


Run = Callable[[Env], Any]


@dataclass(frozen=True)
class Symbol:
    """A field that an expression may name. ``key`` is what ``Env.value`` is asked; ``canonical`` never changes, ``label`` is
    what people read; ``options`` are (stored value, the labels people may write instead)."""

    key: Any
    type: Type
    canonical: str
    label: str = ""
    options: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Unknown(Exception):
    """There is no such name: ``part`` says which part of it, ``message`` what to do."""

    def __init__(self, message: str, part: int = 0) -> None:
        super().__init__(message)
        self.message, self.part = message, part


class Names(Protocol):
    """Which fields there are."""

    def find(self, parts: tuple[str, ...]) -> Symbol: ...


@dataclass
class Part:
    """A checked part of an expression: its type, how it is worked out, what it says if it is a fixed value or a field."""

    type: Type
    run: Run
    start: int
    end: int
    symbol: Symbol | None = None
    literal: Any = field(default=None)
    fixed: bool = False


def reckon(fn: Callable[[Decimal, Decimal], Decimal], left: Decimal, right: Decimal) -> Decimal:
    """An arithmetic step; Failed where the result is too large."""
    try:
        return fn(left, right)
    except (Overflow, InvalidOperation) as error:
        raise Failed from error


def bounded_day(day: datetime.date) -> datetime.date:
    """The day, when it is one that a field can hold."""
    if not EARLIEST <= day.year <= LATEST:
        raise Failed
    return day


def bounded_text(text: str) -> str:
    """The text, when it is not too long."""
    if len(text) > LONGEST_VALUE:
        raise Failed
    return text


def whole(number: Decimal, least: int, most: int) -> int:
    """A number as a whole one, cut towards zero."""
    if not least <= number <= most:
        raise Failed
    return int(number)
