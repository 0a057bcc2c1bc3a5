"""A row of a file on its way to a record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CREATE, UPDATE, SKIP, REJECT = "create", "update", "skip", "reject"


@dataclass(slots=True)
class Row:
    """``values`` holds cleaned values by field name; ``wanted`` links still to be found or made, by field name; ``later``
    those that another row of the file may be about to make.

    A row with ``reasons`` is rejected; ``notes`` are told but do no harm.
    """

    line: int
    cells: list[str]
    values: dict[str, Any] = field(default_factory=dict)
    wanted: dict[str, str] = field(default_factory=dict)
    later: dict[str, str] = field(default_factory=dict)
    extras: dict[str, str] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    record: Any = None
    verdict: str = ""

    def reject(self, reason: Any) -> None:
        """This row does not come in, because of ``reason``."""
        self.reasons.append(str(reason))
        self.verdict = REJECT

    def skip(self, reason: Any) -> None:
        """This row is left out on purpose."""
        self.notes.append(str(reason))
        self.verdict = SKIP

    @property
    def alive(self) -> bool:
        return self.verdict not in {REJECT, SKIP}
