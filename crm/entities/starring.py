"""The stars of a page of rows, as the room that keeps them tells."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

# (user, entity, ids) → those that the user starred; entity → where stars of its records are set, but for the id.
_among: list[Callable[[Any, str, Collection[int]], set[int]]] = []
_address: list[Callable[[str], str]] = []


def tell_stars(*, among: Callable[[Any, str, Collection[int]], set[int]], address: Callable[[str], str]) -> None:
    """Let a room tell which records a person starred, and where that is changed."""
    _among[:], _address[:] = [among], [address]


def starred(user: Any, label: str, ids: Collection[int]) -> set[int]:
    """Those of the records that the user starred; one query."""
    return _among[0](user, label, ids) if _among and ids else set()


def star_address(label: str) -> str:
    """Where stars on records of the entity are set: the id and a slash follow. Empty where nothing keeps stars."""
    return _address[0](label) if _address else ""
