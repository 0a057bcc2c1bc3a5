"""A condition as a field of an administration form: the list's own builder, never JSON by hand."""

from __future__ import annotations

import json
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from crm.entities.bound import BoundEntity, bind
from crm.entities.builder import builder_fields
from crm.entities.chips import describe
from crm.entities.entity import registry


class ConditionWidget(forms.Widget):
    """The builder over a hidden input. Without an entity it asks to choose one and save first."""

    template_name = "components/condition_field.html"
    bound: BoundEntity | None = None

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["fields"] = builder_fields(self.bound) if self.bound else None
        context["widget"]["fields_id"] = f"{context['widget']['attrs'].get('id', name)}_fields"
        return context

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> str:
        return render_to_string(self.template_name, self.get_context(name, value, attrs))

    def format_value(self, value: Any) -> str:
        if not value:
            return ""
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class ConditionField(forms.Field):
    """Stored condition JSON, ``{}`` for none. ``bind_to(entity label, user)`` says whose fields it compares."""

    widget = ConditionWidget

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("label", _("conditions"))
        super().__init__(**kwargs)
        self.bound: BoundEntity | None = None

    def bind_to(self, label: str, user: Any) -> None:
        """Compare fields of the entity, as far as ``user`` may know them."""
        entity = registry.get(label)
        self.bound = self.widget.bound = bind(entity, user) if entity else None

    def to_python(self, value: Any) -> dict[str, Any]:
        if not value:
            return {}
        try:
            data = json.loads(value) if isinstance(value, str) else value
        except ValueError as error:
            raise ValidationError(_("The condition is not complete.")) from error
        if self.bound is None:
            raise ValidationError(_("Choose an entity first."))
        self.bound.condition(data)
        return data

    def has_changed(self, initial: Any, data: Any) -> bool:
        shown = cast(ConditionWidget, self.widget).format_value
        return shown(initial or {}) != shown(data)


def in_words(bound: BoundEntity, data: Any) -> str:
    """A stored condition as a sentence, as the bound user may read it: “Amount ≥ 100,000 and Stage is one of Offer”; empty when it asks nothing."""
    return describe(bound.user, bound.condition(data)).removeprefix("(").removesuffix(")") if data else ""
