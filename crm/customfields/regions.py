"""The provinces and cities that addresses know, by every name people write, as one look-up a process."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field

from crm.reference.models import Region

KEPT_SECONDS = 600
_ENDING = re.compile(r"(?:维吾尔|壮族|回族)?自治区$|特别行政区$|[\u4e00-\u9fff]{2,}?自治州$|(?:省|市|地区|盟)$")


@dataclass
class Place:
    """A province or a city with the names by which it is written."""

    name: str
    code: str
    parent: str = ""
    words: set[str] = field(default_factory=set)


@dataclass
class Known:
    """All places, and when they were read."""

    at: float
    provinces: list[Place]
    cities: list[Place]


_known: list[Known] = []


def known() -> Known:
    """The places, read again now and then: administrators may add some."""
    if not _known or time.monotonic() - _known[0].at > KEPT_SECONDS:
        _known[:] = [_read()]
    return _known[0]


def _read() -> Known:
    rows = list(Region.objects.filter(active=True, kind__in=["province", "city"]).select_related("parent"))
    made = {row.pk: Place(row.name, row.code, row.parent.name if row.parent else "", _words(row)) for row in rows}
    return Known(
        time.monotonic(),
        [made[row.pk] for row in rows if row.kind == "province"],
        [made[row.pk] for row in rows if row.kind == "city"],
    )


def _words(row: Region) -> set[str]:
    short = _ENDING.sub("", row.name)
    return {row.name, *row.aliases, *([short] if len(short) > 1 else [])}


def leading(text: str, places: list[Place]) -> tuple[Place | None, str]:
    """The place with whose longest name the text begins, and the rest of the text."""
    found = max(
        ((len(word), place) for place in places for word in place.words if text.startswith(word)),
        key=lambda pair: pair[0],
        default=None,
    )
    return (found[1], text[found[0] :]) if found else (None, text)


def named(text: str, places: list[Place]) -> Place | None:
    """The place that is called so."""
    return next((place for place in places if text in place.words), None)
