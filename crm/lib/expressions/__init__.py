"""A small safe language: ``if(amount > 100000, "A", "B")``. Its own reader, types checked before it is kept, no eval.

What is empty: arithmetic with nothing gives nothing, a division by zero too. ``<``, ``>``, ``<=``, ``>=`` with nothing are
false; ``=`` takes nothing and the empty text for the same. Conditions take nothing for “no”. ``min``, ``max`` and ``coalesce`` skip it,
``&`` and ``concat`` take it for the empty text. A value that can't be worked out (too large, too long, no such day) is nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from crm.lib.expressions.checking import Checker, close_to, did_you_mean, ignoring_failure
from crm.lib.expressions.errors import ExpressionError, Failed
from crm.lib.expressions.functions import FUNCTIONS, Function, listed
from crm.lib.expressions.parser import parse
from crm.lib.expressions.types import NAMES, Env, Names, Run, Symbol, Type, Unknown

__all__ = [
    "FUNCTIONS",
    "Compiled",
    "Env",
    "ExpressionError",
    "Failed",
    "Function",
    "Names",
    "Symbol",
    "Type",
    "Unknown",
    "close_to",
    "compile_expression",
    "did_you_mean",
    "listed",
]
# Functions whose value changes by itself as time goes on.
CLOCK = frozenset({"today", "now"})


@dataclass(frozen=True)
class Compiled:
    """A checked expression. ``run(env)`` gives its value and never raises; ``strict`` raises Failed where there is none."""

    text: str
    type: Type
    strict: Run
    symbols: tuple[Symbol, ...]
    calls: frozenset[str]
    places: tuple[tuple[int, int, Symbol], ...] = field(repr=False, default=())

    def run(self, env: Env) -> Any:
        return ignoring_failure(self.strict)(env)

    @property
    def by_the_clock(self) -> bool:
        """Whether its value changes as time goes on."""
        return bool(self.calls & CLOCK)

    def written(self, name_of: Callable[[Symbol], str]) -> str:
        """The expression with each field called as ``name_of`` says."""
        parts, at = [], 0
        for start, end, symbol in sorted(self.places, key=lambda place: place[0]):
            parts += [self.text[at:start], name_of(symbol)]
            at = end
        return "".join([*parts, self.text[at:]])

    @property
    def canonical(self) -> str:
        """The expression with names that never change."""
        return self.written(lambda symbol: symbol.canonical)


def compile_expression(
    text: str, names: Names, *, wants: frozenset[Type] | None = None, rules: bool = False
) -> Compiled:
    """Read and check ``text``. ``wants``: the types its value may have; ``rules``: is_new() and old() are known.

    ExpressionError says what is wrong, where, and what to do.
    """
    checker = Checker(names, rules=rules)
    tree = parse(text)
    part = checker.part(tree)
    if wants is not None and part.type not in wants and part.type is not Type.EMPTY:
        wanted = _(" or ").join(str(NAMES[kind]) for kind in sorted(wants))
        told = {"found": NAMES[part.type], "wanted": wanted}
        raise ExpressionError(_("This gives %(found)s; %(wanted)s is wanted.") % told, part.start, part.end)
    return Compiled(
        text, part.type, part.run, tuple(checker.symbols.values()), frozenset(checker.calls), tuple(checker.places)
    )
