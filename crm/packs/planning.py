"""What installing, bringing up to date or taking away a pack would do, part by part. Reads only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.packs.declaring import Pack, Part
from crm.packs.models import InstalledPack, InstalledPart
from crm.packs.parts import PartKind, in_order, kinds, needs, resolved


class Verdict(models.TextChoices):
    """What happens to a part."""

    ADD = "add", gettext_lazy("is added")
    THERE = "there", gettext_lazy("is there already")
    CONFLICT = "conflict", gettext_lazy("is there and says something else")
    LEFT = "left", gettext_lazy("is left out")
    CHANGE = "change", gettext_lazy("is changed")
    KEPT = "kept", gettext_lazy("stays as it was changed here")
    SAME = "same", gettext_lazy("stays as it is")
    REMOVE = "remove", gettext_lazy("is taken away")
    HOLDS = "holds", gettext_lazy("holds what people entered")
    GONE = "gone", gettext_lazy("is gone already")


V = Verdict


@dataclass(frozen=True)
class Line:
    """One part and what happens to it. ``settings`` are set; ``kept`` were changed by an admin; ``held`` counts records."""

    name: str
    kind: PartKind | None
    title: str
    verdict: Verdict
    reason: str = ""
    held: int = 0
    about: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    kept: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)

    @property
    def erasable(self) -> bool:
        """Whether what people entered may go with it."""
        return self.kind is None or self.kind.erasable


@dataclass(frozen=True)
class Plan:
    """Every line of a change, and a digest by which a page and the job that follows it know they mean the same."""

    lines: tuple[Line, ...]

    @property
    def digest(self) -> str:
        told = [[line.name, line.verdict, sorted(line.settings)] for line in self.lines]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]

    def of(self, *verdicts: Verdict) -> list[Line]:
        """The lines with one of the verdicts."""
        return [line for line in self.lines if line.verdict in verdicts]

    @property
    def counts(self) -> list[tuple[str, Any, int]]:
        """(verdict, in words, how many lines), those that there are."""
        return [(v.value, v.label, len(self.of(v))) for v in Verdict if self.of(v)]


def plain(value: Any) -> Any:
    """A setting as JSON holds it, so that 20, 20.00 and "20.00" of a column compare equal."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bool | int | float | str) or value is None:
        return float(value) if type(value) is int else value
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, Iterable):
        return [plain(one) for one in value]
    return str(value)


def differing(kind: PartKind, thing: Any, said: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Setting → (what it is now, what ``said`` has for it), where the two differ."""
    now = kind.read(thing, said.keys())
    return {name: (now.get(name), said[name]) for name in said if plain(now.get(name)) != plain(said[name])}


def plan_install(pack: Pack) -> Plan:
    """What installing would do now."""
    return Plan(tuple(_each(pack, in_order(pack), lambda part: _arrives(part, pack))))


def _each(pack: Pack, parts: Iterable[Part], judge: Callable[[Part], Line]) -> list[Line]:
    """Judge the parts in their order; what builds on a part that is left out is left out with it."""
    lines: list[Line] = []
    out: set[str] = set()
    for part in parts:
        missing = sorted(needs(part, pack) & out)
        if missing:
            reason = _("It builds on: %(names)s") % {"names": "、".join(_title(pack.part(name)) for name in missing)}
            line = Line(part.name, kinds.get(part.kind), _title(part), V.LEFT, reason)
        else:
            line = judge(part)
        if line.verdict in {V.CONFLICT, V.LEFT}:
            out.add(part.name)
        lines.append(replace(line, about=str(line.kind.about(part.data)) if line.kind else ""))
    return lines


def _title(part: Part | None) -> str:
    kind = kinds.get(part.kind) if part else None
    return "" if part is None else kind.title(part.data) if kind else part.key


def _arrives(part: Part, pack: Pack) -> Line:
    kind = kinds.get(part.kind)
    if kind is None:
        return Line(part.name, None, part.key, V.LEFT, _("This installation has no such kind of part."))
    line = (part.name, kind, kind.title(part.data))
    try:
        data = resolved(part.data, pack)
    except LookupError:
        data = None  # it names what is to come with the pack
    thing = kind.find(data if data is not None else part.data)
    if thing is None:
        return Line(*line, V.ADD)
    differs = differing(kind, thing, kind.wanted(data)) if data is not None else {}
    if data is None or differs:
        return Line(*line, V.CONFLICT, _different(differs, thing))
    return Line(*line, V.THERE, _("It stays, and is not the pack's."))


def _different(differs: Mapping[str, Any], thing: Any) -> str:
    named = ", ".join(_called(thing, name) for name in differs) or "…"
    return _("Different: %(settings)s. It is left as it is.") % {"settings": named}


def _called(thing: Any, name: str) -> str:
    """A setting in the words of the administration."""
    try:
        return str(type(thing)._meta.get_field(name).verbose_name)
    except (AttributeError, FieldDoesNotExist):
        return name


def plan_upgrade(pack: Pack, installed: InstalledPack) -> Plan:
    """What bringing an installed pack up to its declaration would do: parts that came, changed and went."""
    held = {part.name: part for part in installed.parts.all()}

    def judge(part: Part) -> Line:
        return _stays(part, held[part.name], pack) if part.name in held else _arrives(part, pack)

    lines = _each(pack, in_order(pack), judge)
    gone = [part for part in reversed(list(held.values())) if pack.part(part.name) is None]
    return Plan((*lines, *(leaves(part, pack) for part in gone)))


def _stays(part: Part, held: InstalledPart, pack: Pack) -> Line:
    """Each setting by three sides: what the pack said, what it says now, what an admin made of it."""
    kind = kinds.get(part.kind)
    thing = kind.get(held.ref) if kind else None
    if kind is None or thing is None:
        return Line(part.name, kind, _title(part), V.GONE, _("Somebody has deleted it here; it does not come back."))
    try:
        wanted = kind.wanted(resolved(part.data, pack))
    except LookupError as missing:
        return Line(part.name, kind, _title(part), V.LEFT, str(missing.args[0]))
    own = differing(kind, thing, held.said)
    new = {name: value for name, value in wanted.items() if plain(held.asked.get(name)) != plain(value)}
    new |= {name: None for name in held.asked if name not in wanted}
    settings = {name: value for name, value in new.items() if name not in own}
    verdict = V.CHANGE if settings else V.KEPT if own else V.SAME
    return Line(part.name, kind, _title(part), verdict, settings=settings, kept=own)


def leaves(held: InstalledPart, pack: Pack | None) -> Line:
    """What taking one part away would do."""
    kind = kinds.get(held.kind)
    part = pack.part(held.name) if pack else None
    title = _title(part) or held.key
    thing = kind.get(held.ref) if kind else None
    if kind is None or thing is None:
        return Line(held.name, kind, title, V.GONE)
    count, own = kind.held(thing), differing(kind, thing, held.said)
    about = str(kind.about(part.data)) if part else ""
    return Line(held.name, kind, title, V.HOLDS if count else V.REMOVE, held=count, kept=own, about=about)


def plan_uninstall(installed: InstalledPack, pack: Pack | None, keep: Collection[str] = ()) -> Plan:
    """What uninstalling would do. What ``keep`` names stays and is no longer the pack's, with all that it builds on."""
    held = list(installed.parts.all())
    kept = set(keep)
    for part in reversed(held):  # what comes later builds on what came before
        if part.name in kept and pack and (declared := pack.part(part.name)):
            kept |= needs(declared, pack)
    lines = []
    for part in reversed(held):
        line = leaves(part, pack)
        if part.name in kept and line.verdict != V.GONE:
            line = replace(line, verdict=V.KEPT)
        lines.append(line)
    return Plan(tuple(lines))
