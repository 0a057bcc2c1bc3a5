"""What of mine will soon go back to a pool."""

from __future__ import annotations

from typing import Any

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.home.widgets import widget
from crm.ownership.pools import is_pooled

SHOWN = 6


def holds_pooled(user: Any) -> bool:
    """Whether the user sees anything that may go to a pool."""
    return any(is_pooled(one.model) and bind(one, user).can("view") for one in registry.values())


@widget("recycled_soon", slot="side", order=12, template="home/recycled_soon.html", allowed=holds_pooled, lazy=True)
def recycled_soon(user: Any) -> dict | None:
    """The records of each entity whose time is nearly over, the most urgent first; nothing when there are none."""
    groups = []
    for entity in registry.values():
        bound = bind(entity, user)
        if is_pooled(entity.model) and bound.can("view") and bound.readable(["recycle_at"]):
            rows = bound.records().filter(owner=user, recycle_at__isnull=False).order_by("recycle_at", "pk")
            found = list(rows[: SHOWN + 1])
            if found:
                url = f"{entity.url('list')}?view=recycled_soon"
                groups.append({"entity": bound, "records": found[:SHOWN], "more": len(found) > SHOWN, "url": url})
    return {"groups": groups} if groups else None
