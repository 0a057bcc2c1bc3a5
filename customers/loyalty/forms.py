"""What the verbs of points ask for."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.entities.inputs import LineField, WholeInput
from customers.loyalty.models import MOST


class PointsForm(forms.Form):
    """How many, and what for. ``key`` comes with the form, so that sending it twice does it once."""

    points = WholeInput(label=_("Points"), min_value=1, max_value=MOST)
    reason = LineField(label=_("What for"), max_length=300)
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    def __init__(self, *args: Any, user: Any = None, record: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.record = user, record
        self.fields["key"].initial = uuid4().hex


class AdjustForm(PointsForm):
    """Up or down."""

    points = WholeInput(
        label=_("Points"), min_value=-MOST, max_value=MOST, help_text=_("Below zero they are taken away.")
    )
    reason = LineField(label=_("Reason"), max_length=300)
