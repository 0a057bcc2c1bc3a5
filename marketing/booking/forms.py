"""What visitors fill in: who they are, how they are reached, and what the page asks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm.entities.inputs import EmailField, LineField, TextField
from crm.lib.phone import normalise_phone
from marketing.booking.models import BookingPage, BookingQuestion

MOST_QUESTIONS = 20
Kind = BookingQuestion.Kind


class VisitForm(forms.Form):
    """Name, e-mail or phone, company, and the questions of the page."""

    name = LineField(
        label=pgettext_lazy("person", "Name"), max_length=200, widget=forms.TextInput({"autocomplete": "name"})
    )
    email = EmailField(
        max_length=254,
        required=False,
        widget=forms.EmailInput({"autocomplete": "email", "inputmode": "email"}),
        help_text=gettext_lazy("There you get the invitation, and the link to move it or call it off."),
    )
    phone = LineField(
        label=gettext_lazy("Phone"),
        max_length=40,
        required=False,
        widget=forms.TextInput({"autocomplete": "tel", "inputmode": "tel", "type": "tel"}),
    )
    company = LineField(
        label=gettext_lazy("Company"),
        max_length=300,
        required=False,
        widget=forms.TextInput({"autocomplete": "organization"}),
    )

    def __init__(self, *args: Any, page: BookingPage, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.page = page
        self.fields["email"].label = capfirst(_("e-mail"))
        self.fields["phone"].required = page.way == BookingPage.Way.PHONE
        self.questions = list(
            page.questions.filter(deleted_at__isnull=True).order_by("position", "pk")[:MOST_QUESTIONS]
        )
        for question in self.questions:
            self.fields[f"q{question.pk}"] = _input(question)

    def clean_phone(self) -> str:
        """A number that somebody can call."""
        typed = self.cleaned_data["phone"]
        if typed and normalise_phone(typed) is None:
            raise forms.ValidationError(_("This is no telephone number. With its country code it always works: +86 …"))
        return typed

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("email") and not data.get("phone") and not {"email", "phone"} & self.errors.keys():
            self.add_error("email", _("Enter an e-mail address or a phone number, so that we can reach you."))
        return data

    @property
    def answers(self) -> list[tuple[str, str]]:
        """(question, answer) of what was answered."""
        found = [(str(one), self.cleaned_data.get(f"q{one.pk}") or "") for one in self.questions]
        return [(question, answer) for question, answer in found if answer]


def _input(question: BookingQuestion) -> forms.Field:
    common = {"label": question.said("text"), "required": question.required}
    if question.kind == Kind.CHOICE:
        lines = list(dict.fromkeys(filter(None, (line.strip() for line in question.choices.splitlines()))))
        return forms.ChoiceField(choices=[("", "")] + [(line, line) for line in lines[:100]], **common)
    if question.kind == Kind.TEXT:
        return TextField(max_length=2000, widget=forms.Textarea({"rows": 3}), **common)
    return LineField(max_length=300, **common)
