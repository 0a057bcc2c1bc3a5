"""What an administrator posts from the layout editor: sections, and for each field where it stands; by numbers and selects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from crm.access.models import FieldRule, Role
from crm.customfields.layouts import MOST_SECTIONS, Part, arranged
from crm.customfields.models import Surface
from crm.entities.arranged import default_parts, needed, placeable, title_of
from crm.entities.entity import Entity, registry

MOST_VARIANTS = 60
SECTIONED = (Surface.FORM, Surface.FACTS, Surface.QUICK)


@dataclass(frozen=True)
class Place:
    """Which arrangement is edited: of an entity, a surface, for a role (None: everybody) and a variant ("": all)."""

    entity: Entity
    surface: str
    role: Role | None = None
    variant: str = ""

    @property
    def query(self) -> str:
        """As it stands in the address of the editor."""
        role = self.role.pk if self.role else ""
        return f"entity={self.entity.label}&surface={self.surface}&role={role}&variant={self.variant}"

    @property
    def key(self) -> dict[str, Any]:
        """As the services of layouts ask for it, beside entity and surface."""
        return {"role": self.role.pk if self.role else None, "variant": self.variant}

    @property
    def sectioned(self) -> bool:
        return self.surface in SECTIONED

    @property
    def is_form(self) -> bool:
        return self.surface in (Surface.FORM, Surface.QUICK)


def read_place(params: Mapping[str, str]) -> Place | None:
    """The arrangement that an address names; None where there is no such thing."""
    entity, surface = registry.get(params.get("entity", "")), params.get("surface", "")
    if entity is None or surface not in Surface.values or not hasattr(entity.model, "custom"):
        return None
    if surface == Surface.CARD and entity.board is None:
        return None
    raw = params.get("role", "")
    role = Role.objects.filter(pk=int(raw)).first() if raw.isascii() and raw.isdigit() and len(raw) < 18 else None
    if raw and role is None:
        return None
    variant = params.get("variant", "")
    if variant and variant not in dict(variants(entity)):
        return None
    return Place(entity, surface, role, variant if surface != Surface.LIST else "")


def variants(entity: Entity) -> list[tuple[str, str]]:
    """(value, name) of what may have layouts of its own."""
    if not entity.variant:
        return []
    field = entity.field(entity.variant)
    if not field.source.is_relation:
        return [(str(value), str(label)) for value, label in field.choices]
    rows = field.source.related_model._default_manager.all()[:MOST_VARIANTS]
    return [(str(row.pk), str(row)) for row in rows]


def present(place: Place) -> tuple[Part, ...]:
    """What counts there now: its own layout, else the one it falls back on, else what is declared."""
    roles = (place.role.pk,) if place.role else ()
    return arranged(place.entity.label, place.surface, roles, place.variant) or default_parts(
        place.entity, place.surface
    )


def posted(place: Place, data: Any) -> list[Part]:
    """The arrangement that was posted; fields of unknown sections and unknown fields are left out."""
    keys = [key[:40] for key in dict.fromkeys(data.getlist("part")) if key][:MOST_SECTIONS]
    placed: dict[str, list[tuple[int, int, str]]] = {key: [] for key in keys}
    for at, name in enumerate(placeable(place.entity, place.surface)):
        where = data.get(f"place-{name}", "")
        if where in placed:
            placed[where].append((_number(data.get(f"order-{name}")), at, name))
    order = sorted(keys, key=lambda key: (_number(data.get(f"part-{key}-order")), keys.index(key)))
    found = [
        Part(
            key=key,
            zh=_line(data.get(f"part-{key}-zh")),
            en=_line(data.get(f"part-{key}-en")),
            columns=1 if data.get(f"part-{key}-columns") == "1" else 2,
            folded=bool(data.get(f"part-{key}-folded")),
            fields=tuple(name for _order, _at, name in sorted(placed[key])),
        )
        for key in order
    ]
    return [part for part in found if part.fields]


def _number(raw: Any) -> int:
    text = str(raw or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 10**6


def _line(raw: Any) -> str:
    return " ".join(str(raw or "").replace("\x00", "").split())[:100]


def problems(place: Place, parts: list[Part]) -> list[str]:
    """Why the arrangement can't be kept, in words."""
    there = {name for part in parts for name in part.fields}
    missing = [name for name in needed(place.entity) if name not in there] if place.is_form else []
    found = [
        _("“%(field)s” can't be left out: every record needs it.") % {"field": place.entity.field(name).label}
        for name in missing
    ]
    if not there and place.surface != Surface.CARD:
        found.append(_("Place at least one field."))
    return found


def rows(place: Place, parts: list[Part] | tuple[Part, ...]) -> dict[str, Any]:
    """What the editor draws: the sections with their fields, one spare section, and the tray of what is not placed."""
    must = set(needed(place.entity)) if place.is_form else set()
    hidden = _hidden(place)
    known = placeable(place.entity, place.surface)

    def field(name: str, order: int) -> dict[str, Any]:
        return {
            "name": name,
            "label": place.entity.field(name).label,
            "needed": name in must,
            "hidden": name in hidden,
            "custom": "custom." in name,
            "order": order,
        }

    placed = {name for part in parts for name in part.fields}
    sections = [
        {
            "part": part,
            "title": title_of(part),
            "order": number,
            "fields": [field(n, i) for i, n in enumerate((n for n in part.fields if n in known), 1)],
        }
        for number, part in enumerate(parts, 1)
    ]
    if place.sectioned or not sections:
        spare = Part(_free_key({part.key for part in parts}) if place.sectioned else "all")
        sections.append(
            {"part": spare, "title": "", "order": len(sections) + 1, "fields": [], "spare": place.sectioned}
        )
    tray = [field(name, 0) for name in known if name not in placed]
    return {"sections": sections, "tray": tray}


def _free_key(taken: set[str]) -> str:
    return next(key for key in (f"s{n}" for n in range(1, 1000)) if key not in taken)


def _hidden(place: Place) -> set[str]:
    """The fields that the policy hides from the role, whatever its layout says."""
    if place.role is None:
        return set()
    hidden = set(FieldRule.objects.filter(role=place.role, mode=FieldRule.Mode.HIDDEN).values_list("entity", "field"))
    known = placeable(place.entity, place.surface)
    return {name for name in known if hidden & set(place.entity.field(name).steps)}
