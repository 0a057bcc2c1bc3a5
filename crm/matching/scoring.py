"""How much two records look like the same thing: points out of 100, and the reasons in words.

Each thing that agrees says so with some certainty; independent ones add up as chances do (1 − Π(1 − p)). What stands against it
(another tax id, another place, another branch) outweighs names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from crm.lib.company_names import CompanyName, read_company, same_place, sound_of
from crm.lib.folding import fold
from crm.lib.uscc import is_credit_code
from crm.matching.keys import Key, keys_of, matched
from crm.matching.models import MatchKey

Kind = MatchKey.Kind
NAME = "name"
# How certain one shared value is. A credit code that is no valid one may be a filler.
SURE = {"tax_id": 0.97, "email": 0.85, "phone": 0.78, "person": 0.8, "domain": 0.35}
UNSURE_TAX = 0.92
NAME_COUNTS = 0.95
SAME_PERSON = 0.5
APART = 0
CAP_OF_OTHER_TAX = 45
# What two persons' or companies' differing names leave of a shared number: switchboards and agents serve many.
OTHER_NAME = 0.93


class Reason(NamedTuple):
    """What agrees, and for names how far."""

    kind: str
    percent: int | None = None

    def __str__(self) -> str:
        if self.percent is not None and self.percent < 100:
            return _("Name %(percent)s %% alike") % {"percent": self.percent}
        return str(_SAID[self.kind]())


_SAID = {
    "tax_id": lambda: _("Same tax id"),
    "email": lambda: _("Same e-mail"),
    "phone": lambda: _("Same phone"),
    "person": lambda: _("Same name at the same account"),
    "company": lambda: _("Same company name"),
    "domain": lambda: _("Same domain"),
    "sound": lambda: _("Name sounds alike"),
    NAME: lambda: _("Same name"),
    "identity": lambda: _("Same account or card"),
}


@dataclass(frozen=True)
class Facts:
    """What is compared of one record."""

    label: str
    name: str
    person: bool
    keys: frozenset[Key]

    def of(self, kind: str) -> set[str]:
        """Its values of one kind."""
        return {key.value for key in self.keys if key.kind == kind}


@dataclass(frozen=True)
class Verdict:
    """Points from 0 to 100 and what they are for, the strongest reason first."""

    points: int
    reasons: tuple[Reason, ...] = ()


def facts_of(record: Any) -> Facts:
    """What is compared of a record, saved or not."""
    how = matched(record._meta.label_lower)
    return Facts(how.label, str(getattr(record, how.name) or ""), how.person(record), keys_of(record))


def compare(one: Facts, other: Facts, ignored: Iterable[str] = ()) -> Verdict:
    """How alike two records are; kinds that are ``ignored`` do not count."""
    ignored = set(ignored)
    shared = {key.kind for key in one.keys & other.keys} - ignored
    chances: list[tuple[float, Reason]] = []
    names = None if {NAME, "company"} & ignored else _names(one, other)
    for kind in shared & SURE.keys():
        chance = SURE[kind]
        if kind == "tax_id" and not any(is_credit_code(value) for value in one.of(kind) & other.of(kind)):
            chance = UNSURE_TAX
        if kind in {"phone", "email"} and names == APART:
            chance *= OTHER_NAME
        chances.append((chance, Reason(kind)))
    if names:
        if one.person:
            chances.append((SAME_PERSON, Reason(NAME)))
        else:
            chances.append((names / 100 * NAME_COUNTS, Reason("company", names)))
    left = 1.0
    for chance, _reason in chances:
        left *= 1 - chance
    points = round(100 * (1 - left))
    if _other_tax(one, other):
        points = min(points, CAP_OF_OTHER_TAX)
    chances.sort(key=lambda pair: -pair[0])
    return Verdict(points, tuple(reason for chance, reason in chances))


def _other_tax(one: Facts, other: Facts) -> bool:
    """Whether both have a valid credit code, and not the same one: two legal persons."""
    codes = [{code for code in facts.of("tax_id") if is_credit_code(code)} for facts in (one, other)]
    return bool(codes[0] and codes[1] and not codes[0] & codes[1])


def _names(one: Facts, other: Facts) -> int | None:
    """How alike the names are; None where names say nothing between two such records."""
    if not one.name or not other.name or one.person != other.person:
        return None
    if one.person:
        same = "".join(fold(one.name).split()) == "".join(fold(other.name).split())
        return 100 if same else APART
    return alike(one.name, other.name)


def alike(one: str, other: str) -> int:
    """How alike two company names are, 0 to 100; 0 where something tells them apart whatever else agrees."""
    a, b = read_company(one), read_company(other)
    if not a.core or not b.core or a.branch != b.branch or a.numbers != b.numbers or not same_place(a, b):
        return APART
    if a.core == b.core:
        return 100 if a.places == b.places else 94
    if a.branch:
        return APART
    return _latin(a, b) if a.latin and b.latin else _han(a, b)


def _han(a: CompanyName, b: CompanyName) -> int:
    """Two names in characters, whose stems and trades are compared each for itself."""
    if a.stem == b.stem:
        if not a.trade or not b.trade:
            return 88
        return 86 if a.trade in b.trade or b.trade in a.trade else 62
    if a.trade and b.trade and a.trade != b.trade:
        return APART
    stems = _stems(a.stem, b.stem, sure=a.trade == b.trade != "")
    return stems if a.trade == b.trade else max(APART, stems - 6)


def _stems(one: str, other: str, *, sure: bool) -> int:
    """Two stems that differ: by a slip of the input method, by a character left out, or because they are others.

    Brands of two characters that only sound alike are others, unless the same trade stands behind both: then it is ``sure``.
    """
    longest = max(len(one), len(other))
    if sound_of(one) == sound_of(other):
        if longest >= 3:
            return 90 if set(one) & set(other) else 66
        return 77 if sure and set(one) & set(other) else 66
    slips = Levenshtein.distance(one, other)
    if slips == 1 and len(one) == len(other):
        return 84 if longest >= 6 else 66
    if slips == 1:
        return 86 if longest >= 5 else 66
    if sorted(one) == sorted(other) and longest >= 4:
        return 80
    return min(60, round(fuzz.ratio(one, other) * 0.6))


def _latin(a: CompanyName, b: CompanyName) -> int:
    """Two names in letters, word by word."""
    one, other = sorted(a.words), sorted(b.words)
    if one == other:
        return 98
    joined = fuzz.ratio(a.core, b.core)
    if len(one) != len(other):
        return round(joined) if joined >= 92 and min(len(a.core), len(b.core)) >= 6 else min(60, round(joined * 0.6))
    pairs = list(zip(a.words, b.words, strict=True))
    differing = [(x, y) for x, y in pairs if x != y]
    if all(_same_word(x, y) for x, y in differing):
        return max(80, round(joined))
    return min(60, round(joined * 0.6))


def _same_word(one: str, other: str) -> bool:
    """Whether one word is a slip of the other: one letter in a word of five, two in one of nine."""
    longest = max(len(one), len(other))
    allowed = 2 if longest >= 9 else 1 if longest >= 5 else 0
    return Levenshtein.distance(one, other) <= allowed or (longest >= 5 and _turned(one, other))


def _turned(one: str, other: str) -> bool:
    """Whether two neighbouring letters changed places."""
    if len(one) != len(other):
        return False
    differing = [number for number, (x, y) in enumerate(zip(one, other, strict=True)) if x != y]
    if len(differing) != 2 or differing[1] != differing[0] + 1:
        return False
    first, second = differing
    return one[first] == other[second] and one[second] == other[first]
