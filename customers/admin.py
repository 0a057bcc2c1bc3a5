"""Customers and their sources in Django admin."""

from __future__ import annotations

from django.contrib import admin

from crm.records.admin import RecordAdmin
from customers.models import Account, Contact, RelationType, Source


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
