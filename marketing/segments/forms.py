"""What the verbs of segments ask for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.entities.condition_field import ConditionField
from marketing.segments.models import Segment
from marketing.segments.services import lists_of


class ConditionsForm(forms.Form):
    """Who is in it, and who is not all the same."""

    condition = ConditionField(label=_("Who is in it"), help_text=_("Nobody is, until something is asked."))
    without = ConditionField(label=_("Without"), help_text=_("Whoever this fits is left out."))

    def __init__(self, *args: Any, user: Any, record: Segment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("condition", "without"):
            self.fields[name].bind_to(record.of, user)
            self.fields[name].initial = getattr(record, name)


class ListForm(forms.Form):
    """Which list."""

    segment = forms.ModelChoiceField(Segment.objects.none(), label=_("List"))

    def __init__(self, *args: Any, user: Any, record: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["segment"].queryset = lists_of(record.entity_label(), user)
