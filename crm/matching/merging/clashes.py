"""Which rows can't point elsewhere, as a unique key is taken there: decided before anything is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Case, CheckConstraint, F, Q, UniqueConstraint, Value, When
from django.db.models.expressions import OrderBy

# id of a row → what is to be set on it, by attribute.
Wanted = Mapping[int, Mapping[str, Any]]


@dataclass(frozen=True)
class Key:
    """A unique key: what it is made of, the columns that has to do with, and among which rows it holds."""

    parts: tuple[Any, ...]
    columns: frozenset[str]
    condition: Q


def clashing(model: type[models.Model], wanted: Wanted) -> set[int]:
    """The ids of rows that a unique key or a check holds back; of several that want the same place the first one gets it.

    Two queries for each key that is concerned, however many rows there are.
    """
    changed = {_name(model, name) for values in wanted.values() for name in values}
    held = _with_themselves(model, wanted)
    for key in _keys(model):
        if concerned := changed & key.columns:
            held |= _held_by(model, key, concerned, {pk: v for pk, v in wanted.items() if pk not in held})
    return held


def _held_by(model: type[models.Model], key: Key, concerned: set[str], wanted: Wanted) -> set[int]:
    if not wanted:
        return set()
    rows = model._base_manager.filter(key.condition)
    then = {F(name): _then(model, name, wanted) for name in concerned}
    taken = set(_read(rows.filter(_near(model, key, concerned, wanted)).exclude(pk__in=wanted), key.parts).values())
    held = set()
    moved = tuple(part.replace_expressions(then) for part in key.parts)
    for pk, place in _read(rows.filter(pk__in=wanted).order_by("pk"), moved).items():
        if None in place:
            continue
        if place in taken:
            held.add(pk)
        taken.add(place)
    return held


def _then(model: type[models.Model], name: str, wanted: Wanted) -> Case:
    """The column as it would be."""
    field: Any = model._meta.get_field(name)
    by_value: dict[Any, list[int]] = defaultdict(list)
    for pk, values in wanted.items():
        if field.attname in values:
            by_value[values[field.attname]].append(pk)
    cases = [When(pk__in=pks, then=Value(value)) for value, pks in by_value.items()]
    return Case(*cases, default=F(field.attname), output_field=field.target_field if field.is_relation else field)


def _near(model: type[models.Model], key: Key, concerned: set[str], wanted: Wanted) -> Q:
    """Rows that already stand where others want to go: by the same columns, or by others that lead to the same records."""
    fields = {name: model._meta.get_field(name) for name in key.columns}
    targets = {value for values in wanted.values() for value in values.values() if isinstance(value, int)}
    models_meant = {fields[name].related_model for name in concerned} - {None}
    near = Q(pk__in=[])
    for name, field in fields.items():
        if name in concerned or field.related_model in models_meant:
            near |= Q(**{f"{name}__in": targets})
    return near


def _read(rows: models.QuerySet, parts: tuple[Any, ...]) -> dict[int, tuple]:
    named = {f"part_{number}": part for number, part in enumerate(parts)}
    return {pk: tuple(place) for pk, *place in rows.annotate(**named).values_list("pk", *named)}


def _with_themselves(model: type[models.Model], wanted: Wanted) -> set[int]:
    """Rows that would link a record with itself where a check forbids that: the tie between two records that are one now."""
    pairs = [
        [_column(model, name) for name in Q(check.condition).referenced_base_fields]
        for check in model._meta.constraints
        if isinstance(check, CheckConstraint)
    ]
    pairs = [names for names in pairs if len(names) == 2 and any(set(names) & set(v) for v in wanted.values())]
    if not pairs:
        return set()
    held = set()
    for row in model._base_manager.filter(pk__in=wanted):
        for one, other in pairs:
            then = [wanted[row.pk].get(name, getattr(row, name)) for name in (one, other)]
            if then[0] is not None and then[0] == then[1]:
                held.add(row.pk)
    return held


def _keys(model: type[models.Model]) -> Iterable[Key]:
    """Every unique key of the model but that of its id."""
    meta = model._meta
    for field in meta.concrete_fields:
        if field.unique and not field.primary_key:
            yield Key((F(field.name),), frozenset({field.name}), Q())
    for names in meta.unique_together:
        yield Key(tuple(map(F, names)), frozenset(names), Q())
    for constraint in meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield _key_of(constraint)


def _key_of(constraint: UniqueConstraint) -> Key:
    parts: tuple[Any, ...] = tuple(map(F, constraint.fields))
    for expression in constraint.expressions:
        part = expression.expression if isinstance(expression, OrderBy) else expression
        parts += (F(part.name) if isinstance(part, F) else part,)
    columns = {
        e.name for part in parts for e in (part.flatten() if hasattr(part, "flatten") else [part]) if isinstance(e, F)
    }
    return Key(parts, frozenset(columns), constraint.condition or Q())


def _name(model: type[models.Model], attname: str) -> str:
    """The field whose attribute it is."""
    return next((f.name for f in model._meta.concrete_fields if attname in (f.name, f.attname)), attname)


def _column(model: type[models.Model], name: str) -> str:
    field: Any = model._meta.get_field(name)
    return str(field.attname)
