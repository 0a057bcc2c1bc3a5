"""The way from a record to what rules did with it."""

from __future__ import annotations

from typing import Any

from crm.entities.panels import panel


@panel("*", slot="menu", template="workflows/menu.html")
def automation_link(record: Any, user: Any) -> dict[str, Any]:
    """An item of the record's menu."""
    return {"automation_label": record.entity_label()}
