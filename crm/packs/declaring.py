"""Packs as they are declared: parts of any kind, in both languages, in data of our own (``crm/packs/library``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import get_language

packs: dict[str, Pack] = {}


def said(data: Mapping[str, Any], name: str) -> str:
    """The text ``name`` of a declaration in the active language; where one is missing the other stands in."""
    zh, en = data.get(f"{name}_zh", ""), data.get(f"{name}_en", "")
    return zh or en if (get_language() or "zh").startswith("zh") else en or zh


def texts(data: Mapping[str, Any], name: str) -> set[str]:
    """The text ``name`` in every language it is declared in."""
    return {data.get(f"{name}_zh", ""), data.get(f"{name}_en", "")} - {""}


def strings(data: Any) -> Iterator[str]:
    """Every text that stands anywhere in a declaration."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield key
            yield from strings(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from strings(value)


@dataclass(frozen=True)
class Part:
    """One thing that a pack brings: its kind (``crm.packs.parts``), a key of its own, and what it is to say.

    A text such as "@pipeline:projects/bid" anywhere in ``data`` stands for the id of what another part made.
    """

    kind: str
    key: str
    data: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.key}"

    @cached_property
    def mentions(self) -> frozenset[str]:
        """The texts by which it may name other parts."""
        return frozenset(strings(self.data))


@dataclass(frozen=True)
class Pack:
    """What an industry needs. ``version`` rises with each change: what is installed can then be brought up to it."""

    code: str
    version: int
    name_zh: str
    name_en: str
    about_zh: str
    about_en: str
    icon: str
    parts: tuple[Part, ...]

    def __str__(self) -> str:
        return said(vars(self), "name")

    @property
    def about(self) -> str:
        """What it is for, in the active language."""
        return said(vars(self), "about")

    def part(self, name: str) -> Part | None:
        """The part that others call ``name``."""
        return next((part for part in self.parts if part.name == name), None)


def declare(pack: Pack) -> Pack:
    """Make a pack known. ValueError when two of its parts have one name."""
    names = [part.name for part in pack.parts]
    if len(set(names)) != len(names):
        raise ValueError(f"{pack.code}: two parts of one name")
    packs[pack.code] = pack
    return pack
