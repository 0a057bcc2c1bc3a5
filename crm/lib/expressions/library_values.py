"""Functions that decide, and functions of numbers."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.lib.expressions.functions import ANY, DAYS, LOGIC, NUMBERS, Plain, T, add
from crm.lib.expressions.types import Env, whole
from crm.lib.expressions.values import integral, rounded


def _if(env: Env, condition: Any, then: Any, other: Any = None) -> Any:
    if condition(env):
        return then(env)
    return other(env) if other else None


def _case(env: Env, value: Any, *pairs: Any) -> Any:
    held = value(env)
    for position in range(0, len(pairs) - 1, 2):
        wanted = pairs[position](env)
        if held == wanted or (held in (None, "") and wanted in (None, "")):
            return pairs[position + 1](env)
    return pairs[-1](env) if len(pairs) % 2 else None


def _coalesce(env: Env, *values: Any) -> Any:
    return next((found for value in values if (found := value(env)) not in (None, "", [])), None)


def _extreme(pick: Callable) -> Plain:
    def run(env: Env, *values: Any) -> Any:
        held = [value for value in values if value is not None]
        return pick(held) if held else None

    return run


add(
    "if",
    _("if(condition, then, else)"),
    _("One value where the condition holds, the other where it does not. Without the other: nothing."),
    'if(amount > 100000, "A", "B")',
    LOGIC,
    ((T.BOOLEAN,), ANY, ANY),
    "branches",
    _if,
    least=2,
    lazy=True,
)
add(
    "case",
    _("case(value, match, result, …, otherwise)"),
    _("The result behind the first match that equals the value; the last value where none does."),
    'case(level, "A", 0.1, "B", 0.05, 0)',
    LOGIC,
    (ANY, ANY, ANY),
    "cases",
    _case,
    least=3,
    many=True,
    lazy=True,
)
add(
    "coalesce",
    _("coalesce(value, …)"),
    _("The first value that is not empty."),
    "coalesce(amount, 0)",
    LOGIC,
    (ANY,),
    "same",
    _coalesce,
    many=True,
    lazy=True,
)
add(
    "empty",
    _("empty(value)"),
    _("Whether there is no value."),
    "empty(close_date)",
    LOGIC,
    (ANY,),
    T.BOOLEAN,
    lambda env, value: value in (None, "", []),
    strict=False,
)
add(
    "min",
    _("min(value, …)"),
    _("The smallest value; empty ones don't count."),
    "min(amount, 5000)",
    NUMBERS,
    ((T.NUMBER, *DAYS),),
    "same",
    _extreme(min),
    many=True,
    strict=False,
)
add(
    "max",
    _("max(value, …)"),
    _("The largest value; empty ones don't count."),
    "max(amount, 0)",
    NUMBERS,
    ((T.NUMBER, *DAYS),),
    "same",
    _extreme(max),
    many=True,
    strict=False,
)
add(
    "round",
    _("round(number, decimals)"),
    _("Rounded half up; without decimals to a whole number, with -2 to hundreds."),
    "round(amount / 3, 2)",
    NUMBERS,
    ((T.NUMBER,), (T.NUMBER,)),
    T.NUMBER,
    lambda env, value, places=Decimal(0): rounded(value, whole(places, -20, 20)),
    least=1,
)
add(
    "abs",
    _("abs(number)"),
    _("Without its sign."),
    "abs(amount - 100)",
    NUMBERS,
    ((T.NUMBER,),),
    T.NUMBER,
    lambda env, value: value.copy_abs(),
)
add(
    "ceil",
    _("ceil(number)"),
    _("The next whole number upwards."),
    "ceil(amount / 1000)",
    NUMBERS,
    ((T.NUMBER,),),
    T.NUMBER,
    lambda env, value: integral(value, ROUND_CEILING),
)
add(
    "floor",
    _("floor(number)"),
    _("The next whole number downwards."),
    "floor(amount / 1000)",
    NUMBERS,
    ((T.NUMBER,),),
    T.NUMBER,
    lambda env, value: integral(value, ROUND_FLOOR),
)


def _number(env: Env, text: str) -> Decimal | None:
    plain = text.strip().replace(",", "").replace("，", "")
    if len(plain) > 30 or not plain.removeprefix("-").replace(".", "", 1).isdecimal():
        return None
    return Decimal(plain)


add(
    "number",
    _("number(text)"),
    _("A text of digits as a number; empty where it is none."),
    'number("1,200")',
    NUMBERS,
    ((T.TEXT,),),
    T.NUMBER,
    _number,
)


add(
    "is_new",
    _("is_new()"),
    _("Whether the record is being made. In validation rules only."),
    "is_new()",
    LOGIC,
    (),
    T.BOOLEAN,
    lambda env: env.is_new,
    only_rules=True,
)
# ``old`` reads a field, not a value: the checker makes it.
add(
    "old",
    _("old(field)"),
    _("The value before the change; empty for a new record. In validation rules only."),
    "old(amount)",
    LOGIC,
    (ANY,),
    "first",
    lambda env, value: value,
    only_rules=True,
)
