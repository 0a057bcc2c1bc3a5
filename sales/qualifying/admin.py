"""The questions in Django admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from sales.qualifying.models import Question
from sales.qualifying.services import add_up, reckon


@admin.register(Question)
class QuestionAdmin(admin.ModelAdmin):
    list_display = ("name", "kind", "points", "before", "position", "active")
    list_editable = ("position", "active")
    list_filter = ("kind", "active")
    search_fields = ("name",)

    def save_model(self, request: HttpRequest, obj: Question, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        reckon(obj)

    def delete_model(self, request: HttpRequest, obj: Question) -> None:
        leads = set(obj.answers.values_list("lead", flat=True))
        super().delete_model(request, obj)
        add_up(leads)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        super().delete_queryset(request, queryset)
        add_up()
