"""Turning texts into what the index stores, and queries into what it is asked.

A text is cut into grams that overlap, so that any part of it finds it. Han and every other script that is not a–z or 0–9
gives single characters and pairs. A run of letters and digits gives pieces of four and its last three with an end mark: a
query of three letters is one of the pieces that begin with it, or such an end. One or two letters find initials, short
texts and the first syllable, not any place inside pinyin. Grams are kept as numbers: small, and quick to compare.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

from crm.lib.folding import fold
from crm.lib.phone import normalise_phone
from crm.lib.pinyin import pinyin_readings

_LATIN = re.compile(r"[a-z0-9]+")
_OTHER = re.compile(r"[^a-z0-9\s]+")
_END = "$"
_FOLLOWING = "abcdefghijklmnopqrstuvwxyz0123456789" + _END
_PRIVATE = re.compile("[\ue000-\uf8ff]")
MAX_TEXT, MAX_QUERY, MAX_TERMS = 500, 100, 8
_KEEP_AT_MOST = 300_000


class _Numbers(dict[str, int]):
    """Each gram's number, worked out when it is first met."""

    def __missing__(self, gram: str) -> int:
        number = crc32(gram.encode()) - (1 << 31)
        if len(self) < _KEEP_AT_MOST:
            self[gram] = number
        return number


_number = _Numbers().__getitem__


def numbers(grams: Iterable[str]) -> list[int]:
    """Each gram as a signed 32-bit number. Two may share one: what the index proposes is compared with the text itself."""
    return list(map(_number, grams))


@lru_cache(maxsize=4096)
def indexed(kind: str, value: str) -> tuple[str, tuple[int, ...]]:
    """The folded text of one value of a search kind (text, company, person, phone, email, code), and its grams as numbers."""
    text, grams = cut(kind, value)
    return text, tuple(numbers(grams))


def cut(kind: str, value: str) -> tuple[str, set[str]]:
    """The folded text of one value of a search kind, and its grams."""
    text = _PRIVATE.sub("", fold(value[:MAX_TEXT]))
    if not text:
        return "", set()
    if kind == "phone":
        digits = re.sub(r"\D", "", text)
        lines = dict.fromkeys(filter(None, [digits, (normalise_phone(value) or "").lstrip("+")]))
        return "\n".join(lines), _pieces_of(lines)
    if kind in {"email", "code"}:
        return text, _grams(text) | (_pairs(text) if kind == "code" else set())
    lines, grams = [text], _grams(text) | _pairs(text)
    for reading in pinyin_readings(value[:MAX_TEXT], person=kind == "person"):
        full, initials = reading.full, reading.initials
        lines += [full, initials]
        grams |= {full[:1], full[:2]}
        grams |= _pieces_of([full, initials]) | _pairs(initials)
    grams.discard("")
    return "\n".join(dict.fromkeys(lines)), grams


def _grams(text: str) -> set[str]:
    """What a text in any script gives, pairs of letters apart."""
    found = _pieces_of([text])
    for run in _OTHER.findall(text):
        found.update(run)
        found.update([run[i : i + 2] for i in range(len(run) - 1)])
    return found


def _pieces_of(lines: Iterable[str]) -> set[str]:
    """The fours of every run of letters and digits, and its end."""
    found: set[str] = set()
    for line in lines:
        for run in _LATIN.findall(line):
            if len(run) > 2:
                found.update([run[i : i + 4] for i in range(len(run) - 3)])
                found.add(run[-3:] + _END)
    return found


def _pairs(text: str) -> set[str]:
    return {run[i : i + n] for run in _LATIN.findall(text) for n in (1, 2) for i in range(len(run) - n + 1)}


@dataclass(frozen=True)
class Term:
    """One word of a query. A row that contains its ``text`` holds all of ``grams``, and one of ``ends`` where there are any."""

    text: str
    grams: tuple[int, ...]
    ends: tuple[int, ...] = ()


def terms(query: str) -> list[Term]:
    """The words of a query, folded; a word of digits with separators (138-0000 0000) counts as one number."""
    text = _PRIVATE.sub("", fold(query[:MAX_QUERY]))
    if re.fullmatch(r"\+?[\d\s()-]{5,}", text):
        text = re.sub(r"\D", "", text)
    return [_term(word) for word in text.split()[:MAX_TERMS]]


def _term(word: str) -> Term:
    """The fewest grams that every row containing ``word`` holds."""
    found: set[str] = set()
    for run in _OTHER.findall(word):
        found |= {run} if len(run) == 1 else {run[i : i + 2] for i in range(len(run) - 1)}
    runs = _LATIN.findall(word)
    for run in runs:
        found |= {run[i : i + 4] for i in range(len(run) - 3)}
    if found:
        return Term(word, tuple(numbers(sorted(found))))
    if len(word) == 3:
        return Term(word, (), tuple(numbers([word + last for last in _FOLLOWING])))
    return Term(word, tuple(numbers([word])))
