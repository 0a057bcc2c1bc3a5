"""A look at all rows before anything is decided: how many there are, what each column holds, in which order its dates stand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

from crm.exchange.importing.source import batches, table_of
from crm.exchange.models import Import
from crm.lib.dates import decide_date_order

FEW = 200
SAMPLES = 3
DATES_AT_MOST = 50_000
_DATE = re.compile(r"\s*\d{1,4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,4}")


class ColumnLook:
    """What one column holds. ``distinct`` counts its values while they are few."""

    def __init__(self, heading: str) -> None:
        self.heading = heading
        self.filled = 0
        self.samples: list[str] = []
        self.distinct: Counter[str] | None = Counter()
        self.dates: set[str] = set()

    def take(self, texts: Iterable[str]) -> None:
        """Look at a batch of cells."""
        counts = Counter(text.strip()[:200] for text in texts)
        counts.pop("", None)
        self.filled += counts.total()
        if len(self.samples) < SAMPLES:
            self.samples = list(dict.fromkeys([*self.samples, *counts]))[:SAMPLES]
        if self.distinct is not None:
            self.distinct.update(counts)
            if len(self.distinct) > FEW:
                self.distinct = None
        if len(self.dates) < DATES_AT_MOST:
            self.dates.update(text for text in counts if _DATE.match(text))

    def told(self) -> dict:
        """The look as JSON."""
        order, ambiguous = decide_date_order(self.dates) if self.dates else (None, False)
        distinct = self.distinct.most_common() if self.distinct is not None else None
        return {
            "heading": self.heading,
            "filled": self.filled,
            "samples": self.samples,
            "distinct": distinct,
            "order": order,
            "ambiguous": ambiguous,
        }


def analyse(run: Import, *, most: int | None = None, told: Callable[[int], None] = lambda rows: None) -> dict:
    """The look at the whole file, or at its first ``most`` rows; ReadError when it can't be read so far."""
    looks = [ColumnLook(heading) for heading in table_of(run).columns]
    rows = 0
    for batch in batches(run, 5000 if most is None else most):
        rows += len(batch)
        for index, look in enumerate(looks):
            look.take([row.cells[index] for row in batch])
        told(rows)
        if most is not None and rows >= most:
            break
    return {"rows": rows, "columns": [look.told() for look in looks]}
