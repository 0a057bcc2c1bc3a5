"""What a rule, an approval or a stage gate can do to a record: effects that rooms register, and every verb of an entity.

An effect is stored by its name and its parameters, as a form would post them (``{"stage": "3"}``). ``perform`` asks the
policy with the actor's rights, cleans the parameters by the effect's form and runs it inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access import policy
from crm.entities.bound import bind
from crm.entities.entity import Action, Entity, entity_of
from crm.entities.forms import EntityForm, entity_form
from crm.records.actor import Actor
from crm.records.models import Record

VERB = "do:"


class ParamsForm(forms.Form):
    """The parameters of an effect. ``record`` is there when it runs and None where a rule is being written."""

    def __init__(self, data: Any = None, *, user: Any, entity: Entity, record: Record | None = None, **kwargs: Any):
        super().__init__(data, **kwargs)
        self.user, self.entity, self.record = user, entity, record


@dataclass(frozen=True)
class Effect:
    """One thing that can be done to a record, with the form of its parameters.

    ``run(record, params, *, actor)`` gets the cleaned parameters and says what it did. ``outside`` effects reach beyond the
    database and go through ``crm.records.outgoing``. ``permission`` is the action that the actor needs on the record.
    ``describe(params)`` says in words what the cleaned parameters ask for; empty: the label and the values. ``fits(entity)``
    tells where it can be used at all.
    """

    name: str
    label: Any
    run: Callable[..., str]
    icon: str = "bolt"
    form: Callable[..., forms.BaseForm] | None = None
    outside: bool = False
    permission: str = "change"
    describe: Callable[[Mapping[str, Any]], str] | None = None
    fits: Callable[[Entity], bool] = lambda entity: True


registry: dict[str, Effect] = {}


def effect(name: str, label: Any, icon: str = "bolt", **options: Any) -> Callable:
    """Decorator: ``fn(record, params, *, actor) -> str`` does the effect ``name``; options are those of ``Effect``."""

    def add(fn: Callable[..., str]) -> Callable[..., str]:
        registry[name] = Effect(name, label, fn, icon, **options)
        return fn

    return add


def effects_for(entity: Entity) -> list[Effect]:
    """Every effect that fits records of the entity: what rooms registered, then its verbs."""
    return [
        *(found for found in registry.values() if found.fits(entity)),
        *(_verb(action) for action in entity.all_actions if action.automatic),
    ]


def effect_of(name: str, entity: Entity) -> Effect:
    """The effect called ``name``; LookupError when there is none (any more) that fits the entity."""
    if name.startswith(VERB):
        action = next((a for a in entity.all_actions if a.name == name.removeprefix(VERB) and a.automatic), None)
        found = _verb(action) if action else None
    else:
        found = registry.get(name)
    if found is None or not found.fits(entity):
        raise LookupError(_("There is no effect “%(name)s” for %(entity)s.") % {"name": name, "entity": entity.plural})
    return found


def params_form(
    found: Effect,
    entity: Entity,
    user: Any,
    params: Mapping[str, Any] | None = None,
    *,
    record: Record | None = None,
) -> Any:
    """The form of an effect's parameters, bound to ``params`` when there are some; None when it needs none."""
    if found.form is None:
        return None
    data = None if params is None else _posted(params)
    return found.form(data, user=user, entity=entity, record=record)


def cleaned(found: Effect, entity: Entity, user: Any, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as values, where a rule is being written; ValidationError names what does not fit.

    Of an entity's form only the fields themselves are judged: what they must be together shows on a real record.
    """
    form = params_form(found, entity, user, params)
    if form is None:
        return {}
    if isinstance(form, EntityForm):
        return _each_field(form, params)
    if not form.is_valid():
        raise _refusal(form)
    return form.cleaned_data


def _each_field(form: EntityForm, params: Mapping[str, Any]) -> dict[str, Any]:
    _must_be_writable(form, params)
    values: dict[str, Any] = {}
    errors = []
    for name in form.names:
        try:
            values[name] = form.fields[name].clean(params.get(name))
        except ValidationError as error:
            errors += [f"{_name(form, name)}{text}" for text in error.messages]
    if errors:
        raise ValidationError(errors)
    return values


def _must_be_writable(form: EntityForm, params: Mapping[str, Any]) -> None:
    if unknown := [name for name in params if name not in form.bound.entity.form_names]:
        raise LookupError(_("There is no field “%(name)s” to set.") % {"name": "、".join(unknown)})
    if refused := [name for name in params if name not in form.names]:
        labels = [str(form.fields[name].label) if name in form.fields else name for name in refused]
        raise PermissionDenied(
            _("%(user)s may not change: %(fields)s.") % {"user": form.user, "fields": "、".join(labels)}
        )


def _refusal(form: Any) -> ValidationError:
    return ValidationError([f"{_name(form, name)}{text}" for name, errors in form.errors.items() for text in errors])


def describe(name: str, entity: Entity, params: Mapping[str, Any], user: Any) -> str:
    """What a stored effect is going to do, in words, as ``user`` may know it."""
    found = effect_of(name, entity)
    try:
        values = cleaned(found, entity, user, params)
    except ValidationError as error:
        return f"{found.label} ({'; '.join(error.messages)})"
    except (PermissionDenied, LookupError) as error:
        return f"{found.label} ({error.args[0]})"
    if found.describe is not None:
        return found.describe(values)
    said = _values(params_form(found, entity, user, params), values)
    return f"{found.label}: {said}" if said else str(found.label)


def perform(name: str, record: Record, params: Mapping[str, Any], *, actor: Actor) -> str:
    """Do a stored effect to the record, within the rights of ``actor``, and say what it did.

    All or nothing inside the caller's transaction. Raises LookupError (no such effect), PermissionDenied, or ValidationError.
    """
    entity = entity_of(record)
    found = effect_of(name, entity)
    if not policy.can_record(actor.user, record, found.permission):
        raise PermissionDenied(
            _("%(user)s may not do this to %(record)s: %(effect)s.")
            % {"user": actor.user, "record": record, "effect": found.label}
        )
    form = params_form(found, entity, actor.user, params, record=record)
    if isinstance(form, EntityForm):
        _must_be_writable(form, params)
    if form is not None and not form.is_valid():
        raise _refusal(form)
    with transaction.atomic():
        if isinstance(form, EntityForm):
            return _write(form, actor=actor)
        return found.run(record, form.cleaned_data if form is not None else {}, actor=actor)


def rehearse(name: str, record: Record, params: Mapping[str, Any], *, user: Any) -> tuple[bool, str] | None:
    """What would stand against the effect, as (whether rights are missing, why); None: nothing.

    Writes nothing. Fields that would be set are set on ``record``, which must be a copy. Rights on the record itself are
    the caller's to ask, for many at once.
    """
    entity = entity_of(record)
    try:
        found = effect_of(name, entity)
        action = next((a for a in entity.all_actions if VERB + a.name == name), None)
        if action is not None and not action.when(record):
            raise ValidationError(_unfit(record))
        form = params_form(found, entity, user, params, record=record)
        if isinstance(form, EntityForm):
            _must_be_writable(form, params)
        if form is not None and not form.is_valid():
            raise _refusal(form)
    except PermissionDenied as error:
        return True, str(error)
    except LookupError as error:
        return False, str(error.args[0])
    except ValidationError as error:
        return False, "; ".join(error.messages)
    return None


def _posted(params: Mapping[str, Any]) -> MultiValueDict:
    return MultiValueDict({name: value if isinstance(value, list) else [value] for name, value in params.items()})


def _name(form: Any, field: str) -> str:
    return f"{form.fields[field].label}: " if field in form.fields else ""


def _values(form: Any, values: Mapping[str, Any]) -> str:
    """“Stage: Offer, Owner: 李”: the cleaned parameters as people read them."""
    if form is None:
        return ""
    shown = []
    for name, field in form.fields.items():
        value = values.get(name)
        if name == "version" or value in (None, "", []):
            continue
        text = form.bound.entity.field(name).show(value) if isinstance(form, EntityForm) else _shown(field, value)
        shown.append(f"{field.label}: {text}")
    return ", ".join(shown)


def _shown(field: forms.Field, value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    parts = value if isinstance(value, list | tuple | QuerySet) else [value]
    if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
        labels = dict(cast(Any, field.choices))
        parts = [labels.get(part, part) for part in parts]
    return "、".join(str(part) for part in parts)


# Verbs


def _verb(action: Action) -> Effect:
    return Effect(
        VERB + action.name,
        action.label,
        partial(_run_verb, action),
        action.icon,
        partial(_verb_form, action) if action.form else None,
        permission=action.permission,
    )


def _verb_form(action: Action, data: Any, *, user: Any, entity: Entity, record: Record | None) -> forms.BaseForm:
    """The form of a verb. What the parameters leave out is what it proposes for the record at hand."""
    assert action.form is not None
    on = record if record is not None else entity.new(user, {})
    form = action.form(None, user=user, record=on)
    proposed = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    proposed = {name: [getattr(value, "pk", value)] for name, value in proposed.items() if value not in (None, "")}
    if data is not None:
        given = {name: values for name, values in data.lists() if values not in ([], [""])}
        form = action.form(MultiValueDict({**(proposed if record is not None else {}), **given}), user=user, record=on)
    for name in proposed if record is None else ():
        form.fields[name].required = False
    return form


def _unfit(record: Record) -> str:
    return _("This can't be done with %(name)s as it is now.") % {"name": record}


def _run_verb(action: Action, record: Record, params: Mapping[str, Any], *, actor: Actor) -> str:
    if not action.when(record):
        raise ValidationError(_unfit(record))
    action.perform(record, actor=actor, **params)
    return _("%(verb)s: %(name)s") % {"verb": action.label, "name": record}


# Fields


def _fields_form(
    names: tuple[str, ...] | None, data: Any, *, user: Any, entity: Entity, record: Record | None
) -> EntityForm:
    """The entity's own form over the fields that are named; without data over all that may be chosen."""
    bound = bind(entity, user)
    chosen = names or ([name for name in entity.form_names if name in data] if data is not None else None)
    return entity_form(bound, data, instance=record if record is not None else entity.new(user, {}), names=chosen)


def _write(form: EntityForm, *, actor: Actor) -> str:
    """Save what an entity's form holds, by all the rules of its entity and of its fields."""
    if not form.write(actor=actor):
        raise _refusal(form)
    if form.entry is None:
        return _("Nothing to change.")
    return _("Set %(values)s.") % {"values": _values(form, form.cleaned_data)}


def _set_fields(record: Record, params: Mapping[str, Any], *, actor: Actor) -> str:
    """Reached only by way of its form, which ``perform`` writes."""
    raise TypeError("Fields are written by their form.")


registry["set_fields"] = Effect(
    "set_fields", gettext_lazy("Set fields"), _set_fields, "pencil", partial(_fields_form, None)
)
registry["assign"] = Effect(
    "assign",
    gettext_lazy("Assign to"),
    _set_fields,
    "user-share",
    partial(_fields_form, ("owner",)),
    permission="assign",
    fits=lambda entity: "owner" in entity.form_names,
)
