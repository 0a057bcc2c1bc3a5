"""A record in one line: who it is, and what tells it from others of the same name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm.entities.bound import bind
from crm.entities.entity import entity_of


@dataclass(frozen=True)
class Brief:
    """What a line shows: title, address, facts; ``reasons`` say why it is listed."""

    title: str
    url: str
    icon: str
    entity: str
    facts: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def brief(record: Any, user: Any, reasons: Iterable[Any] = ()) -> Brief:
    """The record's line as ``user`` may read it."""
    bound = bind(entity_of(record), user)
    facts = [text for field in bound.visible(bound.subtitle or ("owner",)) if (text := field.text(record))]
    return Brief(
        str(record), bound.url("record", record.pk), bound.icon, bound.name, facts, [str(reason) for reason in reasons]
    )


def briefs(found: Iterable[Any], user: Any, at_most: int = 5) -> list[Brief]:
    """Lines of the first of some records."""
    return [brief(record, user) for record in list(found)[:at_most]]


@dataclass(frozen=True)
class Twins:
    """Possible duplicates: those the user may see, what is told of the others and where one asks about them, and whether the house refuses to have both; ``notes`` are what looks wrong."""

    lines: list[Brief]
    told: list[str] = field(default_factory=list)
    ask_url: str = ""
    blocked: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def hidden(self) -> int:
        """How many there are that the user may not see."""
        return len(self.told)

    def __len__(self) -> int:
        return len(self.lines) + self.hidden

    def __bool__(self) -> bool:
        return bool(len(self) or self.notes)


def twins_of(found: Sequence[Any], user: Any, at_most: int = 5) -> Twins:
    """Records, or matches that carry a record (None: the user may not see it, what may be ``told`` stands there) and reasons."""
    notes = [item.note for item in found if hasattr(item, "note")]
    found = [item for item in found if not hasattr(item, "note")]
    pairs = [(getattr(item, "record", item), getattr(item, "reasons", ())) for item in found]
    seen = [(record, reasons) for record, reasons in pairs if record is not None]
    told = [getattr(item, "told", "") for item, (record, _reasons) in zip(found, pairs, strict=True) if record is None]
    blocked = any(getattr(item, "blocked", False) for item in found)
    url = next((item.ask_url for item in found if getattr(item, "ask_url", "")), "")
    return Twins([brief(record, user, reasons) for record, reasons in seen[:at_most]], told, url, blocked, notes)
