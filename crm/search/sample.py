"""How frequent something is: a few thousand rows of the index, kept in the process and counted when a query is planned."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

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


Told = tuple[str, int | None, int | None, str]


@dataclass(frozen=True)
class Share:
    """Estimated rows of the whole index: all, those that match, those within reach, those that do both; and which part of the
    newest does both."""

    rows: float
    matching: float
    reached: float
    both: float
    newest: float


class Sample:
    """(entity, owner, department, text) of some rows, and of how many."""

    def __init__(self) -> None:
        self.rows: list[Told] = []
        self.newest: list[Told] = []
        self.total = 0.0
        self.until = 0.0

    def refresh(self) -> None:
        """Look again when it is old. Whole pages are drawn, which costs some milliseconds."""
        if time.monotonic() < self.until:
            return
        table = connection.ops.quote_name(SearchRow._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute("select reltuples from pg_class where oid = %s::regclass", [table])
            self.total = max(0.0, cursor.fetchone()[0])
            self.rows, self.newest = [], []
            if self.total > SMALL:
                percent = min(100, 100 * ROWS / self.total)
                told = f"select entity, owner_id, department_id, haystack from {table}"
                cursor.execute(f"{told} tablesample system (%s)", [percent])
                self.rows = cursor.fetchall()
                cursor.execute(f"{told} order by at desc, id desc limit %s", [NEWEST])
                self.newest = cursor.fetchall()
        self.until = time.monotonic() + KEEP_SECONDS

    def share(self, words: Sequence[Term], reach: Sequence[Reach]) -> Share | None:
        """The estimate; None while the index is small."""
        self.refresh()
        if not self.rows:
            return None
        matching = _matching(self.rows, words)
        weight = self.total / len(self.rows)
        new = _within(_matching(self.newest, words), reach) / max(1, len(self.newest))
        return Share(
            self.total,
            len(matching) * weight,
            _within(self.rows, reach) * weight,
            _within(matching, reach) * weight,
            new,
        )


def _matching(rows: Sequence[Told], words: Sequence[Term]) -> list[Told]:
    texts = [word.text for word in words]
    return [row for row in rows if all(text in row[3] for text in texts)]


def _within(rows: Sequence[Told], reach: Sequence[Reach]) -> int:
    return sum(any(each.holds(*row[:3]) for each in reach) for row in rows)


sample = Sample()
