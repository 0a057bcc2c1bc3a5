"""When a node is complete and whose turn it is. Pure: the one place that knows what “all”, “any” and “in order” mean.

The signatures of a node form lines, each signed from its first position to its last. “all” needs every line, “any” one of
them, “in order” has everybody in one line. Whoever is added before or after somebody stands in that person's line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

ALL, ANY, ORDER = "all", "any", "order"
MODES = (ALL, ANY, ORDER)


class Signature(Protocol):
    """What ``crm.approvals.models.ApprovalTask`` has."""

    line: int
    position: int

    @property
    def agreed(self) -> bool: ...


def lines_of(count: int, mode: str) -> list[tuple[int, int]]:
    """(line, position) of each of ``count`` people."""
    return [(0, index) if mode == ORDER else (index, 0) for index in range(count)]


def grouped(signatures: Iterable[Signature]) -> list[list[Signature]]:
    """The lines, each in its order."""
    found: dict[int, list[Signature]] = defaultdict(list)
    for one in signatures:
        found[one.line].append(one)
    return [sorted(line, key=lambda one: one.position) for _number, line in sorted(found.items())]


def turn(line: Sequence[Signature]) -> Signature | None:
    """Whose turn it is in a line; None once all of it agreed."""
    return next((one for one in line if not one.agreed), None)


def is_complete(signatures: Iterable[Signature], mode: str) -> bool:
    """Whether the node needs nobody's signature any more."""
    done = [turn(line) is None for line in grouped(signatures)]
    return any(done) if mode == ANY and done else all(done)


def whose_turn(signatures: Iterable[Signature]) -> list[Signature]:
    """Those who may sign now, one a line."""
    return [one for line in grouped(signatures) if (one := turn(line)) is not None]
