"""What a person starred last, of all entities."""

from __future__ import annotations

from typing import Any

from crm.activities.starring import latest
from crm.entities.entity import registry
from crm.home.widgets import widget

SHOWN = 10


@widget("starred", slot="side", order=8, template="home/starred.html", allowed=lambda user: True, lazy=True)
def starred(user: Any) -> dict | None:
    """The last ones, as far as the person may see them; nothing where there are none."""
    rows = [{"icon": registry[label].icon, "ref": ref} for label, ref in latest(user, SHOWN)]
    return {"records": rows} if rows else None
