"""Making the record that a cell names and nobody has: only where the user may, only on request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models

from crm.access import policy
from crm.entities.entity import registry
from crm.records.actor import Actor
from crm.records.models import ChangeSet, Record
from crm.records.services import save_many


@dataclass(frozen=True)
class Maker:
    """Its own way of making things that are no records: ``allowed(user)``, ``make(names, user, actor)``."""

    allowed: Callable[[Any], bool]
    make: Callable[[list[str], Any, Actor], dict[str, Any]]


makers: dict[type[models.Model], Maker] = {}


def container_of(model: type[models.Model]) -> models.ForeignKey | None:
    """The link within which names of ``model`` are unique and without which none exists: the pipeline of a stage."""
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and "name" in constraint.fields:
            for name in constraint.fields:
                field = model._meta.get_field(name)
                if field.is_relation and not field.null:
                    return field
    return None


def can_make(user: Any, model: type[models.Model]) -> bool:
    """Whether ``user`` may create a record of ``model`` that has nothing but a name."""
    if model in makers:
        return makers[model].allowed(user)
    label = policy.entity_label(model)
    if not hasattr(model, "access") or not policy.can(user, label, "add"):
        return False
    if issubclass(model, Record) and label not in registry:
        return False
    free = {"name", "id", *([field.name] if (field := container_of(model)) else [])}
    return "name" in {f.name for f in model._meta.fields} and not [f for f in _needed(model) if f.name not in free]


def make(
    model: type[models.Model], names: list[str], *, user: Any, within: Any, actor: Actor, changes: ChangeSet | None
) -> dict[str, Any]:
    """Create one record a name; ``within`` is the container, where there must be one."""
    if model in makers:
        return makers[model].make(names, user, actor)
    container = container_of(model)
    if not issubclass(model, Record):
        place = {container.name: within} if container else {}
        named = getattr(model._default_manager, "make_named", None)
        return {
            name: named(name, **place) if named else model._default_manager.get_or_create(name=name, **place)[0]
            for name in names
        }
    entity = registry[policy.entity_label(model)]
    made = {}
    for name in names:
        made[name] = entity.new(user, {})
        made[name].name = name
    save_many(list(made.values()), actor=actor, changes=changes)
    return made


def _needed(model: type[models.Model]) -> list[models.Field]:
    """Fields that a person would have to fill in."""
    owner = {"owner"} if issubclass(model, Record) else set()
    return [
        f
        for f in model._meta.concrete_fields
        if f.editable
        and not f.blank
        and not f.null
        and not f.has_default()
        and f.name not in owner
        and not f.primary_key
    ]
