"""How results of deal teams count, in Django admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from sales.planning.models import Crediting


@admin.register(Crediting)
class CreditingAdmin(admin.ModelAdmin):
    """One row; it is there from the first migration on."""

    list_display = ("__str__",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
