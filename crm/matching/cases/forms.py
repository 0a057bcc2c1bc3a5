"""What is asked of whoever asks, and of whoever decides."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.entities.inputs import LineField
from crm.matching.cases.models import CollisionCase


class AskForm(forms.Form):
    """What one wants, and why."""

    kind = forms.ChoiceField(
        label=_("What do you ask for?"), choices=CollisionCase.Kind, widget=forms.RadioSelect, initial="join"
    )
    reason = LineField(label=_("Why"), max_length=500, help_text=_("The holder and the arbiter read it."))


class AnswerForm(forms.Form):
    """A word with the decision."""

    answer = LineField(label=_("Answer"), required=False, max_length=500)

    def __init__(self, *args: Any, user: Any, record: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
