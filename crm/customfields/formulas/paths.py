"""Values that formulas and rules name: of the record itself, or through links; found by code or by label in both languages."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import translation
from django.utils.translation import gettext as _

from crm.customfields import definitions
from crm.customfields.values import ROOM, resolve_custom
from crm.fields.field import Field, resolve
from crm.lib.expressions import ExpressionError, Symbol, Type, Unknown, close_to, did_you_mean
from crm.lib.expressions.tokens import tokens
from crm.records.models import Record

# Bookkeeping that no formula has use for.
_SILENT = frozenset({"id", "custom", "extras", "version", "deleted_at"})
# What of a person a formula may read; the rest of the table is about signing in.
_OF_PEOPLE = frozenset({"name", "username", "department", "manager"})
TYPES = {
    **dict.fromkeys(("number", "integer", "money", "percent"), Type.NUMBER),
    **dict.fromkeys(("text", "longtext", "richtext", "email", "url", "phone", "choice", "address"), Type.TEXT),
    **dict.fromkeys(("record", "user"), Type.RECORD),
    "boolean": Type.BOOLEAN,
    "date": Type.DATE,
    "datetime": Type.DATETIME,
    "multichoice": Type.LIST,
}
LANGUAGES = ("zh-hans", "en")


@dataclass(frozen=True)
class Path:
    """A value: ``hops`` are the links to the record that holds ``field``, each a field of the one before."""

    hops: tuple[Field, ...]
    field: Field

    @cached_property
    def name(self) -> str:
        """The name that never changes: ``account.custom.level``."""
        return ".".join(field.name for field in (*self.hops, self.field))

    @property
    def steps(self) -> list[tuple[str, str]]:
        """(entity, field) of every hop, as the policy asks for them."""
        return [(field.model._meta.label_lower, field.name) for field in (*self.hops, self.field)]

    @property
    def prefixes(self) -> list[tuple[Field, ...]]:
        """The chains of links, the shortest first."""
        return [self.hops[:number] for number in range(1, len(self.hops) + 1)]


def target_of(hop: Field) -> type[models.Model]:
    """The model that a link leads to."""
    found: type[models.Model] = hop.source.related_model
    return found


def fields_of(model: type[models.Model]) -> dict[str, Field]:
    """The fields of a model that formulas may name, by code; those that admins defined behind the others."""
    known = definitions.current()
    key = "formula fields", model
    if key not in known.made:
        own = {f.name: resolve(model, f.name) for f in model._meta.concrete_fields if _speaks(model, f)}
        own = {name: field for name, field in own.items() if field.kind in TYPES}
        label = model._meta.label_lower
        custom = [resolve_custom(model, code) for code in known.of(label)]
        known.made[key] = own | {
            f.definition.code: f for f in custom if f.kind in TYPES and f.definition.code not in own
        }
        known.made[key] |= {f.name: f for f in custom if f.kind in TYPES}
    return known.made[key]


def _speaks(model: type[models.Model], field: models.Field) -> bool:
    """Whether a column means something to people: it has a name of its own."""
    if field.name in _SILENT or field.generated or field._verbose_name is None:
        return False
    if issubclass(model, Record):
        return True
    if model._meta.label_lower == "users.user":
        return field.name in _OF_PEOPLE
    return hasattr(model, "access") or model._meta.label_lower == "users.department"


def labels_of(field: Field) -> tuple[str, ...]:
    """What people call a field, in both languages."""
    found = []
    for language in LANGUAGES:
        with translation.override(language):
            found.append(field.label)
    return tuple(dict.fromkeys(found))


def _by_label(model: type[models.Model]) -> dict[str, set[str]]:
    """Folded label → the names of the fields that are called so."""
    known = definitions.current()
    key = "formula labels", model
    if key not in known.made:
        found: dict[str, set[str]] = {}
        for field in set(fields_of(model).values()):
            for label in labels_of(field):
                found.setdefault(label.casefold(), set()).add(field.name)
        known.made[key] = found
    return known.made[key]


class ModelNames:
    """The names that expressions about one model may use."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model

    def find(self, parts: tuple[str, ...]) -> Symbol:
        """The field of these parts; Unknown says what to write instead."""
        joined, places = _join_custom(parts)
        model: Any = self.model
        hops: list[Field] = []
        for number, part in enumerate(joined):
            field = _field(model, part, places[number])
            if number == len(joined) - 1:
                return symbol_of(Path(tuple(hops), field))
            if TYPES[field.kind] is not Type.RECORD:
                said = _("“%(name)s” is no link: nothing can stand behind a point.") % {"name": part}
                raise Unknown(said, places[number])
            hops.append(field)
            model = target_of(field)
        raise Unknown(_("Write the name of a field."))


def _join_custom(parts: tuple[str, ...]) -> tuple[list[str], list[int]]:
    """``custom.level`` is one name; with the place of each."""
    joined: list[str] = []
    places: list[int] = []
    for number, part in enumerate(parts):
        if number and parts[number - 1].lower() == ROOM and joined[-1].lower() == ROOM:
            joined[-1], places[-1] = f"{ROOM}.{part}", number
        else:
            joined.append(part)
            places.append(number)
    return joined, places


def _field(model: type[models.Model], part: str, place: int) -> Field:
    known = fields_of(model)
    if part in known or part.lower() in known:
        return known.get(part) or known[part.lower()]
    names = _by_label(model).get(part.casefold(), set())
    if len(names) == 1:
        return known[next(iter(names))]
    if names:
        said = _("Several fields are called “%(name)s”. Write the code: %(codes)s.")
        raise Unknown(said % {"name": part, "codes": ", ".join(sorted(names))}, place)
    said = _("%(entity)s has no field “%(name)s”.") % {"entity": _called(model), "name": part[:60]}
    shown = [name for name in known if not name.startswith(ROOM)]
    labels = [field.label for field in dict.fromkeys(known.values())]
    near = close_to(part, dict.fromkeys([*labels, *shown]))
    raise Unknown(said + did_you_mean(near), place)


def _called(model: type[models.Model]) -> str:
    name = str(model._meta.verbose_name)
    return name[:1].upper() + name[1:]


def symbol_of(path: Path) -> Symbol:
    """What the language is told of a value."""
    field = path.field
    options: tuple[tuple[str, tuple[str, ...]], ...] = ()
    if field.kind in {"choice", "multichoice"}:
        said: dict[str, list[str]] = {}
        for language in LANGUAGES:
            with translation.override(language):
                for value, label in field.source.flatchoices:
                    if value not in ("", None):
                        said.setdefault(str(value), []).append(str(label))
        options = tuple((value, tuple(dict.fromkeys(labels))) for value, labels in said.items())
    return Symbol(path, TYPES[field.kind], path.name, field.label, options)


def written_name(symbol: Symbol, model: type[models.Model]) -> str:
    """A value as a person would write it in their language: by labels where these are clear, else by code."""
    path: Path = symbol.key
    parts, at = [], model
    for field in (*path.hops, path.field):
        parts.append(_plain(field, at))
        at = target_of(field) if TYPES[field.kind] is Type.RECORD else at
    return ".".join(parts)


def _plain(field: Field, model: type[models.Model]) -> str:
    label = field.label
    if "]" in label or "】" in label or _by_label(model).get(label.casefold()) != {field.name}:
        return field.name
    try:
        found = tokens(label)
    except ExpressionError:
        return f"[{label}]"
    alone = len(found) == 2 and found[0].kind == "name" and found[0].value == label
    clash = label.lower() in fields_of(model) and fields_of(model)[label.lower()].name != field.name
    return field.name if clash else label if alone else f"[{label}]"


def read(field: Field, record: Any) -> Any:
    """The value of a field of ``record`` as the language knows it; a record that is not saved yet may hold texts."""
    raw = field.raw(record)
    if raw is None or raw == "" or raw == []:
        return None
    kind = TYPES[field.kind]
    if kind is Type.RECORD or kind is Type.LIST:
        return raw
    if kind is Type.TEXT:
        return field.show(raw) if field.kind in {"address", "richtext"} else str(raw)
    try:
        return _typed(field, kind, raw)
    except (ValidationError, ValueError, TypeError, ArithmeticError):
        return None


def _typed(field: Field, kind: Type, raw: Any) -> Any:
    if kind is Type.NUMBER:
        number = Decimal(raw) if not isinstance(raw, float) else Decimal(repr(raw))
        places = getattr(field.source, "decimal_places", None)
        return number if places is None else number.quantize(Decimal(1).scaleb(-places))
    value = field.source.to_python(raw) if isinstance(raw, str) else raw
    if kind is Type.DATE and isinstance(value, datetime.datetime):
        return value.date()
    return bool(value) if kind is Type.BOOLEAN else value


def path_of(model: type[models.Model], name: str) -> Path:
    """The path of a field as conditions name it: "account__region"; FieldDoesNotExist when there is none."""
    parts, _places = _join_custom(tuple(name.replace("__", ".").split(".")))
    found: list[Field] = []
    for part in parts:
        found.append(resolve(model if not found else target_of(found[-1]), part))
    return Path(tuple(found[:-1]), found[-1])


def leads(paths: Iterable[Path]) -> list[tuple[Field, ...]]:
    """Every chain of links among the paths, the shortest first, each once."""
    found = {tuple(f.name for f in prefix): prefix for path in paths for prefix in path.prefixes}
    return sorted(found.values(), key=len)
