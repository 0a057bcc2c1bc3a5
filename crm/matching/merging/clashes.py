"""Which rows can't point elsewhere, as a unique key is taken there: decided before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models
from django.db.models import Q

# id of a row → what is to be set on it, by attribute.
Wanted = Mapping[int, Mapping[str, Any]]


def clashing(model: type[models.Model], wanted: Wanted) -> set[int]:
    """The ids of rows that a unique key holds back; of several that want the same place the first one gets it.

    Two queries for each key that is concerned, however many rows there are.
    """
    changed = {name for values in wanted.values() for name in values}
    held: set[int] = set()
    for names, condition in _keys(model):
        if concerned := changed & set(names):
            held |= _held_by(model, names, condition, concerned, {pk: v for pk, v in wanted.items() if pk not in held})
    return held


def _held_by(
    model: type[models.Model], names: tuple[str, ...], condition: Q, concerned: set[str], wanted: Wanted
) -> set[int]:
    rows = model._base_manager.filter(condition)
    targets = {name: {v[name] for v in wanted.values() if name in v} for name in concerned}
    near = Q(pk__in=[])
    for name, values in targets.items():
        near |= Q(**{f"{name}__in": values})
    taken = {key for _pk, key in _read(rows.filter(near).exclude(pk__in=wanted), names)}
    held = set()
    for pk, key in _read(rows.filter(pk__in=wanted).order_by("pk"), names):
        then = tuple(wanted[pk].get(name, value) for name, value in zip(names, key, strict=True))
        if None in then:
            continue
        if then in taken:
            held.add(pk)
        taken.add(then)
    return held


def _read(rows: models.QuerySet, names: tuple[str, ...]) -> Iterable[tuple[int, tuple]]:
    return [(pk, tuple(key)) for pk, *key in rows.values_list("pk", *names)]


def _keys(model: type[models.Model]) -> Iterable[tuple[tuple[str, ...], Q]]:
    """(columns, condition) of every unique key of the model but that of its id."""
    meta = model._meta
    for field in meta.concrete_fields:
        if field.unique and not field.primary_key:
            yield (field.attname,), Q()
    for names in meta.unique_together:
        yield tuple(_attname(model, name) for name in names), Q()
    for constraint in meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields:
            columns = tuple(_attname(model, name) for name in constraint.fields)
            yield columns, constraint.condition or Q()


def _attname(model: type[models.Model], name: str) -> str:
    field: Any = model._meta.get_field(name)
    return str(field.attname)
