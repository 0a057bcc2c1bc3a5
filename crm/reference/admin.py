"""Regions, industries, exchange rates and number sequences, kept by admins."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.reference.calendars import SpecialDay, WorkingCalendar, WorkingHours, last_known_year, load_china_days, touch
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
    list_display = ("name", "code", "gap_free", "prefix", "period", "digits", "last")
    search_fields = ("name", "code")
    readonly_fields = ("last",)


class HoursInline(admin.TabularInline):
    model = WorkingHours
    extra = 0


class DayInline(admin.TabularInline):
    model = SpecialDay
    extra = 0


@admin.register(WorkingCalendar)
class WorkingCalendarAdmin(admin.ModelAdmin):
    """Hours, holidays and weekends worked; the public holidays of China are one action away."""

    list_display = ("name", "is_default", "timezone")
    autocomplete_fields = ("departments",)
    inlines = (HoursInline, DayInline)
    actions = ("load_public_holidays",)

    @admin.action(description=gettext_lazy("Add the public holidays of China"))
    def load_public_holidays(self, request: HttpRequest, queryset: QuerySet) -> None:
        year = last_known_year()
        for calendar in queryset:
            added = sum(load_china_days(calendar, y) for y in range(year - 1, year + 1))
            messages.success(
                request,
                _("%(calendar)s: %(count)d days were added, up to the end of %(year)d.")
                % {"calendar": calendar, "count": added, "year": year},
            )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        touch(form.instance)
