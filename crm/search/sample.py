"""How frequent something is: a few thousand rows of the index, kept in the process and counted when a query is planned."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from operator import itemgetter
from typing import TypeVar

from django.db import connection

from crm.search.grams import Term
from crm.search.models import SearchRow
from crm.search.reach import Reach

ROWS = 3000
# The newest rows need not be like the others: what is walked is asked of them.
NEWEST = 4000
# Below this many rows the inverted index alone is quick, whatever is asked.
SMALL = 20_000
KEEP_SECONDS = 900
KEEP_REACHES = 500
# So many rows of the sample tell where the latest of them stand.
ENOUGH = 4


Told = tuple[str, int | None, int | None, str]
Drawn = tuple[str, int | None, int | None, str, int]
Place = tuple[str, int | None, int | None]
T = TypeVar("T", bound=tuple)


@dataclass(frozen=True)
class Share:
    """Estimated rows of the whole index: all, those that match, those within reach, those that do both; which part of the
    newest does both; and among how many of the latest some hundred do both, where thousands do."""

    rows: float
    matching: float
    reached: float
    both: float
    newest: float
    depth: float = inf


class Sample:
    """(entity, owner, department, text) of some rows, and of how many; when each was written, the newest first."""

    def __init__(self) -> None:
        self.rows: list[Drawn] = []
        self.newest: list[Told] = []
        self.times: list[datetime] = []
        self.total = 0.0
        self.until = 0.0
        self.places: Counter[Place] = Counter()
        self.reached: dict[tuple[Reach, ...], int] = {}

    def refresh(self) -> None:
        """Look again when it is old. Whole pages are drawn, which costs some milliseconds."""
        if time.monotonic() < self.until:
            return
        table = connection.ops.quote_name(SearchRow._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute("select reltuples from pg_class where oid = %s::regclass", [table])
            self.total = max(0.0, cursor.fetchone()[0])
            self.rows, self.newest, self.times = [], [], []
            if self.total > SMALL:
                percent = min(100, 100 * ROWS / self.total)
                told = "select entity, owner_id, department_id, haystack"
                cursor.execute(f"{told}, at from {table} tablesample system (%s)", [percent])
                drawn = sorted(cursor.fetchall(), key=itemgetter(4), reverse=True)
                self.rows = [(*row[:4], rank) for rank, row in enumerate(drawn)]
                self.times = [row[4] for row in drawn]
                cursor.execute(f"{told} from {table} order by at desc, id desc limit %s", [NEWEST])
                self.newest = cursor.fetchall()
        self.places, self.reached = Counter(row[:3] for row in self.rows), {}
        self.until = time.monotonic() + KEEP_SECONDS

    def share(self, words: Sequence[Term], reach: Sequence[Reach]) -> Share | None:
        """The estimate; None while the index is small."""
        self.refresh()
        if not self.rows:
            return None
        matching = _matching(self.rows, words)
        both = [row for row in matching if any(each.holds(*row[:3]) for each in reach)]
        weight = self.total / len(self.rows)
        new = _within(Counter(row[:3] for row in _matching(self.newest, words)), reach) / max(1, len(self.newest))
        return Share(
            self.total,
            len(matching) * weight,
            self._reached(tuple(reach)) * weight,
            len(both) * weight,
            new,
            # A part of the way to the first, a smaller one to the second: one of them alone may stand there by chance.
            max(both[0][4] / 2, both[1][4] / 4) * weight if len(both) >= ENOUGH else inf,
        )

    def _reached(self, reach: tuple[Reach, ...]) -> int:
        found = self.reached.get(reach)
        if found is None:
            if len(self.reached) >= KEEP_REACHES:
                self.reached.clear()
            found = self.reached[reach] = _within(self.places, reach)
        return found

    def since(self, rows: float) -> datetime | None:
        """From when on about so many rows of the whole index were written; None when that can't be told."""
        place = int(rows / self.total * len(self.times)) if self.total else 0
        return self.times[place] if 0 < place < len(self.times) else None


def _matching(rows: Sequence[T], words: Sequence[Term]) -> Sequence[T]:
    # Thousands of rows for each query: one plain loop a word, the later ones over the few that are left.
    for text in (word.text for word in words):
        rows = [row for row in rows if text in row[3]]
    return rows


def _within(places: Counter[Place], reach: Sequence[Reach]) -> int:
    return sum(count for place, count in places.items() if any(each.holds(*place) for each in reach))


sample = Sample()
