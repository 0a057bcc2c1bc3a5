"""Where data of a person lie besides their own record: rooms declare their places, and each is counted, told and emptied alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from crm.privacy.known import Known
from crm.records.actor import Actor
from crm.records.models import Record


@dataclass
class Subject:
    """The person as erasing and exporting see them. ``contents`` and ``paths`` gather what is to be unlinked once all is committed."""

    persons: list[Record]
    known: Known
    files_elsewhere: bool = False
    contents: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)

    @property
    def keys(self) -> list[tuple[str, int]]:
        """(entity, id) of each record of the person."""
        return [(record.entity_label(), record.pk) for record in self.persons]


@dataclass(frozen=True)
class Place:
    """``count`` and ``erase`` say how many things there are and went; ``rows`` yields what an export tells of them; ``files``
    yields (name, path) of the files that belong to them."""

    name: str
    label: Any
    count: Callable[[Subject], int]
    erase: Callable[[Subject, Actor], int]
    rows: Callable[[Subject], Iterable[dict]] = lambda subject: ()
    files: Callable[[Subject], Iterable[tuple[str, Any]]] = lambda subject: ()
    order: int = 0


_places: dict[str, Place] = {}


def add_place(place: Place) -> Place:
    """Make a place known."""
    _places[place.name] = place
    return place


def places() -> list[Place]:
    """Every place, in the order in which they are emptied."""
    return sorted(_places.values(), key=lambda place: place.order)
