"""Pages of Django admin whose words depend on who reads them."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from crm.entities.bound import bind
from crm.entities.condition_field import in_words
from crm.entities.entity import registry

_reader: ContextVar[Any] = ContextVar("reader")


class ReaderAdmin(admin.ModelAdmin):
    """Columns and read-only fields that ask ``reader``. One admin serves all requests at once, so it can't keep who reads itself."""

    @property
    def reader(self) -> Any:
        """Whoever reads the page that this thread makes."""
        return _reader.get()

    def get_list_display(self, request: HttpRequest) -> Any:
        _reader.set(request.user)
        return super().get_list_display(request)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        _reader.set(request.user)
        return super().get_form(request, obj, change, **kwargs)

    def condition_in_words(self, label: str, data: Any, nothing: Any) -> str:
        """A stored condition as the reader may know it; what is wrong with one that is not understood any more."""
        if label not in registry:
            return "–"
        try:
            return in_words(bind(registry[label], self.reader), data) or str(nothing)
        except ValidationError as error:
            return error.messages[0]
