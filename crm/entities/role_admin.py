"""Roles in Django admin: the matrix of scopes and conditions, field rules, copies, comparisons."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.models import FieldRule, Grant, Role, Scope
from crm.entities.bound import bind
from crm.entities.condition_field import ConditionField, in_words
from crm.entities.entity import Entity, registry
from crm.entities.naming import field_choices, verb_label

MOST_COMPARED = 5


class RoleForm(forms.ModelForm):
    """The role and one select for each cell of its matrix; a cell's condition has a page of its own."""

    user: Any = None

    class Meta:
        model = Role
        fields = ("name", "code", "users")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.held = {(g.entity, g.action): g for g in self.instance.grants.all()} if self.instance.pk else {}
        self.cells: list[tuple[Entity, list[tuple[str, str, str]]]] = []
        for label, entity in sorted(registry.items()):
            row = []
            for action in entity.granted:
                name, grant = f"grant:{label}:{action}", self.held.get((label, action))
                self.fields[name] = forms.TypedChoiceField(
                    label=f"{entity.plural} · {verb_label(entity, action)}",
                    choices=Scope.choices,
                    coerce=int,
                    initial=grant.scope if grant else Scope.NONE,
                )
                row.append((verb_label(entity, action), name, action))
            if row:
                self.cells.append((entity, row))

    def matrix(self) -> list[dict[str, Any]]:
        """Rows for the template: an entity and its bound selects, each with its condition in words and where it is set."""
        return [
            {"entity": entity, "cells": [self._cell(entity, label, name, action) for label, name, action in row]}
            for entity, row in self.cells
        ]

    def _cell(self, entity: Entity, label: str, name: str, action: str) -> dict[str, Any]:
        grant = self.held.get((entity.label, action))
        return {
            "label": label,
            "field": self[name],
            "where": said(entity, grant.condition, self.user) if grant else "",
            "url": reverse("admin:access_role_where", args=[self.instance.pk, entity.label, action])
            if self.instance.pk and action not in {"add", "import"}
            else "",
        }

    def save_matrix(self) -> None:
        """Write the cells that differ; a cell of scope none without a condition is no row."""
        for entity, row in self.cells:
            for _label, name, action in row:
                keep_cell(self.instance, entity.label, action, scope=self.cleaned_data[name])


def said(entity: Entity, condition: dict, user: Any) -> str:
    """A grant's condition in words; what can't be understood any more reaches nothing, and says so."""
    try:
        return in_words(bind(entity, user), condition)
    except forms.ValidationError as error:
        nothing = gettext("nothing")
        return f"{nothing}: {'; '.join(error.messages)}"


def keep_cell(role: Role, entity: str, action: str, *, scope: int | None = None, condition: dict | None = None) -> None:
    """Set the scope or the condition of one cell (None: as it is)."""
    grant = Grant.objects.filter(role=role, entity=entity, action=action).first()
    grant = grant or Grant(role=role, entity=entity, action=action, scope=Scope.NONE)
    was = (grant.scope, grant.condition)
    grant.scope = grant.scope if scope is None else scope
    grant.condition = grant.condition if condition is None else condition
    if grant.scope == Scope.NONE and not grant.condition:
        if grant.pk:
            grant.delete()
    elif was != (grant.scope, grant.condition) or grant.pk is None:
        grant.save()


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


class WhereForm(forms.Form):
    """The condition of one cell."""

    condition = ConditionField(label=_("Also records where"))


def differences(roles: list[Role], user: Any) -> list[dict[str, Any]]:
    """Where the roles differ: (what, the cell of each role), scopes and conditions first, then field rules."""
    scopes = {role.pk: {(g.entity, g.action): g for g in role.grants.all()} for role in roles}
    rules = {role.pk: {(r.entity, r.field): r for r in role.field_rules.all()} for role in roles}
    lines = []
    for label, entity in sorted(registry.items()):
        for action in entity.granted:
            cells = [_cell_in_words(entity, scopes[role.pk].get((label, action)), user) for role in roles]
            if len(set(cells)) > 1:
                lines.append({"what": f"{entity.plural} · {verb_label(entity, action)}", "cells": cells})
        for name in sorted({field for role in roles for (of, field) in rules[role.pk] if of == label}):
            found = [rules[role.pk].get((label, name)) for role in roles]
            cells = [rule.get_mode_display() if rule else gettext("Free") for rule in found]
            if len(set(cells)) > 1:
                lines.append({"what": f"{entity.plural} · {entity.field(name).label}", "cells": cells})
    return lines


def _cell_in_words(entity: Entity, grant: Grant | None, user: Any) -> str:
    if grant is None:
        return str(Scope.NONE.label)
    where = said(entity, grant.condition, user)
    return f"{grant.get_scope_display()} + {where}" if where else grant.get_scope_display()


@admin.register(Role)
class RoleAdmin(admin.ModelAdmin):
    """Who holds the role, and how far it reaches with each verb."""

    form = RoleForm
    list_display = ("name", "code", "people")
    search_fields = ("name", "code")
    prepopulated_fields = {"code": ("name",)}
    autocomplete_fields = ("users",)
    inlines = (FieldRuleInline,)
    actions = ("compare",)
    change_form_template = "admin/access/role/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Role]:
        return super().get_queryset(request).annotate(people_count=Count("users"))

    def get_fieldsets(self, request: HttpRequest, obj: Role | None = None):
        return ((None, {"fields": ("name", "code", "users")}),)

    def get_form(self, request: HttpRequest, obj: Role | None = None, change: bool = False, **kwargs: Any):
        form = super().get_form(request, obj, change, **kwargs | {"fields": ("name", "code", "users")})
        form.user = request.user
        return form

    def save_related(self, request: HttpRequest, form: RoleForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        form.save_matrix()

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/where/<str:label>/<slug:action>/", wrap(self.where), name="access_role_where"),
            path("<int:pk>/copy/", wrap(self.copy), name="access_role_copy"),
            *super().get_urls(),
        ]

    def where(self, request: HttpRequest, pk: int, label: str, action: str) -> HttpResponse:
        """Set which records a cell reaches beyond its scope."""
        role, entity = get_object_or_404(Role, pk=pk), registry.get(label)
        if entity is None or action not in entity.granted:
            raise Http404
        if not self.has_change_permission(request, role):
            raise PermissionDenied
        grant = role.grants.filter(entity=label, action=action).first()
        form = WhereForm(request.POST or None, initial={"condition": grant.condition if grant else {}})
        form.fields["condition"].bind_to(label, request.user)
        if request.method == "POST" and form.is_valid():
            keep_cell(role, label, action, condition=form.cleaned_data["condition"])
            self.log_change(request, role, f"{label}:{action} {form.cleaned_data['condition']}")
            messages.success(request, gettext("The condition was saved."))
            return redirect("admin:access_role_change", pk)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{role} · {entity.plural} · {verb_label(entity, action)}",
            "form": form,
            "role": role,
            "opts": self.opts,
        }
        return render(request, "admin/access/role/where.html", context)

    @transaction.atomic
    def copy(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A new role with the same grants and field rules, held by nobody yet."""
        role = get_object_or_404(Role, pk=pk)
        if request.method != "POST" or not self.has_add_permission(request):
            raise PermissionDenied
        number = next(n for n in range(2, 1000) if not Role.objects.filter(code=f"{role.code[:40]}-{n}").exists())
        made = Role.objects.create(name=f"{role.name[:90]} ({number})", code=f"{role.code[:40]}-{number}")
        Grant.objects.bulk_create(
            Grant(role=made, entity=g.entity, action=g.action, scope=g.scope, condition=g.condition)
            for g in role.grants.all()
        )
        FieldRule.objects.bulk_create(
            FieldRule(role=made, entity=r.entity, field=r.field, mode=r.mode) for r in role.field_rules.all()
        )
        self.log_addition(request, made, f"copied from {role}")
        messages.success(request, gettext("The role was copied; nobody holds the copy yet."))
        return redirect("admin:access_role_change", made.pk)

    @admin.action(description=_("Compare the chosen roles"))
    def compare(self, request: HttpRequest, queryset: QuerySet[Role]) -> HttpResponse:
        """Only where they differ, side by side."""
        roles = list(queryset.prefetch_related("grants", "field_rules")[:MOST_COMPARED])
        context = {
            **self.admin_site.each_context(request),
            "title": _("Compare roles"),
            "roles": roles,
            "lines": differences(roles, request.user),
            "opts": self.opts,
        }
        return render(request, "admin/access/role/compare.html", context)

    @admin.display(description=_("people"), ordering="people_count")
    def people(self, role: Role) -> int:
        return role.people_count
