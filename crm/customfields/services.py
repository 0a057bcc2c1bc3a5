"""Defining, changing and taking away custom fields: what the administration, packs and tests call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from crm.customfields import definitions
from crm.customfields.models import CustomField, CustomOption
from crm.records.actor import Actor
from crm.records.audit import audit


@transaction.atomic
def define_field(
    entity: Any,
    kind: str,
    code: str,
    label_zh: str,
    label_en: str = "",
    *,
    actor: Actor,
    options: Iterable[Any] = (),
    **settings: Any,
) -> CustomField:
    """A new field of ``entity`` (its label, or what carries one). ValidationError names what does not fit.

    ``options`` are values, or mappings of an option's columns; ``settings`` are the other columns of ``CustomField``.
    """
    label = entity if isinstance(entity, str) else entity.label
    settings.setdefault("position", CustomField.objects.filter(entity=label).count() + 1)
    field = CustomField(entity=label, kind=kind, code=code, label_zh=label_zh, label_en=label_en, **settings)
    made = [_option(field, position, given) for position, given in enumerate(options, 1)]
    field.chosen_from = made
    field.full_clean()
    field.save()
    for option in made:
        option.field = field
        option.full_clean()
        option.save()
    changed(field, "defined", actor=actor)
    return field


def _option(field: CustomField, position: int, given: Any) -> CustomOption:
    values = dict(given) if isinstance(given, Mapping) else {"value": given}
    return CustomOption(**{"position": position, "label_zh": values["value"], **values}, field=field)


@transaction.atomic
def change_field(field: CustomField, *, actor: Actor, **settings: Any) -> CustomField:
    """Change settings of a field. ValidationError names what does not fit."""
    for name, value in settings.items():
        setattr(field, name, value)
    field.full_clean()
    field.save()
    changed(field, "changed", actor=actor)
    return field


@transaction.atomic
def retire_field(field: CustomField, *, actor: Actor) -> None:
    """Take a field out of use; its values stay and are there again when it comes back."""
    change_field(field, actor=actor, active=False)


def changed(field: CustomField, what: str, *, actor: Actor) -> None:
    """What every change of a definition ends in: told in the audit log, forgotten by this process."""
    field.__dict__.pop("chosen_from", None)
    audit(actor.user, f"field_{what}", entity=field.entity, field=field.code, kind=field.kind)
    definitions.look_again()
    transaction.on_commit(definitions.look_again)
