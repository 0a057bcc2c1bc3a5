"""Which province and city an address names, as people write it: short forms, traditional characters, without province, by district.

A name that could mean two places gives none: this makes suggestions, and a wrong one costs more than none. Districts are read
from ``data/districts.csv`` (GB/T 2260, from china-division 2.7, MIT); they are not regions themselves.
"""

from __future__ import annotations

import csv
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from crm.lib.text import fold
from crm.reference.loading import DATA
from crm.reference.models import Region

KEPT_SECONDS = 600
_NOISE = re.compile(r"[\s,，、;；:：·/\\|_-]+|^(?:\d{6}(?=[^\d]))")
_COUNTRY = re.compile(r"^(?:中国|中华人民共和国|china|prc)")
_ENDING = re.compile(
    r"(?:维吾尔|壮族|回族)?自治区$|特别行政区$|(?:[\u4e00-\u9fff]{1,4}族)+自治[州县]$|(?:省|市|地区|盟)$"
)
# 南京路, 中山东一路, 北京大道: a street, not the place it is named after; 朝阳区, 西安乡: another place of the same name.
_OTHERWISE = re.compile(
    r"^[东南西北中]?[一二三四五六七八九十]?(?:路|街|巷|弄|里|大道|大街|胡同|桥|广场|大厦|区|县|镇|乡|村)"
)
_DISTRICT_END = re.compile(r"(?:区|县|市|旗)$")


@dataclass(frozen=True)
class Place:
    """A province, city or district with the names by which it is written; ``within`` are the codes above it."""

    name: str
    code: str
    pk: int
    within: tuple[str, ...]
    words: tuple[str, ...]
    province: bool = False


@dataclass
class Known:
    """The places by the first two characters of their names, and when they were read."""

    at: float
    regions: Mapping[str, list[tuple[str, bool, Place]]]
    districts: Mapping[str, list[tuple[str, Place]]]
    by_code: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True)
class Address:
    """What an address says of where it is: the region (a city, else a province), the district where one is named, the rest."""

    region: int
    name: str
    district: str
    rest: str


_known: list[Known] = []


def read_address(text: str) -> Address | None:
    """The region that an address names; None where it names none, or might mean several."""
    plain = _NOISE.sub("", fold(text)[:300])
    plain = _COUNTRY.sub("", plain)
    known = _places()
    province, rest = _leading(plain, known, None, provinces=True)
    city, after = _leading(rest, known, province, provinces=False)
    if province is None and city is None:
        province, rest = None, plain
    above = city or province
    rest = after if city else rest
    if above is not None and above.province and rest.startswith(above.name):
        rest = rest[len(above.name) :]  # 北京市北京市朝阳区
    district, tail = _district(rest, known, above)
    if district is not None:
        above = known.by_code.get(district.within[0], above)
        rest = tail
    if above is None:
        return None
    return Address(above.pk, above.name, district.name if district else "", rest)


def _leading(text: str, known: Known, province: Place | None, *, provinces: bool) -> tuple[Place | None, str]:
    """The longest name of a province, or of a city in it, with which the text begins."""
    found = [
        (word, full, place)
        for word, full, place in known.regions.get(text[:2], ())
        if text.startswith(word) and (province is None or place.province or province.code in place.within)
    ]
    if not found:
        return None, text
    longest = max(len(word) for word, _full, _place in found)
    best = [(word, full, p) for word, full, p in found if len(word) == longest and p.province == provinces]
    word, full, place = best[0] if len({p.code for _w, _f, p in best}) == 1 else ("", False, None)
    if place is None or (not full and _OTHERWISE.match(text[len(word) :])):
        return None, text
    return place, text[len(word) :]


def _district(text: str, known: Known, above: Place | None) -> tuple[Place | None, str]:
    """The district with which the text begins, within what is known already; alone it must be the only one of its name."""
    found = [
        (word, place)
        for word, place in known.districts.get(text[:2], ())
        if text.startswith(word) and (above is None or above.code in place.within)
    ]
    if above is None:
        found = [(word, place) for word, place in found if word == place.name]
    if not found:
        return None, text
    longest = max(len(word) for word, _place in found)
    best = {place.code: (word, place) for word, place in found if len(word) == longest}
    if len(best) != 1:
        return None, text
    word, place = next(iter(best.values()))
    if word != place.name and _OTHERWISE.match(text[len(word) :]):
        return None, text
    return place, text[len(word) :]


def _places() -> Known:
    """The places, read again now and then: administrators may add some."""
    if not _known or time.monotonic() - _known[0].at > KEPT_SECONDS:
        _known[:] = [_read()]
    return _known[0]


def forget() -> None:
    """Read the places anew at the next question."""
    _known.clear()


def _read() -> Known:
    rows = list(Region.objects.filter(active=True, kind__in=["province", "city"]).select_related("parent"))
    by_code = {}
    for row in rows:
        above = (row.parent.code,) if row.parent and row.kind == "city" else ()
        words = _words(row.name, row.aliases)
        by_code[row.code or f"#{row.pk}"] = Place(row.name, row.code, row.pk, above, words, row.kind == "province")
    regions: dict[str, list[tuple[str, bool, Place]]] = defaultdict(list)
    for place in by_code.values():
        for word in place.words:
            regions[word[:2]].append((word, word == fold(place.name), place))
    districts: dict[str, list[tuple[str, Place]]] = defaultdict(list)
    for code, name, region in _districts():
        holder = by_code.get(region)
        if holder is None:
            continue
        short = _DISTRICT_END.sub("", name)
        words = (name, *([short] if len(short) > 1 else ()))
        made = Place(name, code, holder.pk, (region, *holder.within), words)
        for word in words:
            districts[word[:2]].append((word, made))
    return Known(time.monotonic(), regions, districts, by_code)


def _words(name: str, aliases: Iterable[str]) -> tuple[str, ...]:
    short = _ENDING.sub("", name)
    return tuple(
        dict.fromkeys(fold(w).replace(" ", "") for w in (name, *aliases, *([short] if len(short) > 1 else [])))
    )


@cache
def _districts() -> list[tuple[str, str, str]]:
    with (DATA / "districts.csv").open(encoding="utf-8", newline="") as stream:
        return [(row["code"], row["name"], row["region"]) for row in csv.DictReader(stream)]
