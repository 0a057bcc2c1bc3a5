"""What the condition builder offers: fields, operators, choices and where links are searched."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.utils.translation import get_language

from crm.entities.bound import BoundEntity
from crm.entities.entity import registry
from crm.fields.field import Field
from crm.fields.kinds import LABELS, arity


def builder_fields(bound: BoundEntity) -> list[dict[str, Any]]:
    """The fields that the user may filter by, as the builder's JSON."""
    return [_described(bound, name, field) for name, field in bound.filterable.items()]


def _described(bound: BoundEntity, name: str, field: Field) -> dict[str, Any]:
    return {
        "name": name,
        "label": field.label,
        "kind": field.kind,
        "operators": _operators(field.operators, get_language()),
        "choices": field.choices if field.kind in {"choice", "multichoice"} else None,
        "remote": _remote(bound, field),
    }


@lru_cache(maxsize=256)
def _operators(names: tuple[str, ...], _language: str | None) -> list[dict[str, Any]]:
    """The operators of a kind, in the active language."""
    return [{"name": op, "label": str(LABELS[op]), "arity": arity(op)} for op in names]


def _remote(bound: BoundEntity, field: Field) -> str | None:
    if not field.source.is_relation:
        return None
    target = registry.get(field.source.related_model._meta.label_lower)
    if target is not None:
        return target.url("choices")
    owner = registry.get(field.steps[-1][0])
    return owner.url("link", field.source.name) + "?filter=1" if owner else None
