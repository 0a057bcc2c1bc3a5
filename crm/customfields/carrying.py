"""Taking custom values over from one record to another, of another entity: by the same code and kind."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models

from crm.customfields.kinds import OPTIONS
from crm.customfields.unique import holders
from crm.customfields.values import CustomValue, custom_fields, set_defaults


def carry_values(source: models.Model, target: models.Model) -> None:
    """Fill what ``target`` lacks with what ``source`` holds under the same code; then what is still missing with defaults.

    Left out is what the target can't hold: another kind, an unknown option, a value that must be unique and is taken.
    """
    theirs = {field.definition.code: field for field in custom_fields(type(source))}
    for field in custom_fields(type(target)):
        same = theirs.get(field.definition.code)
        if same is not None and not field.filled(target) and _fits(same, field, source, target):
            field.put(target, same.raw(source))
    if target._state.adding:
        set_defaults(target)


def _fits(same: CustomValue, field: CustomValue, source: models.Model, target: models.Model) -> bool:
    definition, value = field.definition, same.raw(source)
    alike = (same.definition.kind, same.definition.target) == (definition.kind, definition.target)
    if not alike or value in (None, "", []) or definition.made_by.computed:
        return False
    if OPTIONS in definition.made_by.settings:
        known = {option.value for option in definition.chosen_from}
        return known.issuperset(value if isinstance(value, list) else [value])
    try:
        field.check(value)
    except ValidationError:
        return False
    return not (definition.unique and holders(field, [value], target.pk).exists())
