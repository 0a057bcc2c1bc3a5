"""What a board is made of: its lanes and its cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Lane:
    """One lane of a board: the value that its cards have, what it is called, its colour. ``drop_only``: takes cards, lists none."""

    value: Any
    label: str
    colour: str = "slate"
    drop_only: bool = False


@dataclass(frozen=True)
class Lanes:
    """The lanes of a board and, where there are several boards, the ones to choose from as (label, parameter, value)."""

    lanes: Sequence[Lane]
    choices: Sequence[tuple[str, str, str]] = ()
    chosen: str = ""

    @property
    def chosen_value(self) -> str:
        """What the address says for the board that is shown; empty where there is only one."""
        return next((value for label, _name, value in self.choices if label == self.chosen), "")


@dataclass(frozen=True)
class Card:
    """What a card of a board shows: ``texts`` fill the board's template, ``flags`` say how it looks (crm/entities/moulds.py)."""

    texts: Mapping[str, str]
    flags: Mapping[str, Any]
