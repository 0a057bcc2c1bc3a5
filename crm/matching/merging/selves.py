"""Links of an entity to itself: a merged record must not come to stand above itself."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import models

from crm.matching.merging.links import Link, links_to
from crm.records.diff import set_at

DEEPEST = 100


def own_links(model: type[models.Model]) -> list[Link]:
    """The links by which records of the model point at each other."""
    label = model._meta.label_lower
    return [link for way, links in links_to(label).items() if way is model for link in links if not link.pair]


def cut_circles(record: Any, losers: Collection[int]) -> list[str]:
    """Empty those links of the record that lead to itself or to what went into it, directly or by others; returns their names."""
    cut = [link for link in own_links(type(record)) if _leads_back(record, link, {record.pk, *losers})]
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
