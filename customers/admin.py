"""Customers and their sources in Django admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm.records.admin import RecordAdmin
from customers.models import Account, CompletenessWeight, Contact, RelationType, Source
from customers.profile.admin_forms import CompletenessWeightForm, count_again, field_label


@admin.register(Source)
class SourceAdmin(admin.ModelAdmin):
    list_display = ("name", "code", "position", "active")
    list_editable = ("position", "active")
    list_filter = ("active",)
    search_fields = ("name", "code")


@admin.register(RelationType)
class RelationTypeAdmin(admin.ModelAdmin):
    list_display = ("name", "reverse_name", "between", "colour", "position", "active")
    list_editable = ("position", "active")
    list_filter = ("between", "active")
    search_fields = ("name", "reverse_name")


@admin.register(CompletenessWeight)
class CompletenessWeightAdmin(admin.ModelAdmin):
    list_display = ("field_label", "entity", "weight")
    list_editable = ("weight",)
    list_filter = ("entity",)
    form = CompletenessWeightForm

    @admin.display(description=_("Field"), ordering="field")
    def field_label(self, obj: CompletenessWeight) -> str:
        return field_label(obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """All records are counted anew, after the answer."""
        super().save_model(request, obj, form, change)
        transaction.on_commit(count_again)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        super().delete_queryset(request, queryset)
        transaction.on_commit(count_again)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        transaction.on_commit(count_again)


@admin.register(Account)
class AccountAdmin(RecordAdmin):
    list_display = ("name", "kind", "level", "industry", "region", "owner", "created_at")
    list_filter = ("kind", "level", "lifecycle", "is_person", "created_at")
    list_select_related = ("industry", "region", "owner")
    search_fields = ("name", "name_key", "tax_id", "phone", "email")
    autocomplete_fields = ("owner", "industry", "region", "source", "parent")
    show_full_result_count = False


@admin.register(Contact)
class ContactAdmin(RecordAdmin):
    list_display = ("name", "account", "job_title", "mobile", "email", "owner")
    list_filter = ("decision_role", "sex", "created_at")
    list_select_related = ("account", "owner")
    search_fields = ("name", "name_key", "mobile", "phone", "email", "wechat")
    autocomplete_fields = ("owner", "account", "source", "reports_to")
    show_full_result_count = False
