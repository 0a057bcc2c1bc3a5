"""Forms of the partner portal."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.entities.inputs import DayInput, LineField, MoneyInput
from sales.partners.models import ForwardReport, PartnerFeedback


class SignInForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = forms.CharField(
        label=_("Password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


class EmailForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username"}))


class PasswordForm(forms.Form):
    """A new password, twice."""

    password = forms.CharField(
        label=_("New password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    again = forms.CharField(
        label=_("Once more"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = " ".join(password_validators_help_texts())

    def clean_password(self) -> str:
        validate_password(self.cleaned_data["password"], None)
        return self.cleaned_data["password"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("password") and data.get("again") and data["password"] != data["again"]:
            self.add_error("again", gettext("The two passwords differ."))
        return data


class AnswerForm(forms.Form):
    answer = forms.CharField(label=_("Your answer"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class ReportForm(forms.Form):
    step = forms.ChoiceField(label=_("How far are you?"), choices=ForwardReport.Step)
    text = forms.CharField(label=_("Your report"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))


class ColleagueForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200)
    email = forms.EmailField(label=_("E-mail"), max_length=254)


class RegistrationForm(forms.Form):
    """An end customer to be registered."""

    customer = LineField(label=_("End customer"), max_length=300)
    tax_id = LineField(label=_("Tax id"), max_length=40, required=False)
    contact_name = LineField(label=_("Contact"), max_length=200, required=False)
    phone = LineField(label=_("Phone"), max_length=40, required=False)
    project = forms.CharField(
        label=_("Project"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    amount = MoneyInput(label=_("Expected amount"), required=False, min_value=0, max_digits=18, decimal_places=2)
    expected_on = DayInput(label=_("Expected close"), required=False)


class FeedbackForm(forms.Form):
    """What a partner noticed."""

    topic = forms.ChoiceField(label=_("Topic"), choices=PartnerFeedback.Topic)
    title = LineField(label=_("What is it about?"), max_length=200)
    text = forms.CharField(label=_("What did you notice?"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4}))


class CoopForm(forms.Form):
    """Joint business that a partner proposes."""

    name = LineField(label=_("What do you propose?"), max_length=200)
    partner_brings = forms.CharField(
        label=_("What you bring"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    we_bring = forms.CharField(
        label=_("What you expect of us"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    amount = MoneyInput(label=_("Expected amount"), required=False, min_value=0, max_digits=18, decimal_places=2)
    expected_on = DayInput(label=_("Expected close"), required=False)
