"""Entities of one's own as this process knows them: a class for each definition, made at run time and kept up to date.

The version of the definitions stands beside that of the policy: a request that learns of a new one reads them anew.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from django.apps import apps
from django.db.models.options import make_immutable_fields_list
from django.utils.functional import lazy

from crm.customentities.declaring import CustomEntity
from crm.customentities.models import CustomRecord, EntityDefinition
from crm.entities.entity import forget, put, registry

# The version that the table begins with: nothing was ever defined.
NEVER = 1
_state: dict[str, int | None] = {"version": None}
_definitions: dict[str, EntityDefinition] = {}


def seen(version: int) -> None:
    """A request learned the present version: bring the classes in line with it."""
    if version <= NEVER and not _definitions:
        _state["version"] = version
    elif _state["version"] != version:
        _state["version"] = version
        refresh()


def look_again(**kwargs: Any) -> None:
    """Read the definitions now: a task begins, or this process has changed one."""
    _state["version"] = None
    refresh()


def refresh() -> None:
    """Register what is defined and in use, forget what is not any more."""
    found = {d.code: d for d in EntityDefinition.objects.filter(active=True).prefetch_related("stages")}
    for code in _definitions.keys() - found.keys():
        forget(_definitions.pop(code).label)
    for code, definition in found.items():
        _definitions[code] = definition
        model = model_of(definition)
        known = registry.get(definition.label)
        if isinstance(known, CustomEntity):
            forget(definition.label)
        put(CustomEntity(model, definition))
    for code in found:
        _call_the_name(code)


def _call_the_name(code: str) -> None:
    """In the class of an entity its ``name`` is called what the admin says. Making a class empties what others remember."""
    meta = apps.get_model("customentities", code)._meta
    field = copy(meta.get_field("name"))
    field.verbose_name = lazy(_said, str)(code, "title")
    meta._forward_fields_map["name"] = field
    for known in ("fields", "concrete_fields"):
        listed = tuple(field if f.name == "name" else f for f in getattr(meta, known))
        meta.__dict__[known] = make_immutable_fields_list(known, listed)


def model_of(definition: EntityDefinition) -> type[CustomRecord]:
    """The class of a definition's records; made once a process."""
    model: Any
    try:
        model = apps.get_model("customentities", definition.code)
    except LookupError:
        model = _make(definition.code)
    model.definition_pk = definition.pk
    model.numbered = definition.sequence if definition.prefix else ""
    return model


def _make(code: str) -> type[CustomRecord]:
    text = lazy(_said, str)
    meta = type(
        "Meta",
        (),
        {
            "proxy": True,
            "app_label": "customentities",
            "verbose_name": text(code, "name"),
            "verbose_name_plural": text(code, "plural"),
            "base_manager_name": "objects",
        },
    )
    return type(code, (CustomRecord,), {"__module__": CustomRecord.__module__, "Meta": meta})


def _said(code: str, what: str) -> str:
    definition = _definitions.get(code)
    if definition is None:
        return code
    return definition.plural if what == "plural" else definition.said(what)
