"""Shares of single records in Django admin; roles have a file of their own."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm.access.models import RecordShare
from crm.entities import admin_words, computed_admin, custom_admin, layout_admin, logic_admin, role_admin, tag_admin  # noqa: F401 - they register themselves
from crm.entities.admin_filters import EntityFilter
from crm.entities.naming import entity_choices


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
    list_filter = (EntityFilter, "level")
    search_fields = ("record_id", "user__name", "reason")
    list_select_related = ("user", "team", "department")
    autocomplete_fields = ("user", "team", "department")

    def save_model(self, request: HttpRequest, obj: RecordShare, form: forms.ModelForm, change: bool) -> None:
        obj.created_by_id = obj.created_by_id or request.user.pk
        super().save_model(request, obj, form, change)
