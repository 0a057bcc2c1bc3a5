"""Entities of one's own in Django admin: what they are called, their stages, who may use them."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from crm.customentities.models import ICONS, EntityDefinition, EntityStage
from crm.customentities.services import delete_entity, keep_rights, record_count, settle
from crm.entities.entity import registry
from crm.entities.naming import entity_choices
from crm.lib.pinyin import pinyin_forms
from crm.records.actor import Actor


class DefinitionForm(forms.ModelForm):
    """A new entity also says whose rights it takes over. Icons are chosen by their pictures."""

    icon = forms.ChoiceField(label=_("icon"), widget=forms.RadioSelect(attrs={"class": "icon-picker"}))

    rights_like = forms.ChoiceField(
        label=_("Rights like those on"),
        required=False,
        help_text=_("Each role may do here what it may do there. The matrix of a role changes it later."),
    )

    class Meta:
        model = EntityDefinition
        fields = (
            "name_zh", "name_en", "plural_en", "code", "icon", "area", "prefix", "title_zh", "title_en", "position", "active",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["icon"].choices = [
            (name, render_to_string("admin/customentities/icon.html", {"name": name})) for name in ICONS
        ]
        self.fields["icon"].initial = "box"
        self.fields["code"].required = False
        self.fields["code"].help_text = _(
            "Stands in the address of its pages. It can't be changed later. Empty: made from the name."
        )
        self.fields["rights_like"].choices = [("", _("Nobody yet")), *entity_choices()]
        self.fields["rights_like"].initial = "" if self.instance.pk else "sales.lead"
        if self.instance.pk:
            self.fields["code"].disabled = True

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not data.get("code") and "code" not in self.errors:
            data["code"] = _free_code(data)
        area, code = data.get("area"), data.get("code")
        label = f"customentities.{code}"
        taken = {(entity.area, entity.slug) for entity in registry.values() if entity.label != label}
        if (area, code) in taken:
            self.add_error("code", _("The menu has an entity of that address already."))
        return data


def _free_code(data: dict[str, Any]) -> str:
    """A code made from the name that no entity has yet."""
    said = data.get("name_en") or pinyin_forms(data.get("name_zh") or "")[0]
    stem = re.sub(r"[^a-z0-9]", "", said.lower())[:25]
    stem = stem if stem[:1].isalpha() else f"entity{stem}"
    taken = set(EntityDefinition.objects.values_list("code", flat=True)) | {entity.slug for entity in registry.values()}
    return next(code for code in (stem, *(f"{stem}{number}" for number in range(2, 1000))) if code not in taken)


class StageInline(admin.TabularInline):
    model = EntityStage
    extra = 0
    fields = ("position", "name_zh", "name_en", "colour", "closes")


@admin.register(EntityDefinition)
class EntityDefinitionAdmin(admin.ModelAdmin):
    """What a company needs beside what there is; its fields are defined under “custom fields”."""

    form = DefinitionForm
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name_zh", "name_en", "plural_en"),
                    "icon",
                    ("area", "position", "active"),
                    ("code", "prefix"),
                    ("title_zh", "title_en"),
                    "rights_like",
                )
            },
        ),
    )
    list_display = ("__str__", "code", "area", "records", "active")
    list_filter = ("area", "active")
    search_fields = ("code", "name_zh", "name_en")
    inlines = (StageInline,)
    change_form_template = "admin/customentities/change_form.html"

    @admin.display(description=_("records"))
    def records(self, definition: EntityDefinition) -> int:
        return record_count(definition)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        keep_rights(form.instance, form.cleaned_data.get("rights_like", ""))
        settle(form.instance, "changed" if change else "defined", actor=Actor.of(request))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list, dict, set, list]:
        held = [f"{definition}: {record_count(definition)}" for definition in objs if record_count(definition)]
        return [str(definition) for definition in objs], {}, set(), held

    def delete_model(self, request: HttpRequest, obj: EntityDefinition) -> None:
        try:
            delete_entity(obj, actor=Actor.of(request))
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for definition in queryset:
            self.delete_model(request, definition)
