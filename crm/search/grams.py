"""Turning texts into what the index stores, and queries into what it is asked.

Han text is cut into single characters and pairs, so that one character finds as well as four. Latin text of three letters
or more is found by PostgreSQL's trigrams; pairs of letters exist only for pinyin initials, short syllables and names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from crm.lib.folding import fold
from crm.lib.phone import normalise_phone
from crm.lib.pinyin import pinyin_forms

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_LATIN = re.compile(r"[a-z0-9]+")
MAX_TEXT, MAX_QUERY, MAX_TERMS = 500, 100, 8


def indexed(kind: str, value: str) -> tuple[str, set[str]]:
    """The folded text of one value of a search kind (text, company, person, phone, email, code), and its grams."""
    text = fold(value[:MAX_TEXT])
    if not text:
        return "", set()
    if kind == "phone":
        digits = re.sub(r"\D", "", text)
        return "\n".join(dict.fromkeys(filter(None, [digits, (normalise_phone(value) or "").lstrip("+")]))), set()
    if kind in {"email", "code"}:
        return text, _pairs(text) if kind == "code" else set()
    full, initials = pinyin_forms(value[:MAX_TEXT], person=kind == "person")
    grams = _grams(text) | _pairs(initials) | {full[:1], full[:2]} - {""}
    return "\n".join(dict.fromkeys([text, full, initials])), grams


def _grams(text: str) -> set[str]:
    found: set[str] = set()
    for run in _HAN.findall(text):
        found |= set(run) | {run[i : i + 2] for i in range(len(run) - 1)}
    return found | _pairs(text)


def _pairs(text: str) -> set[str]:
    return {run[i : i + n] for run in _LATIN.findall(text) for n in (1, 2) for i in range(len(run) - n + 1)}


@dataclass(frozen=True)
class Term:
    """One word of a query: ``grams`` that a row must hold and the ``text`` that it must contain."""

    text: str
    grams: tuple[str, ...]

    @property
    def pattern(self) -> str:
        """The text as a LIKE pattern."""
        return "%" + re.sub(r"([\\%_])", r"\\\1", self.text) + "%"


def terms(query: str) -> list[Term]:
    """The words of a query, folded; a word of digits with separators (138-0000 0000) counts as one number."""
    text = fold(query[:MAX_QUERY])
    if re.fullmatch(r"\+?[\d\s()-]{5,}", text):
        text = re.sub(r"\D", "", text)
    return [Term(word, tuple(sorted(_asked(word)))) for word in text.split()[:MAX_TERMS]]


def _asked(word: str) -> set[str]:
    """The fewest grams that every row containing ``word`` holds."""
    found: set[str] = set()
    for run in _HAN.findall(word):
        found |= {run} if len(run) == 1 else {run[i : i + 2] for i in range(len(run) - 1)}
    if not found and len(word) <= 2 and _LATIN.fullmatch(word):
        found.add(word)
    return found
