"""Links of an entity to itself: a merged record must not come to stand above itself."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from crm.matching.merging.links import Link, links_to
from crm.records.diff import set_at

DEEPEST = 100


def cut_circles(record: Any, losers: Collection[int]) -> list[str]:
    """Empty those links of the record that lead to itself or to what went into it, directly or by others; returns their names."""
    label = record._meta.label_lower
    own = [link for model, links in links_to(label).items() if model._meta.label_lower == label for link in links]
    cut = [link for link in own if not link.pair and _leads_back(record, link, {record.pk, *losers})]
    for link in cut:
        set_at(record, link.name, None)
    return [link.name for link in cut]


def _leads_back(record: Any, link: Link, selves: set[int]) -> bool:
    at = link.points_at(record)
    for _step in range(DEEPEST):
        if at is None:
            return False
        if at in selves:
            return True
        above = type(record)._base_manager.filter(pk=at).first()
        at = link.points_at(above) if above is not None else None
    return True
