"""What the verbs of privacy ask for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.entities.inputs import DayInput
from crm.privacy.models import PrivacyRequest


class VerbForm(forms.Form):
    """A verb's form is told of its record and its reader."""

    def __init__(self, data: Any = None, *, user: Any = None, record: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.user, self.record = user, record


class RequestForm(VerbForm):
    """What the person asks for."""

    kind = forms.ChoiceField(label=_("What is asked for"), choices=PrivacyRequest.Kind.choices)
    law = forms.ChoiceField(label=_("Under which law"), choices=PrivacyRequest.Law.choices)
    received_on = DayInput(label=_("Received on"), initial=timezone.localdate)
    came_by = forms.CharField(label=_("How it came"), max_length=200, required=False)
    note = forms.CharField(
        label=_("What was asked"), max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class HoldForm(VerbForm):
    """Why data must be kept."""

    name = forms.CharField(label=_("Name of the hold"), max_length=200, help_text=_("Such as “Case 2026-17”."))
    reason = forms.CharField(
        label=_("Reason"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    until = DayInput(label=_("Until"), required=False, help_text=_("Empty: until it is released."))


class PlanForm(VerbForm):
    """How far it goes."""

    files_elsewhere = forms.BooleanField(
        label=_("Also remove files of other records in which the person is named"),
        required=False,
        help_text=_("Contracts may have to be kept: look at the preview first."),
    )


class EraseForm(PlanForm):
    """It can't be taken back."""

    sure = forms.BooleanField(label=_("I know that this can't be undone"))


class AnswerForm(VerbForm):
    """What the person is told."""

    answer = forms.CharField(
        label=_("Answer"), max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )


class RefuseForm(VerbForm):
    """Why not."""

    answer = forms.CharField(label=_("Reason"), max_length=5000, widget=forms.Textarea(attrs={"rows": 4}))
