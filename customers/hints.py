"""Suggestions beside form fields: the same that record pages make, for what is being typed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crm.entities.bound import BoundEntity
from crm.entities.hints import Hint, set_hinter
from customers.suggesting.proposals import proposals_of


@set_hinter
def hints(bound: BoundEntity, record: Any) -> Iterator[Hint]:
    """Proposals as hints."""
    for one in proposals_of(bound, record):
        why = f"{one.why} · {one.detail}" if one.detail else one.why
        yield Hint(one.field, one.label, one.raw, one.shown, why)
