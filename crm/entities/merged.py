"""Records that went into another one, as the room that merges tells: their pages lead there, their past is read there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

# (entity, ids) → id → the record that took it over; id → all that went into it.
_present: list[Callable[[str, Collection[int]], Mapping[int, int]]] = []
_former: list[Callable[[str, Collection[int]], Mapping[int, list[int]]]] = []


def tell_merges(
    *,
    present: Callable[[str, Collection[int]], Mapping[int, int]],
    former: Callable[[str, Collection[int]], Mapping[int, list[int]]],
) -> None:
    """Let a room tell which records went into which."""
    _present[:], _former[:] = [present], [former]


def present_ids(label: str, ids: Collection[int]) -> Mapping[int, int]:
    """Those of the records that went into another one → the one that is there now."""
    return _present[0](label, ids) if _present and ids else {}


def formers(label: str, ids: Collection[int]) -> Mapping[int, list[int]]:
    """Those of the records that others went into → these, directly or by others."""
    return _former[0](label, ids) if _former and ids else {}


def former_ids(label: str, pk: int) -> list[int]:
    """The records that went into this one, directly or by others."""
    return formers(label, [pk]).get(pk, [])
