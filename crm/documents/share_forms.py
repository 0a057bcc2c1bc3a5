"""What the link of a document asks for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.entities.inputs import LineField

DAYS = [("7", _("7 days")), ("30", _("30 days")), ("90", _("90 days")), ("1", _("One day"))]


class ShareForm(forms.Form):
    """For whom, how long, and how far."""

    label = LineField(
        label=_("For whom"), max_length=100, required=False,
        help_text=_("Only you see this; it is written across the pages of what may not be downloaded."),
    )  # fmt: skip
    days = forms.ChoiceField(label=_("Valid for"), choices=DAYS)
    password = forms.CharField(
        label=_("Password"), max_length=100, required=False, help_text=_("Tell it in another way than the link."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    most_views = forms.IntegerField(label=_("Views at most"), required=False, min_value=1, max_value=1_000_000)
    downloads = forms.BooleanField(label=_("May be downloaded"), required=False, initial=True)

    def values(self) -> dict[str, Any]:
        """The arguments of ``make_share``."""
        said = dict(self.cleaned_data)
        said["expires_at"] = timezone.now() + timedelta(days=int(said.pop("days")))
        return said
