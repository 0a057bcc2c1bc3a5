"""Roles with their matrix (entity × action → scope) and field rules; shares of single records."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm.access.models import FieldRule, Grant, RecordShare, Role, Scope
from crm.entities.entity import Entity, registry
from crm.fields.field import resolve

# What the generic actions are called; a verb of an entity is named by its own label.
ACTIONS = {
    "view": _("View"),
    "add": _("Add"),
    "change": _("Change"),
    "delete": _("Delete"),
    "purge": _("Remove for good"),
    "assign": _("Assign"),
    "export": _("Export"),
    "import": _("Import"),
}


def entity_choices() -> list[tuple[str, str]]:
    """(label, name) of every entity."""
    return sorted(((label, entity.plural) for label, entity in registry.items()), key=lambda pair: pair[0])


def field_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Fields that a rule may name, grouped by entity; the value is "entity:field"."""
    return [(entity.plural, _fields_of(entity)) for _label, entity in sorted(registry.items())]


def _fields_of(entity: Entity) -> list[tuple[str, str]]:
    own = [name for name in entity.field_names if "__" not in name]
    return [(f"{entity.label}:{name}", resolve(entity.model, name).label) for name in own]


def verb_label(entity: Entity, action: str) -> str:
    """What an action is called in the matrix."""
    found = next((a.label for a in entity.all_actions if a.permission == action), None)
    return str(ACTIONS.get(action) or found or action)


class RoleForm(forms.ModelForm):
    """The role and one select for each cell of its matrix."""

    class Meta:
        model = Role
        fields = ("name", "code", "users")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = {(g.entity, g.action): g.scope for g in self.instance.grants.all()} if self.instance.pk else {}
        self.cells: list[tuple[Entity, list[tuple[str, str]]]] = []
        for label, entity in sorted(registry.items()):
            row = []
            for action in entity.granted:
                name = f"grant:{label}:{action}"
                self.fields[name] = forms.TypedChoiceField(
                    label=f"{entity.plural} · {verb_label(entity, action)}",
                    choices=Scope.choices,
                    coerce=int,
                    initial=held.get((label, action), Scope.NONE),
                )
                row.append((verb_label(entity, action), name))
            self.cells.append((entity, row))

    def matrix(self) -> list[dict[str, Any]]:
        """Rows for the template: an entity and its bound selects."""
        return [{"entity": entity, "cells": [(label, self[name]) for label, name in row]} for entity, row in self.cells]

    def save_matrix(self) -> None:
        """Write the cells that differ; a cell of scope none is no row."""
        held = {(g.entity, g.action): g for g in self.instance.grants.all()}
        for entity, row in self.cells:
            for action, (_label, name) in zip(entity.granted, row, strict=True):
                scope, grant = self.cleaned_data[name], held.get((entity.label, action))
                if scope == Scope.NONE:
                    if grant:
                        grant.delete()
                elif grant is None or grant.scope != scope:
                    Grant.objects.update_or_create(
                        role=self.instance, entity=entity.label, action=action, defaults={"scope": scope}
                    )


class FieldRuleForm(forms.ModelForm):
    """Entity and field chosen together, by their names."""

    target = forms.ChoiceField(label=_("field"), choices=field_choices)

    class Meta:
        model = FieldRule
        fields = ("target", "mode")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["target"].initial = f"{self.instance.entity}:{self.instance.field}"

    def _post_clean(self) -> None:
        entity, _colon, field = self.cleaned_data.get("target", "").partition(":")
        self.instance.entity, self.instance.field = entity, field
        super()._post_clean()


class FieldRuleInline(admin.TabularInline):
    model = FieldRule
    form = FieldRuleForm
    extra = 0


@admin.register(Role)
class RoleAdmin(admin.ModelAdmin):
    """Who holds the role, and how far it reaches with each verb."""

    form = RoleForm
    list_display = ("name", "code", "people")
    search_fields = ("name", "code")
    prepopulated_fields = {"code": ("name",)}
    autocomplete_fields = ("users",)
    inlines = (FieldRuleInline,)
    change_form_template = "admin/access/role/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Role]:
        return super().get_queryset(request).annotate(people_count=Count("users"))

    def get_fieldsets(self, request: HttpRequest, obj: Role | None = None):
        return ((None, {"fields": ("name", "code", "users")}),)

    def get_form(self, request: HttpRequest, obj: Role | None = None, change: bool = False, **kwargs: Any):
        return super().get_form(request, obj, change, **kwargs | {"fields": ("name", "code", "users")})

    def save_related(self, request: HttpRequest, form: RoleForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        form.save_matrix()

    @admin.display(description=_("people"), ordering="people_count")
    def people(self, role: Role) -> int:
        return role.people_count


class RecordShareForm(forms.ModelForm):
    entity = forms.ChoiceField(label=_("entity"), choices=entity_choices)

    class Meta:
        model = RecordShare
        fields = ("entity", "record_id", "user", "team", "department", "level", "until", "reason")


@admin.register(RecordShare)
class RecordShareAdmin(admin.ModelAdmin):
    """Single records opened to somebody, until when and why."""

    form = RecordShareForm
    list_display = ("entity", "record_id", "user", "team", "department", "level", "until", "reason")
    list_filter = ("entity", "level")
    search_fields = ("record_id", "user__name", "reason")
    list_select_related = ("user", "team", "department")
    autocomplete_fields = ("user", "team", "department")

    def save_model(self, request: HttpRequest, obj: RecordShare, form: forms.ModelForm, change: bool) -> None:
        obj.created_by_id = obj.created_by_id or request.user.pk
        super().save_model(request, obj, form, change)
