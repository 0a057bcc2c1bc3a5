"""Who does something, and why. Passed along, never ambient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Actor:
    """A user (None: the system) and the cause: ``request:<id>``, ``job:<id>``, ``rule:<id>``.

    ``changes`` is the set that takes up all that is written under this actor, where the writer names none.
    """

    user: Any = None
    cause: str = ""
    changes: Any = None

    @classmethod
    def of(cls, request) -> Actor:
        """The signed-in user of a web request."""
        return cls(request.user, f"request:{getattr(request, 'id', '')}".removesuffix(":"))
