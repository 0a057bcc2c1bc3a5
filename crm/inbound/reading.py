"""One record of another program as what the fields of ours are given."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import override

from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import registry
from crm.entities.forms import EntityForm, entity_form
from crm.entities.links import LinkField, target_of
from crm.inbound.models import Connection, ExternalId
from crm.inbound.paths import at
from crm.lib.text import fold
from crm.users.models import User

LANGUAGES = ("zh-hans", "en")
SCALAR = (str, int, float, bool)


def values_of(connection: Connection, item: dict[str, Any]) -> dict[str, Any]:
    """Field → what the item says for it. What it does not mention is left alone; null empties a field."""
    found = {}
    for mapping in connection.mappings.all():
        value = at(item, mapping.path)
        if value is not None or _mentions(item, mapping.path):
            found[mapping.field] = value
    return found


def external_id(connection: Connection, item: dict[str, Any]) -> str:
    """The id by which the other program knows the record; empty where it says none. ValidationError for nonsense."""
    if not connection.key:
        return ""
    value = at(item, connection.key)
    if value is None or value == "":
        return ""
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValidationError(_("The external id must be a text or a number."))
    text = str(value).strip()
    if len(text) > 200 or not text.isprintable():
        raise ValidationError(_("The external id is too long, or holds signs that can't be kept."))
    return text


def translated(connection: Connection, bound: BoundEntity, given: dict[str, Any]) -> dict[str, Any]:
    """Words of the other program as ours: names of choices and of linked records as what stands for them here."""
    blank = entity_form(bound, instance=bound.entity.fresh(bound.user, {}), names=list(given))
    return {name: _ours(connection, blank, name, value) for name, value in given.items()}


def _ours(connection: Connection, form: EntityForm, name: str, value: Any) -> Any:
    field = form.fields.get(name)
    if isinstance(field, LinkField) and isinstance(value, str | int) and not isinstance(value, bool):
        return _linked(connection, form, name, field, str(value).strip())
    if isinstance(field, forms.ChoiceField):
        told = value if isinstance(value, list) else [value]
        known = {str(key): str(key) for key, _label in field.choices}
        labels = _labels(field)
        ours = [known.get(str(one)) or labels.get(fold(str(one)).strip(), one) for one in told[:100]]
        return ours if isinstance(value, list) or isinstance(field, forms.MultipleChoiceField) else ours[0]
    if isinstance(value, list) and value and all(isinstance(one, SCALAR) for one in value):
        return "、".join(str(one) for one in value[:100])
    return value


def _labels(field: forms.ChoiceField) -> dict[str, Any]:
    found = {}
    for language in LANGUAGES:
        with override(language):
            found |= {fold(str(label)).strip(): key for key, label in field.choices if label}
    return found


def _linked(connection: Connection, form: EntityForm, name: str, field: LinkField, text: str) -> Any:
    """The id of what a text names: by the other program's id, else by name, among what the person may choose."""
    if not text:
        return ""
    if "\x00" in text:
        return _id(None, text.replace("\x00", ""))
    model = field.queryset.model
    if model is User:
        found = field.queryset.filter(username=text).first() or field.queryset.filter(email__iexact=text).first()
        return _id(found or _only(field.queryset.filter(name=text)), text)
    source = form.custom[name].source if name in form.custom else form._meta.model._meta.get_field(name)
    target = target_of(source)
    if target is not None:
        known = ExternalId.objects.filter(connection=connection, value=text[:200], on_entity=target.label).first()
        if known is not None:
            return known.on_id
    names = {f.name for f in model._meta.concrete_fields}
    by = next((name for name in ("name", "title", "subject") if name in names), "")
    return _id(_only(field.queryset.filter(**{by: text})) if by else None, text)


def _only(rows: Any) -> Any:
    """The one row; None where there are several, since nobody says which."""
    found = list(rows[:2])
    return found[0] if len(found) == 1 else None


def _id(found: Any, text: str) -> Any:
    if found is None:
        raise ValidationError(_("“%(text)s” names nothing that can be chosen here.") % {"text": text[:60]})
    return found.pk


def _mentions(item: dict[str, Any], path: str) -> bool:
    """Whether the item names the path's last step at all, if only as null."""
    above, _dot, last = path.rpartition(".")
    place = at(item, above) if above else item
    return isinstance(place, dict) and last in place


def field_choices(label: str, user: Any) -> list[tuple[str, str]]:
    """The fields of an entity that the person may write."""
    bound = bind(registry[label], user)
    return [
        (f.name, capfirst(str(f.label))) for f in bound.visible(bound.form_names) if f.editable and f.kind != "file"
    ]
