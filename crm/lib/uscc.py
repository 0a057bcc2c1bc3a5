"""The unified social credit code of organisations in China (统一社会信用代码, GB 32100-2015): its shape and its check character."""

from __future__ import annotations

import re

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Thirty-one characters: without I, O, S, V and Z, which are easily misread."""
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_MODULUS = len(ALPHABET)
# Powers of 3 modulo 31, one for each of the first seventeen characters (GB 32100-2015, 4.5).
_WEIGHTS = tuple(pow(3, place, _MODULUS) for place in range(17))
_SHAPE = re.compile(rf"[{ALPHABET}]{{2}}[0-9]{{6}}[{ALPHABET}]{{10}}")
# Eighteen characters that begin like one: a register, a kind of organisation, an administrative division.
_MEANT = re.compile(r"[0-9A-Z]{2}[0-9OIL]{6}[0-9A-Z]{10}")


def plain_code(text: str) -> str:
    """The characters of a code as typed, without what people put between them, in capitals."""
    return re.sub(r"[\W_]", "", text).upper()


def check_character(first: str) -> str:
    """The eighteenth character that belongs to the first seventeen. KeyError for characters that no code has."""
    total = sum(_VALUES[character] * weight for character, weight in zip(first, _WEIGHTS, strict=True))
    return ALPHABET[-total % _MODULUS]


def is_credit_code(text: str) -> bool:
    """Whether it is a code whose check character fits."""
    code = plain_code(text)
    return bool(_SHAPE.fullmatch(code)) and check_character(code[:17]) == code[17]


def is_mistyped_code(text: str) -> bool:
    """Whether it was meant as such a code and holds a mistake. Tax numbers of other kinds and countries are none of it."""
    return bool(_MEANT.fullmatch(plain_code(text))) and not is_credit_code(text)
