"""What an address asks a new record to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def asked_for(initial: Mapping[str, Any], name: str) -> int | None:
    """The id that the address names for a link."""
    raw = str(initial.get(name) or "")
    return int(raw) if raw.isdecimal() and len(raw) < 18 else None
