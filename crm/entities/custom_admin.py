"""Fields that admins define, in Django admin: with a live preview, their index's progress and what deleting would cost."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.customfields import indexes
from crm.customfields.formulas.uses import users_of
from crm.customfields.kinds import CUSTOM_KINDS, OPTIONS
from crm.customfields.models import CustomField, CustomOption
from crm.customfields.services import changed, delete_field
from crm.entities.admin_filters import EntityFilter, KindFilter, named
from crm.entities.computed_admin import own_page
from crm.entities.custom_forms import CustomFieldForm, OptionForm, OptionRows, preview_form
from crm.records.actor import Actor

READ = ("state_of_index", "values_held")
SECTIONS = (
    (
        None,
        {"fields": (("label_zh", "label_en"), ("entity", "kind"), "code", "target", "lines", ("help_zh", "help_en"))},
    ),
    (
        gettext_lazy("Rules"),
        {
            "fields": (
                ("required", "unique"),
                "default",
                ("minimum", "maximum", "decimals"),
                "max_length",
                "pattern",
                ("pattern_message_zh", "pattern_message_en"),
            )
        },
    ),
    (
        gettext_lazy("Where it shows"),
        {"fields": (("searchable", "sortable", "on_card"), ("active", "position"), *READ)},
    ),
)


class OptionInline(admin.TabularInline):
    """The choices in their order."""

    model = CustomOption
    form = OptionForm
    formset = OptionRows
    extra = 0
    ordering = ("position", "id")


@admin.register(CustomField)
class CustomFieldAdmin(admin.ModelAdmin):
    """Define, change, take out of use, delete with its values."""

    form = CustomFieldForm
    fieldsets: Any = SECTIONS
    inlines = (OptionInline,)
    list_display = (
        "label_of",
        "entity_name",
        "kind_name",
        "code",
        "required",
        "searchable",
        "sortable",
        "unique",
        "active",
        "state_of_index",
    )
    list_filter = (EntityFilter, KindFilter, "active")
    search_fields = ("label_zh", "label_en", "code")
    readonly_fields = READ
    change_form_template = "admin/customfields/customfield/change_form.html"
    actions = ("take_out", "take_in")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).filter(purging=False)

    def get_urls(self) -> list:
        found = [path("preview/", self.admin_site.admin_view(self.preview), name="customfields_customfield_preview")]
        return [*found, *super().get_urls()]

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ):
        if object_id and (elsewhere := own_page(request, object_id)):
            return elsewhere
        has = {name: sorted(kind.settings) for name, kind in CUSTOM_KINDS.items()}
        context = {"kind_settings": has, "preview_url": reverse("admin:customfields_customfield_preview")}
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def preview(self, request: HttpRequest) -> HttpResponse:
        """The field as the posted settings would make it, in both languages; what is wrong with them stays with the form."""
        form = CustomFieldForm(request.POST)
        form.full_clean()
        return render(request, "admin/customfields/customfield/preview.html", {"shown": _previews(form.instance)})

    def save_model(self, request: HttpRequest, obj: CustomField, form: CustomFieldForm, change: bool) -> None:
        if not change and not obj.position:
            obj.position = CustomField.objects.filter(entity=obj.entity).count() + 1
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: CustomFieldForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        form.save_listed()
        changed(form.instance, "changed" if change else "defined", actor=Actor.of(request), before=form.before)

    def response_add(self, request: HttpRequest, obj: CustomField, post_url_continue: Any = None) -> HttpResponse:
        """“Save and add another”: another one of the same entity and kind."""
        answer = super().response_add(request, obj, post_url_continue)
        if "_addanother" in request.POST and isinstance(answer, HttpResponseRedirect):
            same = urlencode({"entity": obj.entity, "kind": obj.kind})
            return HttpResponseRedirect(f"{reverse('admin:customfields_customfield_add')}?{same}")
        return answer

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list, dict, set, list]:
        said = []
        for field in objs:
            count = indexes.count_values(field)
            held = ngettext("%(count)s record holds a value", "%(count)s records hold a value", count) % {
                "count": count
            }
            said.append(f"{field} ({named(field.entity)}): {held}")
        needed = [str(user) for field in objs for user in users_of(field.entity, field.code)]
        return said, {self.opts.verbose_name_plural: len(said)}, set(), needed

    def delete_model(self, request: HttpRequest, obj: CustomField) -> None:
        delete_field(obj, actor=Actor.of(request))
        text = _(
            "The field and its values are being deleted; the job says how far that is, and its changes can be undone."
        )
        messages.info(request, text)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for field in queryset:
            self.delete_model(request, field)

    @admin.action(description=gettext_lazy("Take out of use"), permissions=["change"])
    def take_out(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._switch(request, queryset, active=False)

    @admin.action(description=gettext_lazy("Take into use"), permissions=["change"])
    def take_in(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._switch(request, queryset, active=True)

    def _switch(self, request: HttpRequest, queryset: QuerySet, *, active: bool) -> None:
        for field in queryset.exclude(active=active):
            before = CustomField.objects.get(pk=field.pk)
            field.active = active
            field.save(update_fields=["active"])
            changed(field, "changed", actor=Actor.of(request), before=before)

    @admin.display(description=gettext_lazy("name"), ordering="label_zh")
    def label_of(self, field: CustomField) -> str:
        return field.label

    @admin.display(description=gettext_lazy("entity"), ordering="entity")
    def entity_name(self, field: CustomField) -> str:
        return named(field.entity)

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def kind_name(self, field: CustomField) -> str:
        return str(field.made_by.label)

    @admin.display(description=gettext_lazy("index"))
    def state_of_index(self, field: CustomField) -> str:
        if not field.pk or field.index_state == CustomField.Index.NONE:
            return ""
        if field.index_state == CustomField.Index.BUILDING and (done := indexes.progress(field)) is not None:
            return f"{field.get_index_state_display()} · {done}%"
        return f"{field.get_index_state_display()} {field.index_error}".strip()

    @admin.display(description=gettext_lazy("records with a value"))
    def values_held(self, field: CustomField) -> str:
        return str(indexes.count_values(field)) if field.pk else "0"


def _previews(definition: CustomField) -> list[dict[str, Any]]:
    """The form of the field for each language; nothing while the settings do not make a field."""
    if definition.kind not in CUSTOM_KINDS or (OPTIONS in definition.made_by.settings and not definition.chosen_from):
        return []
    try:
        return [{"language": name, "code": code, "form": preview_form(definition)} for code, name in settings.LANGUAGES]
    except (ValidationError, ValueError, LookupError):
        return []
