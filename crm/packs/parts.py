"""Kinds of parts, registered by the rooms that own such things (``<room>/packparts.py``, found at start-up).

Each says whether the thing is there already and says the same, makes it, changes it, counts what people made with it, and
takes itself away: always through the services of its own room.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from crm.packs.declaring import Pack, Part, said, texts
from crm.records.actor import Actor

REF = "@"
# What in a text may be the name of a field or entity.
NAMES = re.compile(r"[a-z][\w.]*")
kinds: dict[str, PartKind] = {}
# Called when a transaction was taken back: what a process read inside of it is to be forgotten.
forgetters: list[Callable[[], None]] = []


def part_kind(cls: type[PartKind]) -> type[PartKind]:
    """Class decorator: make a kind known."""
    kinds[cls.name] = cls()
    return cls


class PartKind:
    """Subclass, fill in, decorate with ``@part_kind``.

    ``rank`` orders the kinds: what others build on comes first. ``settings`` are flat: name → a value that JSON holds, so
    that what an admin changed since can be told setting by setting. ``erasable``: what people made with it may go too.
    """

    name = ""
    label: Any = ""
    rank = 50
    erasable = True

    def title(self, data: Mapping[str, Any]) -> str:
        """What people call it."""
        return said(data, "name")

    def about(self, data: Mapping[str, Any]) -> str:
        """What the list of changes says of it beside its name."""
        return ""

    def called(self, data: Mapping[str, Any]) -> Collection[str]:
        """The texts by which other parts name it in their conditions and parameters."""
        return ()

    def find(self, data: Mapping[str, Any]) -> Any:
        """The thing that is there under that code or name; None when there is none."""
        raise NotImplementedError

    def get(self, ref: str) -> Any:
        """The thing with that id; None when it is gone."""
        raise NotImplementedError

    def inner(self, thing: Any, data: Mapping[str, Any], key: str) -> Any:
        """The id of something inside of the thing (a stage of a pipeline). LookupError when there is none."""
        raise LookupError(key)

    def wanted(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The settings that the declaration asks for."""
        raise NotImplementedError

    def read(self, thing: Any, names: Collection[str]) -> dict[str, Any]:
        """What those settings are now; None for what is not there."""
        raise NotImplementedError

    def add(self, data: Mapping[str, Any], *, actor: Actor) -> Any:
        """Make it. ValidationError says what stands against it."""
        raise NotImplementedError

    def change(self, thing: Any, settings: Mapping[str, Any], *, actor: Actor) -> None:
        """Set those settings; None takes one away."""
        raise NotImplementedError

    def held(self, thing: Any) -> int:
        """How many records people made with it or hold a value of it."""
        return 0

    def remove(self, thing: Any, *, actor: Actor) -> None:
        """Take it away with all that belongs to it."""
        raise NotImplementedError


class ModelPart(PartKind):
    """A thing that is one row. ``keys`` find it; ``columns`` are its settings; a bilingual "name" becomes one text."""

    model: type[models.Model]
    keys: tuple[str, ...] = ("name",)
    columns: tuple[str, ...] = ()

    def find(self, data: Mapping[str, Any]) -> Any:
        key = {f"{name}__in": self._texts(data, name) for name in self.keys}
        return self.model._default_manager.filter(**key).order_by("pk").first()

    def get(self, ref: str) -> Any:
        return self.model._default_manager.filter(pk=ref).first()

    def wanted(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {name: data[name] for name in self.columns if name in data}

    def read(self, thing: Any, names: Collection[str]) -> dict[str, Any]:
        return {name: getattr(thing, name) for name in names}

    def add(self, data: Mapping[str, Any], *, actor: Actor) -> Any:
        return self.save(self.model(**{n: self._text(data, n) for n in self.keys}, **self.wanted(data)), actor=actor)

    def change(self, thing: Any, settings: Mapping[str, Any], *, actor: Actor) -> None:
        for name, value in settings.items():
            setattr(thing, name, value)
        self.save(thing, actor=actor)

    def save(self, thing: Any, *, actor: Actor) -> Any:
        """Judged by all the rules of the model."""
        thing.full_clean()
        thing.save()
        self.settled()
        return thing

    def held(self, thing: Any) -> int:
        """How many rows point at it and would hold it back."""
        return pointing_at(thing)

    def remove(self, thing: Any, *, actor: Actor) -> None:
        thing.delete()
        self.settled()

    def settled(self) -> None:
        """What every change ends in."""

    def _text(self, data: Mapping[str, Any], name: str) -> Any:
        return data[name] if name in data else said(data, name)

    def _texts(self, data: Mapping[str, Any], name: str) -> list[Any]:
        return [data[name]] if name in data else sorted(texts(data, name))


def pointing_at(thing: models.Model) -> int:
    """How many rows link to the thing in a way that protects it."""
    return sum(
        relation.related_model._base_manager.filter(**{relation.field.name: thing.pk}).count()
        for relation in thing._meta.get_fields(include_hidden=True)
        if isinstance(relation, models.ManyToOneRel) and relation.on_delete is models.PROTECT
    )


def resolved(data: Any, pack: Pack) -> Any:
    """The declaration with each reference as the id of what it names and each pair of texts as the one in use.

    LookupError when something named is not there.
    """
    if isinstance(data, str) and data.startswith(REF):
        return _id_of(data[1:], pack)
    if isinstance(data, Mapping) and data.keys() == {"zh", "en"}:
        return said({"text_zh": data["zh"], "text_en": data["en"]}, "text")
    if isinstance(data, Mapping):
        return {key: resolved(value, pack) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [resolved(value, pack) for value in data]
    return data


def _id_of(reference: str, pack: Pack) -> str:
    name, _slash, inner = reference.partition("#")
    part = pack.part(name)
    kind = kinds.get(part.kind) if part else None
    thing = kind.find(resolved(part.data, pack)) if part and kind else None
    if part is None or kind is None or thing is None:
        raise LookupError(_("“%(name)s” is not there.") % {"name": name})
    return str(kind.inner(thing, part.data, inner) if inner else thing.pk)


def needs(part: Part, pack: Pack) -> set[str]:
    """The names of the parts of the pack that have to be there before this one."""
    found = {text[1:].partition("#")[0] for text in part.mentions if text.startswith(REF)}
    for other in pack.parts:
        if other is not part and other.kind in kinds:
            called = kinds[other.kind].called(other.data)
            if any(name in NAMES.findall(text.replace("__", " ")) for name in called for text in part.mentions):
                found.add(other.name)
    return found & {other.name for other in pack.parts}


def in_order(pack: Pack) -> list[Part]:
    """The parts in the order in which they can be made."""
    ranked = sorted(pack.parts, key=lambda part: kinds[part.kind].rank if part.kind in kinds else 999)
    done: dict[str, Part] = {}

    def take(part: Part, path: tuple[str, ...]) -> None:
        if part.name in done or part.name in path:
            return
        for other in ranked:
            if other.name in needs(part, pack):
                take(other, (*path, part.name))
        done[part.name] = part

    for part in ranked:
        take(part, ())
    return list(done.values())
