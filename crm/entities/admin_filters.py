"""Filters of the administration that say names where a column holds labels."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from crm.customfields.kinds import CUSTOM_KINDS
from crm.entities.entity import registry


class EntityFilter(admin.SimpleListFilter):
    """Of one entity, by the name that people know it by."""

    title, parameter_name = gettext_lazy("entity"), "entity"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        used = model_admin.get_queryset(request).order_by().values_list("entity", flat=True).distinct()
        return sorted(((label, named(label)) for label in used), key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(entity=self.value()) if self.value() else queryset


class KindFilter(admin.SimpleListFilter):
    """Of one kind, in words."""

    title, parameter_name = gettext_lazy("kind"), "kind"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        used = set(model_admin.get_queryset(request).order_by().values_list("kind", flat=True).distinct())
        return [(name, kind.label) for name, kind in CUSTOM_KINDS.items() if name in used]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(kind=self.value()) if self.value() else queryset


def named(label: str) -> str:
    """An entity as people call it; of one that is no more its label."""
    entity = registry.get(label)
    return str(entity.plural) if entity else label
