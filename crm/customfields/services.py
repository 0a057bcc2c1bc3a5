"""Defining, changing and taking away custom fields: what the administration, packs and tests call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.customfields import definitions, indexes
from crm.customfields.formulas.uses import users_of
from crm.customfields.jobs import twice
from crm.customfields.models import CustomField, CustomOption
from crm.jobs.models import Job
from crm.jobs.services import start_job
from crm.records.actor import Actor
from crm.records.audit import audit
from crm.records.models import AuditEvent

# Kinds into which a field may be changed though records hold values: the stored values stay what they are.
SAFE = {
    "text": ("longtext",),
    "email": ("text", "longtext"),
    "phone": ("text", "longtext"),
    "url": ("text", "longtext"),
    "integer": ("number", "percent"),
    "choice": ("text",),
}
# Told of every change of a definition, as (before, None for a new one; after; actor): what is worked out elsewhere from
# values (the search) follows. Filled by rooms above.
listeners: list[Callable[[CustomField | None, CustomField, Actor], None]] = []


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


@transaction.atomic
def define_alike(fields: Sequence[CustomField], *, actor: Actor) -> None:
    """New fields of one shape without options, each of an entity of its own, in as few statements as one. The first is judged
    for all; ValidationError names what does not fit."""
    fields[0].full_clean()
    CustomField.objects.bulk_create(fields)
    changed(fields[0], "", actor=actor)
    told = {"action": "field_defined", "user": actor.user, "record_ids": []}
    AuditEvent.objects.bulk_create(
        AuditEvent(entity=one.entity, data={"field": one.code, "kind": one.kind}, **told) for one in fields
    )
    waiting = [field.pk for field in fields if indexes.wanted(field)]
    if waiting:
        CustomField.objects.filter(pk__in=waiting).update(index_state=CustomField.Index.WAITING)
        title = _("Index of the field %(name)s") % {"name": fields[0].label}
        start_job("customfields.index", user=actor.user, params={"fields": waiting}, title=title)


def _option(field: CustomField, position: int, given: Any) -> CustomOption:
    values = dict(given) if isinstance(given, Mapping) else {"value": given}
    return CustomOption(**{"position": position, "label_zh": values["value"], **values}, field=field)


@transaction.atomic
def change_field(field: CustomField, *, actor: Actor, **settings: Any) -> CustomField:
    """Change settings of a field. ValidationError names what does not fit."""
    for name, value in settings.items():
        setattr(field, name, value)
    before = check_change(field)
    field.full_clean()
    field.save()
    changed(field, "changed", actor=actor, before=before)
    return field


def check_change(field: CustomField) -> CustomField:
    """The field as it was; ValidationError where the change would break what is stored."""
    before = CustomField.objects.get(pk=field.pk)
    problems: dict[str, str] = {}
    for name in ("entity", "code"):
        if getattr(before, name) != getattr(field, name):
            problems[name] = _("It can't be changed any more.")
    if (before.kind, before.target) != (field.kind, field.target) and not (
        field.kind in SAFE.get(before.kind, ()) and before.target == field.target
    ):
        count = indexes.count_values(before)
        if count:
            problems["kind"] = ngettext(
                "%(count)d record holds a value of the present kind. Define another field and take the values over.",
                "%(count)d records hold values of the present kind. Define another field and take the values over.",
                count,
            ) % {"count": count}
    if field.unique and not before.unique and (same := indexes.duplicates(before)):
        problems["unique"] = twice(same)
    if problems:
        raise ValidationError(problems)
    return before


@transaction.atomic
def retire_field(field: CustomField, *, actor: Actor) -> None:
    """Take a field out of use; its values stay and are there again when it comes back."""
    change_field(field, actor=actor, active=False)


@transaction.atomic
def delete_field(field: CustomField, *, actor: Actor) -> Job:
    """Delete a field with its values, in a job; its change set can be undone once there is such a field again."""
    if used := users_of(field.entity, field.code):
        said = _("These still need the field: %(names)s. Change or delete them first.")
        raise ValidationError(said % {"names": ", ".join(map(str, used))})
    count = indexes.count_values(field)
    audit(actor.user, "field_deleted", entity=field.entity, field=field.code, kind=field.kind, values=count)
    CustomField.objects.filter(pk=field.pk).update(active=False, purging=True)
    changed(field, "", actor=actor)
    title = _("Delete the field %(name)s") % {"name": field.label}
    return start_job("customfields.purge", user=actor.user, params={"field": field.pk}, title=title, total=count)


@transaction.atomic
def forget_field(field: CustomField, *, actor: Actor) -> None:
    """Delete a field that holds no values any more; its indexes go in a job."""
    audit(actor.user, "field_deleted", entity=field.entity, field=field.code, kind=field.kind, values=0)
    pk, title = field.pk, _("Index of the field %(name)s") % {"name": field.label}
    if indexes.existing(pk):
        start_job("customfields.index", user=actor.user, params={"field": pk}, title=title)
    field.delete()
    changed(field, "", actor=actor)


def changed(field: CustomField, what: str, *, actor: Actor, before: CustomField | None = None) -> None:
    """What every change of a definition ends in: told in the audit log, forgotten by this process, indexes brought in line."""
    field.__dict__.pop("chosen_from", None)
    definitions.look_again()
    transaction.on_commit(definitions.look_again)
    if not what:
        return
    audit(actor.user, f"field_{what}", entity=field.entity, field=field.code, kind=field.kind)
    for listener in listeners:
        listener(before, field, actor)
    if indexes.differs(field):
        CustomField.objects.filter(pk=field.pk).update(index_state=CustomField.Index.WAITING, index_error="")
        field.index_state = CustomField.Index.WAITING
        title = _("Index of the field %(name)s") % {"name": field.label}
        start_job("customfields.index", user=actor.user, params={"field": field.pk}, title=title)
