"""The words and signs of an expression; full-width signs and Chinese quotation marks are read like the plain ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from crm.lib.expressions.errors import ExpressionError

LONGEST = 4000
LONGEST_TEXT = 1000
MOST_DIGITS = 20

_SIGNS = {"、": ",", "×": "*", "÷": "/", "−": "-", "–": "-", "【": "[", "】": "]", "　": " ", "\u00a0": " "}
_TWO = {"<=": "<=", ">=": ">=", "<>": "<>", "!=": "<>", "==": "="}
_WIDE = {"≤": "<=", "≥": ">=", "≠": "<>"}
_ONE = frozenset("+-*/()=<>&,.")
_WORDS = {"and": "and", "or": "or", "not": "not", "且": "and", "或": "or", "非": "not"}
_LITERALS = {"true": True, "false": False, "null": None, "是": True, "否": False}
_CLOSING = {'"': '"', "'": "'", "“": "”", "‘": "’", "”": "”", "’": "’"}
_MULTIPLES = {"万": 10**4, "亿": 10**8}
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")


@dataclass(frozen=True)
class Token:
    """``kind`` is name, bracket, number, text, literal, end, or the sign or word itself."""

    kind: str
    value: object
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Every token of ``text``, then one of kind "end"; ExpressionError at the first that can't be read."""
    if len(text) > LONGEST:
        said = _("The expression is too long: at most %(most)s characters are possible.")
        raise ExpressionError(said % {"most": LONGEST}, LONGEST, len(text))
    found, at, folded = [], 0, "".join(map(_plain, text))
    while at < len(text):
        if folded[at].isspace():
            at += 1
            continue
        token = _next(text, folded, at)
        found.append(token)
        at = token.end
    return [*found, Token("end", None, len(text), len(text))]


def _plain(sign: str) -> str:
    """One sign as its plain form, so that places in the text stay the same."""
    if "！" <= sign <= "～":
        return chr(ord(sign) - 0xFEE0)
    return _SIGNS.get(sign, sign)


def _next(text: str, folded: str, at: int) -> Token:
    sign = folded[at]
    if sign in _CLOSING:
        return _text(text, folded, at)
    if sign == "[":
        return _bracket(text, folded, at)
    if sign in "0123456789" or (sign == "." and folded[at + 1 : at + 2] in tuple("0123456789")):
        return _number(folded, at)
    if sign.isalpha() or sign == "_":
        return _word(folded, at)
    if sign in _WIDE:
        return Token(_WIDE[sign], None, at, at + 1)
    if folded[at : at + 2] in _TWO:
        return Token(_TWO[folded[at : at + 2]], None, at, at + 2)
    if sign in _ONE:
        return Token(sign, None, at, at + 1)
    raise ExpressionError(_unknown(sign), at, at + 1)


def _unknown(sign: str) -> str:
    hints = {
        ";": _("Separate values by commas."),
        "%": _("Write a share as a number: 0.1, or 10 / 100."),
        "^": _("Powers are not possible; multiply instead."),
        "|": _("Write “or”."),
        "]": _("There is a “]” without the “[” before it."),
    }
    return hints.get(sign) or _("“%(sign)s” means nothing here. Take it away, or put texts in quotation marks.") % {
        "sign": sign
    }


def _text(text: str, folded: str, at: int) -> Token:
    """A text in quotation marks; the mark itself is written twice inside of it."""
    closing, place, parts = _CLOSING[folded[at]], at + 1, []
    while True:
        end = folded.find(closing, place)
        if end < 0:
            raise ExpressionError(_("The text has no quotation mark at its end."), at, len(text))
        parts.append(text[place:end])
        if folded[end + 1 : end + 2] != closing:
            break
        parts.append(text[end])
        place = end + 2
    value = "".join(parts)
    if len(value) > LONGEST_TEXT:
        said = _("The text is too long: at most %(most)s characters are possible.") % {"most": LONGEST_TEXT}
        raise ExpressionError(said, at, end + 1)
    return Token("text", value, at, end + 1)


def _bracket(text: str, folded: str, at: int) -> Token:
    end = folded.find("]", at)
    if end < 0:
        raise ExpressionError(_("The name has no “]” at its end."), at, len(text))
    if not text[at + 1 : end].strip():
        raise ExpressionError(_("Write the name of a field between “[” and “]”."), at, end + 1)
    return Token("bracket", text[at + 1 : end].strip(), at, end + 1)


def _number(folded: str, at: int) -> Token:
    found = _NUMBER.match(folded, at)
    assert found is not None
    end = found.end()
    if len(found.group()) > MOST_DIGITS:
        raise ExpressionError(_("The number is too large."), at, end)
    value = Decimal(found.group())
    if folded[end : end + 1] in _MULTIPLES:
        value *= _MULTIPLES[folded[end]]
        end += 1
    if end < len(folded) and (folded[end].isalpha() or folded[end] == "_"):
        raise ExpressionError(_("Put a sign such as + or * between the number and the name."), at, end + 1)
    return Token("number", value, at, end)


def _word(folded: str, at: int) -> Token:
    end = at
    while end < len(folded) and (folded[end].isalnum() or folded[end] == "_"):
        end += 1
    word = folded[at:end]
    low = word.lower()
    if low in _WORDS:
        return Token(_WORDS[low], None, at, end)
    if low in _LITERALS:
        return Token("literal", _LITERALS[low], at, end)
    return Token("name", word, at, end)
