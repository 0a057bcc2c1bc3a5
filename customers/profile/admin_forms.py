"""Weights for completeness in Django admin: fields are chosen by their names."""

from __future__ import annotations

from typing import Any

from celery import current_app
from django import forms
from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError

from crm.entities.entity import registry
from crm.lib.cache import redis_answers
from customers.models import CompletenessWeight


def field_label(weight: CompletenessWeight) -> str:
    """What the field is called; its name where an admin has taken it away."""
    try:
        return registry[weight.entity].field(weight.field).label
    except FieldDoesNotExist:
        return weight.field


def count_again() -> None:
    """Let a worker count everything anew; without one the night does it."""
    if redis_answers():
        try:
            current_app.tasks["customers.tasks.recount"].apply_async(ignore_result=True, retry=False)
        except (OperationalError, OSError):
            return


class CompletenessWeightForm(forms.ModelForm):
    """One weight; the field is one that people fill in."""

    class Meta:
        model = CompletenessWeight
        fields = ("entity", "field", "weight")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "field" in self.fields:
            choices = [
                (
                    str(CompletenessWeight.Of(label).label),
                    [(n, registry[label].field(n).label) for n in registry[label].form_names],
                )
                for label in CompletenessWeight.Of.values
            ]
            self.fields["field"] = forms.ChoiceField(label=_("Field"), choices=choices)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        entity, name = cleaned.get("entity"), cleaned.get("field")
        if entity and name and name not in registry[entity].form_names:
            self.add_error("field", _("This kind of record has no such field."))
        return cleaned
