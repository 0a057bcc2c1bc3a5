"""What admins arranged, as one user meets it: layouts order and leave out, the policy alone says what may be seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.utils.text import slugify
from django.utils.translation import get_language, gettext_lazy, override

from crm.access import policy
from crm.customfields.layouts import Part, arranged, varies
from crm.customfields.logic import always_required, judge, logic_of
from crm.customfields.logic_guard import reader_for
from crm.customfields.models import Surface
from crm.customfields.tagging import tag_field
from crm.entities.bound import BoundEntity, BoundField
from crm.entities.entity import Entity, registry

FURTHER = gettext_lazy("Further details")


@dataclass(frozen=True)
class Facts:
    """One section of the facts of a record."""

    title: str
    fields: list[BoundField]
    folded: bool = False

    @property
    def editable(self) -> bool:
        """Whether anything of it is written by hand."""
        return any(field.editable for field in self.fields)

    def tells(self, record: Model) -> bool:
        """Whether it says anything: what follows from elsewhere is left out until there is something."""
        return self.editable or any(field.closed(record) or field.filled(record) for field in self.fields)


def variant_of(entity: Entity, record: Model | None, asked: Mapping[str, Any] | None = None) -> str:
    """The value that picks a layout made for one variant (a pipeline): what a form says, else what the record holds."""
    if not entity.variant:
        return ""
    told = (asked or {}).get(entity.variant)
    if told not in (None, ""):
        return str(getattr(told, "pk", told))[:60]
    raw = entity.field(entity.variant).raw(record) if record is not None else None
    return "" if raw is None else str(raw)


def plan(bound: BoundEntity, surface: str, variant: str = "") -> tuple[Part, ...] | None:
    """The layout of a surface for the user; None where nobody arranged it."""
    return arranged(bound.label, surface, policy.access_of(bound.user).roles, variant)


def placeable(entity: Entity, surface: str) -> list[str]:
    """The names that a layout of the surface may hold."""
    if surface in {Surface.FORM, Surface.QUICK}:
        return list(entity.form_names)
    names = dict.fromkeys([*entity.columns, *entity.field_names, *entity.linked_names])
    return [name for name in names if _there(entity, name)]


def _there(entity: Entity, name: str) -> bool:
    try:
        return bool(entity.field(name).kind)
    except FieldDoesNotExist:
        return False


def needed(entity: Entity) -> list[str]:
    """The fields that no form for new records can do without."""
    found = [(name, entity.field(name)) for name in entity.form_names if name != "owner"]
    return [name for name, f in found if always_required(f) and not (f.built_in and f.source.has_default())]


def chosen(bound: BoundEntity, surface: str, variant: str = "") -> list[str] | None:
    """The names that a layout of the surface shows, those that are gone left out; None where nobody arranged it."""
    parts = plan(bound, surface, variant)
    if parts is None:
        return None
    known = set(placeable(bound.entity, surface))
    return [name for part in parts for name in part.fields if name in known]


def form_names(bound: BoundEntity, surface: str, variant: str, given: Iterable[str] = ()) -> list[str] | None:
    """The fields of a form: those arranged, what must never be missing, and what the address fills in; None: as declared."""
    found = chosen(bound, surface, variant)
    if found is None:
        return None
    there = set(bound.form_names)
    return list(dict.fromkeys([*found, *needed(bound.entity), *(name for name in given if name in there)]))


def default_parts(entity: Entity, surface: str) -> tuple[Part, ...]:
    """The arrangement as declared, to begin with."""
    if surface in {Surface.FORM, Surface.FACTS}:
        known = set(placeable(entity, surface))
        found = [_part(title, [n for n in names if n in known]) for title, names in _declared(entity)]
        return tuple(part for part in found if part.fields)
    names = {
        Surface.QUICK: entity.quick,
        Surface.LIST: entity.columns,
        Surface.CARD: [
            n
            for n in entity.custom_names
            if getattr(entity.field(n), "definition", None) and entity.field(n).definition.on_card
        ],
    }[Surface(surface)]
    return (Part("all", fields=tuple(names)),)


def _declared(entity: Entity) -> list[tuple[Any, tuple[str, ...]]]:
    found = [(title, tuple(names)) for title, names in entity.sections.items()]
    own = [name for name in entity.declared_form_names if name not in {n for _t, names in found for n in names}]
    found = [("", tuple(own)), *found] if own else found
    return [*found, (FURTHER, entity.custom_names)] if entity.custom_names else found


def _part(title: Any, names: Iterable[str]) -> Part:
    said = {}
    for code in ("zh-hans", "en"):
        with override(code):
            said[code] = str(title)
    return Part(slugify(said["en"])[:40] or "main", said["zh-hans"], said["en"], fields=tuple(names))


def declared_section(label: str, key: str) -> tuple[str, ...]:
    """The fields of a section as the entity declares it, by its key."""
    entity = registry.get(label)
    found = default_parts(entity, Surface.FORM) if entity else ()
    return next((part.fields for part in found if part.key == key), ())


def title_of(part: Part) -> str:
    """What a section is called in the active language."""
    return part.title(get_language() or "zh-hans")


def facts_of(bound: BoundEntity, record: Model) -> list[Facts]:
    """The sections of the facts of a record: as arranged for the user, without what rules hide on it."""
    parts = plan(bound, Surface.FACTS, variant_of(bound.entity, record))
    if parts is None:
        found = [Facts(title, list(fields)) for title, fields in bound.sections]
    else:
        known = set(placeable(bound.entity, Surface.FACTS))
        found = [Facts(title_of(p), bound.visible(n for n in p.fields if n in known), p.folded) for p in parts]
    off = hidden_on(bound, record)
    shown = [Facts(f.title, [x for x in f.fields if x.name not in off], f.folded) for f in found]
    return [facts for facts in shown if facts.fields and facts.tells(record)]


def hidden_on(bound: BoundEntity, record: Model) -> set[str]:
    """The fields that rules hide on the record as it is stored."""
    logic = logic_of(bound.model)
    return judge(logic, record, record, reader_for(bound.user)).hidden if logic else set()


def kept_on(bound: BoundEntity, record: Model) -> set[str]:
    """The fields that rules keep from being changed on the record as it is stored."""
    logic = logic_of(bound.model)
    return judge(logic, record, record, reader_for(bound.user)).readonly if logic else set()


def card_fields(bound: BoundEntity, variant: str = "") -> list[BoundField]:
    """The fields that cards of the board show beside what they always show; only those whose true values may be known."""
    names = chosen(bound, Surface.CARD, variant)
    if names is None:
        names = [name for part in default_parts(bound.entity, Surface.CARD) for name in part.fields]
    return [field for field in bound.visible(names) if not field.masked]


def list_columns(bound: BoundEntity) -> list[str]:
    """The columns of the list for who has not chosen any: as arranged for their role, else as declared, tags behind the name."""
    if arranged := chosen(bound, Surface.LIST):
        return arranged
    columns = list(bound.entity.columns)
    place = columns.index("name") + 1 if "name" in columns else 1
    return [*columns[:place], *filter(None, [tag_field(bound.label)]), *columns[place:]]


def changes_with(entity: Entity) -> str:
    """The field by which the form takes another layout while somebody types; empty where none does."""
    return entity.variant if entity.variant and varies(entity.label) else ""
