"""Functions of texts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.lib.expressions.errors import Failed
from crm.lib.expressions.functions import COUNT, SAYABLE, TEXTS, WORD, Plain, T, add
from crm.lib.expressions.types import LONGEST_VALUE, Env, Type, bounded_text, whole
from crm.lib.expressions.values import as_text, formatted


def _cut(text: str, start: Decimal, length: Decimal) -> str:
    first, most = whole(start, 1, 10**6) - 1, whole(length, 0, 10**6)
    return text[first : first + most]


def _right(env: Env, text: str, length: Decimal) -> str:
    most = whole(length, 0, 10**6)
    return text[len(text) - min(most, len(text)) :]


def _replace(env: Env, text: str, old: str, new: str) -> str:
    if not old:
        return text
    if len(text) + text.count(old) * (len(new) - len(old)) > LONGEST_VALUE:
        raise Failed
    return text.replace(old, new)


def _contains(env: Env, held: Any, part: str) -> bool:
    if isinstance(held, list):
        return part in held
    return part.casefold() in (held or "").casefold()


def _text(name: str, usage: Any, text: Any, example: str, takes: tuple, gives: Type, run: Plain, **more: Any) -> None:
    add(name, usage, text, example, TEXTS, takes, gives, run, **more)


_text(
    "len",
    _("len(text)"),
    _("How many characters it has."),
    "len(name)",
    ((T.TEXT, T.LIST),),
    T.NUMBER,
    lambda env, held: Decimal(len(held or "")),
    strict=False,
)
_text(
    "left",
    _("left(text, count)"),
    _("Its first characters."),
    "left(name, 2)",
    (WORD, COUNT),
    T.TEXT,
    lambda env, text, count: _cut(text, Decimal(1), count),
)
_text("right", _("right(text, count)"), _("Its last characters."), "right(phone, 4)", (WORD, COUNT), T.TEXT, _right)
_text(
    "mid",
    _("mid(text, start, count)"),
    _("Characters from a place on; the first has number 1."),
    "mid(name, 3, 2)",
    (WORD, COUNT, COUNT),
    T.TEXT,
    lambda env, text, start, count: _cut(text, start, count),
)
_text(
    "upper",
    _("upper(text)"),
    _("In capital letters."),
    "upper(name)",
    (WORD,),
    T.TEXT,
    lambda env, text: bounded_text(text.upper()),
)
_text(
    "lower",
    _("lower(text)"),
    _("In small letters."),
    "lower(email)",
    (WORD,),
    T.TEXT,
    lambda env, text: bounded_text(text.lower()),
)
_text(
    "trim",
    _("trim(text)"),
    _("Without blanks at both ends."),
    "trim(name)",
    (WORD,),
    T.TEXT,
    lambda env, text: text.strip(),
)
_text(
    "contains",
    _("contains(text, part)"),
    _("Whether the part occurs, in capital or small letters; of several choices, whether it is one of them."),
    'contains(name, "集团")',
    ((T.TEXT, T.LIST), WORD),
    T.BOOLEAN,
    _contains,
    strict=False,
)
_text(
    "replace",
    _("replace(text, old, new)"),
    _("With each old part replaced by the new one."),
    'replace(phone, "-", "")',
    (WORD, WORD, WORD),
    T.TEXT,
    _replace,
)
_text(
    "concat",
    _("concat(value, …)"),
    _("Texts, numbers and days in one line, like the sign &."),
    'concat(name, " ", amount)',
    (SAYABLE,),
    T.TEXT,
    lambda env, *values: bounded_text("".join(as_text(value, env) for value in values)),
    many=True,
    strict=False,
)
_text(
    "text",
    _("text(value, format)"),
    _("A number or day as text: “0.00”, “#,##0”, “0%” for numbers, “YYYY-MM-DD”, “YYYY年M月” for days."),
    'text(amount, "#,##0.00")',
    (SAYABLE, WORD),
    T.TEXT,
    lambda env, value, pattern=None: formatted(value, pattern, env) if pattern else as_text(value, env),
    least=1,
    strict=False,
)
