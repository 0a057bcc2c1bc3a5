"""Which fields a web form may have, and the form that a visitor gets: the bound form of the entity, with fewer fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from crm.entities.bound import BoundEntity, BoundField, bind
from crm.entities.entity import registry
from crm.entities.forms import EntityForm, entity_form, may_write
from crm.entities.links import RemoteSelect
from crm.reference.models import Region
from marketing.models import FormField, WebForm

KINDS = frozenset(
    "text longtext email phone url choice multichoice number integer money percent date datetime boolean address".split()
)
# Lists that admins keep, of which a visitor may choose. Everything else that is linked is none of a visitor's business.
LISTS = frozenset({"industry", "region"})
# What says where a record stands, or whose it is, is not for visitors.
INNER = frozenset({"status", "invalid_reason", "rating", "score", "owner", "decision_role", "external_id", "number"})
MOST_PROVINCES = 60
LONGEST = 5000


def bound_of(form: WebForm) -> BoundEntity:
    """The entity that the form makes, as its owner sees it: the named principal of whatever is sent."""
    return bind(registry[form.target], form.owner)


def offered(bound: BoundEntity) -> list[BoundField]:
    """The fields that a form may show: those that its owner may write, of kinds that a stranger can fill in."""
    return [
        field
        for field in bound.visible(bound.form_names)
        if may_write(bound, field)
        and field.name not in INNER
        and (field.kind in KINDS or (field.kind == "record" and field.name in LISTS))
    ]


def shown(form: WebForm) -> list[FormField]:
    """The form's fields that can still be filled in, in their order."""
    possible = {field.name for field in offered(bound_of(form))}
    return [field for field in form.fields.all() if field.field in possible]


def public_form(form: WebForm, values: Mapping[str, Any] | None = None) -> EntityForm:
    """The bound form over the web form's fields, over ``values`` where something was sent."""
    bound = bound_of(form)
    rows = {row.field: row for row in shown(form)}
    data = None if values is None else cut(values, rows)
    made = entity_form(bound, data, instance=bound.entity.fresh(form.owner, {}), names=list(rows))
    made.label_suffix = ""
    for name, row in rows.items():
        field = made.fields[name]
        field.label = row.said("label") or field.label
        field.help_text = row.said("help")
        field.required = field.required or row.required
        _for_strangers(name, field)
    return made


def _for_strangers(name: str, field: forms.Field) -> None:
    """Nothing that asks the program further: lists are short and complete, and the browser may fill in what it knows."""
    if isinstance(field.widget, RemoteSelect):
        rows = field.queryset
        field.queryset = rows.filter(kind=Region.Kind.PROVINCE) if rows.model is Region else rows
        field.widget = forms.Select(
            choices=[("", ""), *((row.pk, str(row)) for row in field.queryset[:MOST_PROVINCES])]
        )
    for widget in getattr(field.widget, "widgets", [field.widget]):
        for attribute in ("autocomplete", "data-regions", "data-rich"):
            widget.attrs.pop(attribute, None)
    if name in AUTOCOMPLETE:
        field.widget.attrs["autocomplete"] = AUTOCOMPLETE[name]


AUTOCOMPLETE = {
    "name": "name",
    "company": "organization",
    "job_title": "organization-title",
    "mobile": "tel",
    "phone": "tel",
    "email": "email",
    "website": "url",
    "address": "street-address",
    "city": "address-level2",
    "country": "country-name",
}


def cut(values: Mapping[str, Any], names: Mapping[str, Any]) -> QueryDict:
    """Of what was sent only the fields of the form (and their parts), as a browser sends them, each of limited length."""
    data = QueryDict(mutable=True)
    for key in values:
        base, _underscore, part = key.rpartition("_")
        if key in names or (base in names and part.isdigit()):
            found = values.getlist(key) if isinstance(values, QueryDict) else values[key]
            data.setlist(key, [str(one)[: LONGEST + 1] for one in found[:50]])
    return data


def field_choices(form: WebForm) -> list[tuple[str, str]]:
    """What the builder offers."""
    return [("", _("No field")), *((field.name, str(field.label)) for field in offered(bound_of(form)))]
