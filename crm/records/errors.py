"""Why a write was refused."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models


class Conflict(Exception):
    """Somebody changed the record since it was read; ``current`` is the row as it is now."""

    def __init__(self, current: models.Model | None) -> None:
        super().__init__("The record was changed or deleted by somebody else.")
        self.current = current


class Protected(Exception):
    """Other records still need this one; ``blockers`` lists them."""

    def __init__(self, blockers: Sequence[models.Model]) -> None:
        super().__init__("Other records still need this one.")
        self.blockers = list(blockers)


class Numbered(Exception):
    """Documents with a gap-free number are voided, never removed; ``records`` lists them."""

    def __init__(self, records: Sequence[models.Model]) -> None:
        super().__init__("A document with a number without gaps can't be removed.")
        self.records = list(records)
