"""What the verbs of activities ask for."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.activities import recurrence, repeating
from crm.activities.models import Task
from crm.activities.recurrence import build, settled
from crm.entities.inputs import DayInput, MomentInput
from crm.lib.dates import due_phrase

OUTCOMES = gettext_lazy("interested · to be followed up · no need at present")


class VerbForm(forms.Form):
    """What a verb asks about ``record``, for ``user``."""

    def __init__(self, *args: Any, user: Any, record: Task, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.record = user, record


class CompleteForm(VerbForm):
    """What came of it, and what is to be done next."""

    outcome = forms.CharField(max_length=200, required=False, label=gettext_lazy("Outcome"), help_text=OUTCOMES)
    report = forms.CharField(
        max_length=20_000,
        required=False,
        label=gettext_lazy("Meeting minutes"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Told on the timeline of what it is about."),
    )
    next_step = forms.CharField(max_length=300, required=False, label=gettext_lazy("Next step"))
    next_step_on = DayInput(required=False, label=gettext_lazy("Next step on"), widget=DayInput.widget)

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if given.get("next_step") and not given.get("next_step_on") and "next_step_on" not in self.errors:
            given["next_step_on"] = due_phrase(given["next_step"], timezone.localdate())
            if given["next_step_on"] is None:
                self.add_error("next_step_on", _("Enter the day of the next step."))
        return given


class CancelForm(VerbForm):
    """Why it will not be done."""

    outcome = forms.CharField(max_length=200, required=False, label=gettext_lazy("Reason"))


class PostponeForm(VerbForm):
    """By how many days, or to which day."""

    days = forms.IntegerField(min_value=1, max_value=400, initial=1, required=False, label=gettext_lazy("Days later"))
    working = forms.BooleanField(required=False, initial=True, label=gettext_lazy("Count working days"))
    to = DayInput(required=False, label=gettext_lazy("Or to this day"), widget=DayInput.widget)

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if not self.errors and not given.get("days") and not given.get("to"):
            self.add_error("days", _("Enter the days, or the day."))
        given["days"] = given.get("days") or 1
        return given


class CheckInForm(VerbForm):
    """Where one is: filled in by the browser, after the person agreed; empty otherwise."""

    latitude = forms.DecimalField(
        min_value=-90, max_value=90, required=False, label=gettext_lazy("Latitude"), widget=forms.HiddenInput
    )
    longitude = forms.DecimalField(
        min_value=-180, max_value=180, required=False, label=gettext_lazy("Longitude"), widget=forms.HiddenInput
    )

    def clean_latitude(self) -> Any:
        return self._rounded("latitude")

    def clean_longitude(self) -> Any:
        return self._rounded("longitude")

    def _rounded(self, name: str) -> Any:
        value = self.cleaned_data[name]
        return None if value is None else round(value, 6)


FREQUENCIES = (
    ("daily", gettext_lazy("Day")),
    ("weekly", gettext_lazy("Week")),
    ("monthly", gettext_lazy("Month")),
    ("yearly", gettext_lazy("Year")),
)
BY = (
    ("day", gettext_lazy("On the same day of the month")),
    ("last", gettext_lazy("On the last day of the month")),
    ("weekday", gettext_lazy("On the same weekday of the month (the second Tuesday)")),
)


class RepeatForm(VerbForm):
    """How often, on which days and until when it comes round."""

    frequency = forms.ChoiceField(choices=FREQUENCIES, initial="weekly", label=gettext_lazy("Repeats each"))
    interval = forms.IntegerField(
        min_value=1,
        max_value=999,
        initial=1,
        label=gettext_lazy("Every so many"),
        help_text=gettext_lazy("2 with “week”: every other week."),
    )
    weekdays = forms.TypedMultipleChoiceField(
        choices=list(WEEKDAYS.items()),
        coerce=int,
        required=False,
        label=gettext_lazy("On (when weekly)"),
        widget=forms.CheckboxSelectMultiple,
    )
    by = forms.ChoiceField(choices=BY, initial="day", required=False, label=gettext_lazy("When monthly"))
    until = DayInput(required=False, label=gettext_lazy("Until"), widget=DayInput.widget)
    count = forms.IntegerField(min_value=2, max_value=999, required=False, label=gettext_lazy("Or so many times"))

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if self.errors:
            return given
        if given["until"] and given["count"]:
            self.add_error("count", _("A rule ends after a number of times or on a day, not both."))
            return given
        start = self.record.due_at
        if start is None:
            self.add_error(None, _("Enter first when it is due or begins."))
            return given
        zone = repeating.zone_of(self.record.owner)
        chosen = {name: given[name] for name in ("interval", "weekdays", "until", "count")}
        try:
            rule = build(given["frequency"], start, zone, by=given["by"] or "day", **chosen)
            return {"rule": settled(rule, start, zone)}
        except forms.ValidationError as error:
            self.add_error(None, error)
        return given


SCOPES = (
    (repeating.FOLLOWING, gettext_lazy("This one and those that follow")),
    (repeating.ALL, gettext_lazy("All that are open")),
)


class SeriesForm(VerbForm):
    """What is to be different, on this occurrence and those that follow, or on all."""

    scope = forms.ChoiceField(
        choices=SCOPES, label=gettext_lazy("Change"), widget=forms.RadioSelect, initial="following"
    )
    subject = forms.CharField(max_length=300, label=gettext_lazy("Subject"))
    due_at = MomentInput(label=gettext_lazy("Due or begins"), widget=MomentInput.widget)
    ends_at = MomentInput(required=False, label=gettext_lazy("Ends"), widget=MomentInput.widget)
    place = forms.CharField(max_length=300, required=False, label=gettext_lazy("Place"))
    priority = forms.ChoiceField(choices=Task.Priority.choices, label=gettext_lazy("Priority"))
    description = forms.CharField(
        max_length=20_000, required=False, label=gettext_lazy("Description"), widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, record: Task, **kwargs: Any) -> None:
        names = ("subject", "due_at", "ends_at", "place", "priority", "description")
        kwargs["initial"] = {name: getattr(record, name) for name in names} | (kwargs.get("initial") or {})
        super().__init__(*args, record=record, **kwargs)

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        start, end = given.get("due_at"), given.get("ends_at")
        if start and end and end <= start:
            self.add_error("ends_at", _("The end lies after the beginning."))
        return given


def at(day: date, clock: time) -> datetime:
    """A local moment."""
    return timezone.make_aware(datetime.combine(day, clock))


def rule_in_words(task: Task) -> str:
    """How the task repeats, for people."""
    return recurrence.in_words(task.repeats) if task.repeats else ""


def tomorrow(hour: int = 9) -> datetime:
    """When something that was put off “until tomorrow” comes again."""
    return at(timezone.localdate() + timedelta(days=1), time(hour))
