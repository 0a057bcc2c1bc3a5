"""Form fields that point at another record: they offer only what the person may reach and never load a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm.access import policy
from crm.customfields.logic import logic_of
from crm.entities.entity import Entity, registry
from crm.users.models import User

if TYPE_CHECKING:
    from crm.entities.bound import BoundEntity

# A list kept by admins (stages, sources) of up to this many rows is drawn as a plain select.
FEW = 40


def target_of(source: models.Field) -> Entity | None:
    """The entity that a link points at, or None for people and for lists kept by admins."""
    return registry.get(source.related_model._meta.label_lower)


def link_rows(bound: BoundEntity, source: models.Field) -> QuerySet:
    """The rows that a link field of ``bound`` may point at, for its user; the form and its suggestions share it."""
    model = source.related_model
    target = target_of(source)
    rows: QuerySet
    if model is User:
        rows = User.objects.filter(is_active=True)
        rows = rows.filter(policy.assignable(bound.user, bound.label)) if source.name == "owner" else rows
    elif target is not None:
        rows = model.objects.restrict(bound.user)
    else:
        names = {f.name for f in model._meta.concrete_fields}
        rows = model._default_manager.filter(active=True) if "active" in names else model._default_manager.all()
    return bound.entity.link_rows(source.name, rows.complex_filter(source.get_limit_choices_to()))


def choosable(bound: BoundEntity, raw: Mapping[str, str]) -> dict[str, str]:
    """Values of an address without links to what the user may not choose: a new record points at nothing that they don't see."""
    links = {f.name: f for f in bound.model._meta.concrete_fields if f.is_relation}

    def fits(name: str, text: str) -> bool:
        source = links.get(name)
        return source is None or (is_id(text) and link_rows(bound, source).filter(pk=int(text)).exists())

    return {name: text for name, text in raw.items() if fits(name, text)}


def narrowed(rows: QuerySet, params: Mapping[str, str], user: Any) -> QuerySet:
    """The rows that a link offers beside the value of the field that narrows it: ``?for=<entity>:<link>&<field>=<value>``."""
    label, _colon, name = params.get("for", "").partition(":")
    entity = registry.get(label)
    for narrowing in logic_of(entity.model).narrowings if entity else ():
        through, raw = narrowing.through, params.get(narrowing.by.name)
        if narrowing.field.name != name or through is None or through.model is not rows.model or not raw:
            continue
        if policy.field_mode(user, through.steps) is not None:
            continue
        try:
            rows = rows.filter(through.q("exact", narrowing.by.clean(raw)))
        except ValidationError:
            return rows.none()
    return rows


class RemoteSelect(forms.Select):
    """A select that renders its chosen option only and finds the others by ``data-remote`` while the person types."""

    remote_url = ""
    create_url = ""
    few = False
    known: Any = None

    def get_context(self, name: str, value: Any, attrs: dict | None) -> dict:
        rows = self._few_rows() if self.few else None
        attrs = dict(attrs or {})
        if rows is None:
            attrs["data-remote"] = self.remote_url
            if self.create_url:
                attrs["data-create-url"] = self.create_url
        self._rows = rows if rows is not None else self._chosen(value)
        return super().get_context(name, value, attrs)

    def optgroups(self, name: str, value: list[str], attrs: dict | None = None) -> list:
        chosen = {str(v) for v in value}
        rows = list(self._rows)
        if self.known is not None and str(self.known.pk) in chosen and self.known.pk not in {row.pk for row in rows}:
            rows.append(self.known)
        pairs = [("", ""), *((row.pk, str(row)) for row in rows)]
        options = [
            self.create_option(name, pk, text, str(pk) in chosen, index, attrs=attrs)
            for index, (pk, text) in enumerate(pairs)
        ]
        return [(None, options, 0)]

    def _few_rows(self) -> list | None:
        rows = list(self.choices.queryset[: FEW + 1])
        return rows if len(rows) <= FEW else None

    def _chosen(self, value: Any) -> list:
        wanted = str(getattr(value, "pk", value) or "")
        if not wanted or (self.known is not None and wanted == str(self.known.pk)):
            return []
        return list(self.choices.queryset.filter(pk=wanted)) if is_id(wanted) else []


@dataclass(frozen=True)
class Kept:
    """What a custom link points at, called as its reader may know it: it stays chosen, also where it can't be seen."""

    pk: int
    name: str

    def __str__(self) -> str:
        return self.name


class LinkField(forms.ModelChoiceField):
    """A link to another record; the one it holds already stays allowed, also where the person could not choose it."""

    widget = RemoteSelect
    current: Any = None

    def bind(self, bound: BoundEntity, source: models.Field, current: Any) -> None:
        """Restrict to what the user may reach, and keep ``current``, which the record points at."""
        target = target_of(source)
        self.queryset = link_rows(bound, source)
        self.current = current
        self.widget.known = self.current
        self.widget.few = target is None and source.related_model is not User
        if target is None:
            self.widget.remote_url = bound.url("link", source.name)
        else:
            self.widget.remote_url = target.url("choices")
            if policy.can(bound.user, target.label, "add"):
                self.widget.create_url = target.url("add")

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        wanted = str(getattr(value, "pk", value))
        if self.current is not None and wanted == str(self.current.pk):
            return self.current
        if not is_id(wanted):
            raise ValidationError(_("Choose one of the suggestions."), code="invalid_choice")
        found = self.queryset.filter(pk=int(wanted)).first()
        if found is None:
            raise ValidationError(_("There is no such record, or you may not use it."), code="invalid_choice")
        return found


def is_id(text: str) -> bool:
    """Whether the text may be a primary key."""
    return text.isascii() and text.isdigit() and len(text) <= 18
