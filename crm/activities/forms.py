"""What the composer of a record page asks for."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access.models import RecordShare
from crm.activities.models import FollowUp, Task
from crm.activities.services import planned
from crm.activities.talking import MOST_MENTIONS
from crm.entities.links import RemoteSelect, is_id
from crm.users.models import Department, Team, User

TASK = "task"
COMMENT = "comment"


class ComposerForm(forms.Form):
    """A follow-up, or with kind “task” something to be done. The next step and its day may stand in the words."""

    kind = forms.ChoiceField(choices=[*FollowUp.Kind.choices, (TASK, Task.Kind.TASK.label), (COMMENT, "")])
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


class CommentForm(forms.Form):
    """The words of a comment, and the ids of the people whose names were chosen for it."""

    text = forms.CharField(label=gettext_lazy("Comment"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 4}))
    mentions = forms.TypedMultipleChoiceField(required=False, coerce=int, widget=forms.MultipleHiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ids = [value for value in self.data.getlist("mentions") if is_id(value)] if self.is_bound else []
        self.fields["mentions"].choices = [(value, value) for value in ids[:MOST_MENTIONS]]
        if self.is_bound:
            self.data = self.data.copy()
            self.data.setlist("mentions", ids[:MOST_MENTIONS])


class ShareForm(forms.Form):
    """To whom a record is opened, how far, until which day and why."""

    user = forms.ModelChoiceField(
        User.objects.filter(is_active=True), required=False, label=gettext_lazy("Colleague"), widget=RemoteSelect
    )
    team = forms.ModelChoiceField(Team.objects.all(), required=False, label=gettext_lazy("Or a team"))
    department = forms.ModelChoiceField(
        Department.objects.all(), required=False, label=gettext_lazy("Or a department and those below it")
    )
    level = forms.ChoiceField(choices=RecordShare.Level, label=gettext_lazy("Right"))
    until = forms.DateField(
        required=False,
        label=gettext_lazy("Until the end of"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=gettext_lazy("Empty: until somebody ends it."),
    )
    reason = forms.CharField(max_length=200, required=False, label=gettext_lazy("Reason"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].widget.remote_url = reverse("activities:anybody")

    def clean_until(self) -> datetime | None:
        day = self.cleaned_data["until"]
        if day is None:
            return None
        if not 1900 <= day.year <= 2200:
            raise ValidationError(_("The year must lie between 1900 and 2200."))
        return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if not self.errors and sum(bool(given.get(name)) for name in ("user", "team", "department")) != 1:
            raise ValidationError(_("Choose exactly one person, team or department."))
        return given
