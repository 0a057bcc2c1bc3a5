"""What the import would do: the whole file judged without writing anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from crm.exchange.importing.judge import Judge, outcome
from crm.exchange.importing.plan import Plan
from crm.exchange.importing.rows import Row
from crm.exchange.importing.source import batches
from crm.exchange.importing.targets import target_of
from crm.exchange.importing.trial import try_out
from crm.exchange.importing.writing import BATCH, storable
from crm.exchange.models import Import

SHOWN = 200
REASONS = 40
INLINE = 2000


def look_ahead(run: Import, *, most: int | None = None, told: Callable[[int], None] = lambda done: None) -> dict:
    """Verdicts of the first 200 rows, counts and reasons over all of them (or the first ``most``), names to be created."""
    plan = Plan(run, target_of(run.label, run.user))
    judge = Judge(plan, remember=True)
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    shown: list[dict] = []
    warned = done = 0
    for rows in batches(run, BATCH):
        rows = rows[: most - done] if most is not None else rows
        judge.judge(rows)
        try_out(rows, plan.target)
        done += len(rows)
        counts.update(outcome(rows, {row.record.pk for row in rows if row.record is not None}))
        for row in rows:
            reasons.update(dict.fromkeys(row.reasons or row.notes, 1))
            warned += bool(row.notes and row.alive)
        shown += [_shown(row) for row in rows[: SHOWN - len(shown)]]
        told(done)
        if most is not None and done >= most:
            break
    made = {name: {"count": len(names), "names": sorted(names.values())[:30]} for name, names in judge.made.items()}
    return {
        "counts": dict(counts),
        "warned": warned,
        "rows": done,
        "reasons": [[storable(reason), number] for reason, number in reasons.most_common(REASONS)],
        "shown": shown,
        "made": made,
        "complete": most is None or done < most,
    }


def _shown(row: Row) -> dict:
    return {
        "line": row.line,
        "verdict": row.verdict,
        "cells": [storable(cell[:80]) for cell in row.cells[:12]],
        "reasons": [storable(text) for text in (row.reasons or row.notes)],
    }
