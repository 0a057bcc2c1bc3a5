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
from operator import add
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


class _Written(dict[str, str]):
    """Each gram's number as it is written into an array."""

    def __missing__(self, gram: str) -> str:
        text = str(_number(gram))
        if len(self) < _KEEP_AT_MOST:
            self[gram] = text
        return text


_as_text = _Written().__getitem__


def as_texts(grams: Iterable[str]) -> list[str]:
    """The numbers of grams in digits."""
    return list(map(_as_text, grams))


@lru_cache(maxsize=4096)
def indexed(kind: str, value: str) -> tuple[str, list[str]]:
    """The folded text of one value of a search kind, and the numbers of its grams in digits, some twice."""
    text, grams = cut(kind, value)
    return text, as_texts(grams)


def cut(kind: str, value: str) -> tuple[str, list[str]]:
    """The folded text of one value of a search kind (text, company, person, phone, email, code), and its grams, some twice."""
    value = value[:MAX_TEXT]
    text = fold(value)
    if not text.isascii():
        text = _PRIVATE.sub("", text)
    if not text:
        return "", []
    if kind == "phone":
        digits = text if text.isdecimal() else re.sub(r"\D", "", text)
        lines = dict.fromkeys(filter(None, [digits, (normalise_phone(value) or "").lstrip("+")]))
        return "\n".join(lines), [gram for line in lines for gram in _pieces(line)]
    grams = _pieces(text, pairs=kind != "email")
    for run in _OTHER.findall(text):
        grams += run
        grams += map(add, run, run[1:])
    if kind in {"email", "code"}:
        return text, grams
    lines = {text: None}
    for reading in pinyin_readings(value, person=kind == "person"):
        full, initials = reading.full, reading.initials
        if full:
            grams += (full[0], full[:2])
            grams += _pieces(full)
            grams += _pieces(initials, pairs=True)
        lines[full] = lines[initials] = None
    return "\n".join(lines), grams


def _pieces(line: str, *, pairs: bool = False) -> list[str]:
    """The fours of every run of letters and digits, and its end; with ``pairs`` its single and double characters too."""
    found: list[str] = []
    for run in (line,) if line.isascii() and line.isalnum() else _LATIN.findall(line):
        if pairs:
            found += run
            found += map(add, run, run[1:])
        if len(run) > 2:
            found += [run[i : i + 4] for i in range(len(run) - 3)]
            found.append(run[-3:] + _END)
    return found


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
