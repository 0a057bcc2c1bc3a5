"""The regions and industries that every installation starts with, from the files in ``data/``."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import models

DATA = Path(__file__).parent / "data"


def load_regions(region: type[models.Model]) -> int:
    """Add the regions that are missing, by code; what admins changed stays. Returns how many were added."""
    return _load(region, "regions.csv", ("kind",))


def load_industries(industry: type[models.Model]) -> int:
    """Add the industries that are missing, by code; what admins changed stays. Returns how many were added."""
    return _load(industry, "industries.csv", ())


def _load(model: type[models.Model], file: str, extra: tuple[str, ...]) -> int:
    """Parents stand above their children in the file, so that a level at a time is complete."""
    known: dict[str, Any] = {node.code: node for node in model.objects.exclude(code="")}
    rows = [(position, row) for position, row in enumerate(_rows(file)) if row["code"] not in known]
    added = len(rows)
    while rows:
        ready = [(position, row) for position, row in rows if not row["parent"] or row["parent"] in known]
        nodes = [
            model(
                code=row["code"],
                name=row["name"],
                parent=known.get(row["parent"]),
                position=position,
                aliases=[alias for alias in row["aliases"].split(";") if alias],
                **{name: row[name] for name in extra},
            )
            for position, row in ready
        ]
        known |= {node.code: node for node in model.objects.bulk_create(nodes)}
        rows = [(position, row) for position, row in rows if row["code"] not in known]
    return added


def _rows(file: str) -> Iterator[dict[str, str]]:
    with (DATA / file).open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)
