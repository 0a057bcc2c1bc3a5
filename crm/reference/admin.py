"""Regions, industries, exchange rates and number sequences, kept by admins."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from crm.reference.models import ExchangeRate, Industry, NumberSequence, Region


class NodeAdmin(admin.ModelAdmin):
    """A tree: found by name, pinyin or code, and by the node above."""

    list_display = ("name", "parent", "code", "position", "active")
    list_editable = ("position", "active")
    list_filter = ("active",)
    search_fields = ("name", "name_key", "code")
    list_select_related = ("parent",)
    autocomplete_fields = ("parent",)
    fields: tuple[str, ...] = ("name", "parent", "code", "aliases", "position", "active")
    ordering = ("position", "name_key")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("parent")


@admin.register(Region)
class RegionAdmin(NodeAdmin):
    list_display = ("name", "kind", "parent", "code", "position", "active")
    list_filter = ("kind", "active")
    fields = ("name", "kind", "parent", "code", "aliases", "position", "active")


@admin.register(Industry)
class IndustryAdmin(NodeAdmin):
    pass


@admin.register(ExchangeRate)
class ExchangeRateAdmin(admin.ModelAdmin):
    list_display = ("currency", "day", "rate")
    list_filter = ("currency", "day")
    date_hierarchy = "day"


@admin.register(NumberSequence)
class NumberSequenceAdmin(admin.ModelAdmin):
    list_display = ("name", "code", "prefix", "period", "digits", "last")
    search_fields = ("name", "code")
    readonly_fields = ("last",)
