"""What the composer of a record page asks for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.activities.models import FollowUp, Task
from crm.activities.services import planned

TASK = "task"


class ComposerForm(forms.Form):
    """A follow-up, or with kind “task” something to be done. The next step and its day may stand in the words."""

    kind = forms.ChoiceField(choices=[*FollowUp.Kind.choices, (TASK, Task.Kind.TASK.label)])
    text = forms.CharField(max_length=20_000)
    next_step = forms.CharField(max_length=300, required=False)
    next_step_on = forms.DateField(required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if "text" in given and "next_step_on" in given:
            step, day = planned(given["text"], given.get("next_step", ""), given["next_step_on"], timezone.localdate())
            given |= {"next_step": step, "next_step_on": day}
        day = given.get("next_step_on")
        if day and not 1900 <= day.year <= 2200:
            self.add_error("next_step_on", _("The year must lie between 1900 and 2200."))
        return given
