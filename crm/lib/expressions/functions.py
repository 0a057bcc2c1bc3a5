"""What a function of the language is, and which there are: see the ``library_…`` modules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.lib.expressions.types import Type

T = Type
DAYS = (T.DATE, T.DATETIME)
SAYABLE = (T.TEXT, T.NUMBER, T.DATE, T.DATETIME)
ANY = tuple(Type)
WORD, COUNT = (T.TEXT,), (T.NUMBER,)
Plain = Callable[..., Any]


@dataclass(frozen=True)
class Function:
    """``takes`` are the types each argument may have (the last repeated when ``many``); ``gives`` the type, "first" that of
    the first argument, "same" the one all arguments share. ``run(env, *values)``: ``strict`` ones are not asked where a value
    is missing, the result is then empty. Texts that are missing are empty texts. ``lazy`` ones get functions, not values.
    """

    name: str
    usage: Any
    help: Any
    example: str
    group: str
    takes: tuple[tuple[Type, ...], ...]
    gives: Type | str
    run: Plain
    least: int = -1
    many: bool = False
    strict: bool = True
    lazy: bool = False
    only_rules: bool = False

    @property
    def fewest(self) -> int:
        return len(self.takes) if self.least < 0 else self.least

    @property
    def most(self) -> int | None:
        return None if self.many else len(self.takes)


FUNCTIONS: dict[str, Function] = {}


def add(name: str, usage: Any, text: Any, example: str, group: str, *given: Any, **options: Any) -> None:
    FUNCTIONS[name] = Function(name, usage, text, example, group, *given, **options)


LOGIC, NUMBERS, TEXTS, DATES = "logic", "numbers", "texts", "dates"
GROUPS = {LOGIC: _("Logic"), NUMBERS: _("Numbers"), TEXTS: _("Texts"), DATES: _("Days and moments")}


def listed(*, rules: bool = False) -> list[tuple[str, Sequence[Function]]]:
    """(name of the group, its functions), as they are explained beside an editor."""
    return [
        (
            str(label),
            [f for f in FUNCTIONS.values() if f.group == group and (rules or not f.only_rules)],
        )
        for group, label in GROUPS.items()
    ]
