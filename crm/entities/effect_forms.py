"""The forms of effects' parameters inside a larger form: each under the id of its step, every value an ordinary form field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from crm.entities import effects
from crm.entities.bound import BoundEntity


def effect_view(bound: BoundEntity, step: Mapping[str, Any], step_id: str) -> dict[str, Any]:
    """The form of an effect's parameters, its fields under the id of the step."""
    try:
        found = effects.effect_of(str(step.get("effect")), bound.entity)
    except LookupError as error:
        return {"label": step.get("effect"), "icon": "alert-triangle", "error": str(error.args[0])}
    params = step.get("params") or {}
    view: dict[str, Any] = {"label": found.label, "icon": found.icon, "outside": found.outside, "effect": found.name}
    form = bound_form(bound, found, params, step_id, fresh=not params)
    if found.name == "set_fields":
        chosen = set(params)
        view["offered"] = [(name, label) for name, label in settable(bound) if name not in chosen]
        form = form if params else None
    view["form"] = form
    view["inputs"] = [form[name] for name in form.fields if name != "version"] if form is not None else []
    return view


def settable(bound: BoundEntity) -> list[tuple[str, str]]:
    """Fields that the principal may write."""
    found = effects.effect_of("set_fields", bound.entity)
    form = effects.params_form(found, bound.entity, bound.user)
    return sorted(((name, str(form.fields[name].label)) for name in form.names), key=lambda pair: pair[1])


def bound_form(
    bound: BoundEntity, found: effects.Effect, params: Mapping[str, Any], prefix: str, *, fresh: bool
) -> Any:
    """The effect's form with its values under a prefix; unbound when it is fresh."""
    form = effects.params_form(found, bound.entity, bound.user, None if fresh else params)
    if form is None:
        return None
    form.prefix = prefix
    if not fresh:
        values = {name: value if isinstance(value, list) else [value] for name, value in params.items()}
        form.data = MultiValueDict({f"{prefix}-{name}": value for name, value in values.items()})
    for one in form.fields.values():
        one.widget.is_required = False  # the browser would hold back a draft
        if isinstance(one, forms.ModelChoiceField) and one.required and not one.help_text and not one.queryset.exists():
            one.help_text = _("There is nothing to choose from yet.")
    return form


def read_params(bound: BoundEntity, data: QueryDict, name: str, step_id: str) -> dict[str, Any]:
    """The parameters that were posted for a step, as its form's widgets read them."""
    try:
        found = effects.effect_of(name, bound.entity)
    except LookupError:
        return {}
    names = data.getlist(f"{step_id}:names")
    form = effects.params_form(
        found, bound.entity, bound.user, dict.fromkeys(names, "") if name == "set_fields" else None
    )
    params = {}
    for field_name, one in form.fields.items() if form is not None else ():
        if field_name in names and not one.disabled:
            params[field_name] = _posted(one, data, f"{step_id}-{field_name}")
    return params


def _posted(one: forms.Field, data: QueryDict, key: str) -> Any:
    value = one.widget.value_from_datadict(data, {}, key)
    if isinstance(value, bool):
        return "on" if value else ""
    if isinstance(value, list | tuple):
        return [str(part) for part in value]
    return "" if value is None else str(value)
