"""What the pages of rules say of states and offsets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from crm.entities.entity import registry
from crm.workflows.models import RuleRun

register = template.Library()


@register.filter
def state_label(state: str) -> str:
    """What the state of a run is called."""
    return str(RuleRun.State(state).label)


@register.filter
def size(number: Any) -> int:
    """A number without its sign; 0 where nothing is written."""
    try:
        return abs(int(number))
    except (TypeError, ValueError):
        return 0


@register.filter
def is_before(offset: Mapping[str, Any]) -> bool:
    """Whether an offset lies before its date."""
    return any(str(offset.get(name) or "").startswith("-") for name in ("days", "hours", "minutes"))


@register.simple_tag
def entity_path(label: str, pk: int) -> str:
    """The address of a record's page."""
    return registry[label].url("record", pk)
