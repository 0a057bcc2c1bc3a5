"""Checking what a tree says, part by part, and making of each part a function that works it out."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from crm.lib.expressions import library_dates, library_texts, library_values  # noqa: F401 - they bring the functions
from crm.lib.expressions.errors import ExpressionError, Failed
from crm.lib.expressions.functions import DAYS, FUNCTIONS, SAYABLE, Function
from crm.lib.expressions.parser import Binary, Call, Literal, Name, Node, Unary
from crm.lib.expressions.types import (
    ARITHMETIC,
    NAMES,
    Env,
    Names,
    Part,
    Run,
    Symbol,
    Type,
    Unknown,
    bounded_text,
    reckon,
    whole,
)
from crm.lib.expressions.values import DAY_FORMAT, NUMBER_FORMAT, as_text, moved

T = Type
_SECONDS_A_DAY = Decimal(86400)


def close_to(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Names that look like ``name``."""
    by_fold = {word.casefold(): word for word in known}
    folded = name.casefold()
    near = difflib.get_close_matches(folded, by_fold, most, 0.6)
    near += [word for word in by_fold if word not in near and (folded in word or (len(word) > 1 and word in folded))]
    return [by_fold[word] for word in near[:most]]


def did_you_mean(found: Sequence[str]) -> str:
    """A sentence with suggestions; empty without any."""
    return " " + _("Did you mean %(names)s?") % {"names": ", ".join(found)} if found else ""


class Checker:
    """Builds parts from nodes; remembers the fields that were named and the functions that were called."""

    def __init__(self, names: Names, *, rules: bool) -> None:
        self.names, self.rules = names, rules
        self.symbols: dict[str, Symbol] = {}
        self.places: list[tuple[int, int, Symbol]] = []
        self.calls: set[str] = set()

    def part(self, node: Node) -> Part:
        """The checked part; ExpressionError where a type does not fit."""
        match node:
            case Literal():
                return self._literal(node)
            case Name():
                return self._name(node)
            case Unary():
                return self._unary(node)
            case Binary():
                return self._binary(node)
            case Call():
                return self._call(node)
        raise TypeError(node)

    def _literal(self, node: Literal) -> Part:
        value = node.value
        kinds = {bool: T.BOOLEAN, Decimal: T.NUMBER, str: T.TEXT}
        kind = kinds.get(type(value), T.EMPTY)
        return Part(kind, lambda env: value, node.start, node.end, literal=value, fixed=True)

    def _name(self, node: Name) -> Part:
        try:
            symbol = self.names.find(node.parts)
        except Unknown as error:
            start, end = node.spans[min(error.part, len(node.spans) - 1)]
            raise ExpressionError(error.message, start, end) from error
        self.symbols[symbol.canonical] = symbol
        self.places.append((node.start, node.end, symbol))
        key = symbol.key
        return Part(symbol.type, lambda env: env.value(key), node.start, node.end, symbol)

    # Signs

    def _unary(self, node: Unary) -> Part:
        inner = self.part(node.operand)
        run = inner.run
        if node.op == "not":
            self.want(inner, (T.BOOLEAN,))
            return Part(T.BOOLEAN, lambda env: not run(env), node.start, node.end)
        self.want(inner, (T.NUMBER,))
        if node.op == "+":
            return Part(T.NUMBER, run, node.start, node.end)
        return Part(
            T.NUMBER, lambda env: None if (held := run(env)) is None else held.copy_negate(), node.start, node.end
        )

    def _binary(self, node: Binary) -> Part:
        left, right = self.part(node.left), self.part(node.right)
        if node.op in {"and", "or"}:
            return self._joined(node, left, right)
        if node.op == "&":
            self.want(left, SAYABLE)
            self.want(right, SAYABLE)
            one, two = left.run, right.run
            run: Run = lambda env: bounded_text(as_text(one(env), env) + as_text(two(env), env))  # noqa: E731
            return Part(T.TEXT, run, node.start, node.end)
        if node.op in {"+", "-", "*", "/"}:
            return self._arithmetic(node, left, right)
        return self._compared(node, left, right)

    def _joined(self, node: Binary, left: Part, right: Part) -> Part:
        self.want(left, (T.BOOLEAN,))
        self.want(right, (T.BOOLEAN,))
        one, two = left.run, right.run
        if node.op == "and":
            return Part(T.BOOLEAN, lambda env: bool(one(env)) and bool(two(env)), node.start, node.end)
        return Part(T.BOOLEAN, lambda env: bool(one(env)) or bool(two(env)), node.start, node.end)

    def _arithmetic(self, node: Binary, left: Part, right: Part) -> Part:
        if node.op in {"+", "-"} and left.type in DAYS:
            return self._day_sum(node, left, right)
        for side in (left, right):
            if side.type is T.TEXT and node.op == "+":
                raise ExpressionError(_("Join texts by the sign &."), node.op_start, node.op_end)
            self.want(side, (T.NUMBER,))
        fn = {
            "+": ARITHMETIC.add,
            "-": ARITHMETIC.subtract,
            "*": ARITHMETIC.multiply,
            "/": ARITHMETIC.divide,
        }[node.op]
        return Part(
            T.NUMBER, _both(left.run, right.run, _divided if node.op == "/" else _step(fn)), node.start, node.end
        )

    def _day_sum(self, node: Binary, left: Part, right: Part) -> Part:
        one, two = left.run, right.run
        if node.op == "-" and right.type in DAYS:
            if right.type is not left.type:
                raise ExpressionError(self.mixed_days(), node.op_start, node.op_end)
            return Part(T.NUMBER, _both(one, two, _apart), node.start, node.end)
        self.want(right, (T.NUMBER,))
        sign = -1 if node.op == "-" else 1
        run = _both(one, two, lambda day, count: moved(day, sign * whole(count, -200_000, 200_000)))
        return Part(left.type, run, node.start, node.end)

    def mixed_days(self) -> str:
        return _("A day and a moment don't go together. Write date(…) around the moment.")

    def _compared(self, node: Binary, left: Part, right: Part) -> Part:
        self._read_option(left, right)
        self._read_option(right, left)
        if {left.type, right.type} == {T.DATE, T.DATETIME}:
            raise ExpressionError(self.mixed_days(), node.op_start, node.op_end)
        if T.EMPTY not in {left.type, right.type} and left.type is not right.type:
            said = _("%(left)s can't be compared with %(right)s.") % {
                "left": _capital(NAMES[left.type]),
                "right": NAMES[right.type],
            }
            raise ExpressionError(said, node.op_start, node.op_end)
        one, two = left.run, right.run
        if node.op == "=":
            return Part(T.BOOLEAN, lambda env: _equal(one(env), two(env)), node.start, node.end)
        if node.op == "<>":
            return Part(T.BOOLEAN, lambda env: not _equal(one(env), two(env)), node.start, node.end)
        for side in (left, right):
            self.want(side, (T.NUMBER, T.TEXT, *DAYS))
        return Part(T.BOOLEAN, _both(one, two, _ORDER[node.op], otherwise=False), node.start, node.end)

    def _read_option(self, field: Part, other: Part) -> None:
        """A text beside a choice is one of its options, by its value or by what people read."""
        if field.symbol is None or not field.symbol.options or not other.fixed or not isinstance(other.literal, str):
            return
        if not other.literal:
            return
        values = {value for value, _labels in field.symbol.options}
        if other.literal in values:
            return
        named = {label: value for value, labels in field.symbol.options for label in labels}
        if other.literal not in named:
            shown = [labels[0] if labels else value for value, labels in field.symbol.options]
            near = close_to(other.literal, [*named, *values])
            said = _("“%(text)s” is none of the choices of “%(field)s”: %(choices)s.") % {
                "text": other.literal[:50],
                "field": field.symbol.label,
                "choices": ", ".join(shown[:8]) + (" …" if len(shown) > 8 else ""),
            }
            raise ExpressionError(said + did_you_mean(near), other.start, other.end)
        value = named[other.literal]
        other.run, other.literal = (lambda env: value), value

    # Functions

    def _call(self, node: Call) -> Part:
        name = node.name.lower()
        function = FUNCTIONS.get(name)
        if function is None or (function.only_rules and not self.rules):
            raise ExpressionError(self._no_function(node.name, function), node.start, node.name_end)
        self.calls.add(name)
        args = [self.part(arg) for arg in node.args]
        self._count(node, function, args)
        if name == "old":
            return self._old(node, args[0])
        for number, arg in enumerate(args):
            self.want(arg, function.takes[min(number, len(function.takes) - 1)])
        if name == "contains":
            self._read_option(args[0], args[1])
        if name == "text" and len(args) == 2:
            self._format(args)
        if name == "date" and args[0].type is not T.NUMBER and len(args) > 1:
            raise ExpressionError(_("Write date(year, month, day), or date(text)."), args[1].start, args[1].end)
        gives = self._gives(function, args)
        return Part(gives, _run_of(function, args), node.start, node.end)

    def _no_function(self, name: str, function: Function | None) -> str:
        if function is not None:
            return _("%(name)s() is for validation rules only.") % {"name": function.name}
        known = [f.name for f in FUNCTIONS.values() if self.rules or not f.only_rules]
        said = _("There is no function “%(name)s”.") % {"name": name[:50]}
        return said + did_you_mean([f"{near}()" for near in close_to(name, known)])

    def _count(self, node: Call, function: Function, args: Sequence[Part]) -> None:
        if len(args) < function.fewest:
            said = _("%(name)s needs more values: %(usage)s")
        elif function.most is not None and len(args) > function.most:
            said = _("%(name)s takes fewer values: %(usage)s")
        else:
            return
        raise ExpressionError(said % {"name": function.name, "usage": function.usage}, node.start, node.end)

    def _old(self, node: Call, arg: Part) -> Part:
        if arg.symbol is None or "." in arg.symbol.canonical.removeprefix("custom."):
            raise ExpressionError(_("Write old(field) with a field of the record itself."), arg.start, arg.end)
        key = arg.symbol.key
        return Part(arg.type, lambda env: env.old(key), node.start, node.end, arg.symbol)

    def _format(self, args: Sequence[Part]) -> None:
        """The format of text() must be one that its value can have."""
        value, pattern = args
        fits = DAY_FORMAT if value.type in DAYS else NUMBER_FORMAT
        if value.type is T.TEXT or not pattern.fixed or not fits.fullmatch(str(pattern.literal)):
            said = _("Write the format in quotation marks: “0.00”, “#,##0”, “0%%” for numbers, “YYYY-MM-DD” for days.")
            raise ExpressionError(said % {}, pattern.start, pattern.end)

    def _gives(self, function: Function, args: Sequence[Part]) -> Type:
        match function.gives:
            case "first":
                return args[0].type
            case "same":
                return self.one_type(args)
            case "branches":
                return self.one_type(args[1:])
            case "cases":
                for match in args[1:-1:2] if len(args) % 2 else args[1::2][:-1]:
                    self._read_option(args[0], match)
                    self.one_type([args[0], match])
                results = [*args[2::2], *([] if len(args) % 2 else [args[-1]])]
                return self.one_type(results)
        assert isinstance(function.gives, Type)
        return function.gives

    def one_type(self, parts: Sequence[Part]) -> Type:
        """The type that all have; what is nothing fits every one."""
        found = T.EMPTY
        for part in parts:
            if found is T.EMPTY:
                found = part.type
            elif part.type not in {T.EMPTY, found}:
                said = _("Here stands %(this)s, before it %(that)s: both must be the same.") % {
                    "this": NAMES[part.type],
                    "that": NAMES[found],
                }
                raise ExpressionError(said, part.start, part.end)
        return found

    def want(self, part: Part, types: Sequence[Type]) -> None:
        """ExpressionError unless the part has one of the types."""
        if part.type in types or part.type is T.EMPTY:
            return
        wanted = _(" or ").join(str(NAMES[kind]) for kind in types if kind is not T.EMPTY)
        told = {"wanted": wanted, "found": NAMES[part.type]}
        said = _("Here must stand %(wanted)s, not %(found)s.") % told
        if part.type is T.RECORD:
            said += " " + _("Name a field of it, such as “.name”.")
        raise ExpressionError(said, part.start, part.end)


def _capital(text: Any) -> str:
    said = str(text)
    return said[:1].upper() + said[1:]


def _equal(left: Any, right: Any) -> bool:
    """Nothing, the empty text and no choice are the same; so are nothing and “no”."""
    left, right = (None if value in ("", []) or value is False else value for value in (left, right))
    return bool(left == right)


def _step(fn: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Decimal, Decimal], Decimal]:
    return lambda left, right: reckon(fn, left, right)


def _divided(left: Decimal, right: Decimal) -> Decimal | None:
    return None if right.is_zero() else reckon(ARITHMETIC.divide, left, right)


def _apart(left: Any, right: Any) -> Decimal:
    span: datetime.timedelta = left - right
    if isinstance(left, datetime.datetime):
        return ARITHMETIC.divide(Decimal(int(span.total_seconds())), _SECONDS_A_DAY)
    return Decimal(span.days)


_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


def _both(one: Run, two: Run, fn: Callable[[Any, Any], Any], otherwise: Any = None) -> Run:
    """``fn`` of two values; ``otherwise`` where one is missing."""

    def run(env: Env) -> Any:
        left = one(env)
        if left is None:
            return otherwise
        right = two(env)
        return otherwise if right is None else fn(left, right)

    return run


def _run_of(function: Function, args: Sequence[Part]) -> Run:
    fn, runs = function.run, [arg.run for arg in args]
    if function.lazy:
        return lambda env: fn(env, *runs)
    words = [arg.type is T.TEXT for arg in args]
    if not function.strict:
        return lambda env: fn(env, *(run(env) for run in runs))

    def run(env: Env) -> Any:
        values = []
        for each, word in zip(runs, words, strict=True):
            value = each(env)
            if value is None and not word:
                return None
            values.append("" if value is None else value)
        return fn(env, *values)

    return run


def ignoring_failure(run: Run) -> Run:
    """The value, or None where it can't be worked out."""

    def quiet(env: Env) -> Any:
        try:
            return run(env)
        except Failed:
            return None

    return quiet
