"""What people fill in on the special pages of customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.models import Contact


class LineForm(forms.Form):
    """Whom a person reports to, among those who may be chosen."""

    under = forms.ChoiceField(label=_("Reports to"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2**31 - 1)

    def __init__(self, data: Any = None, *, contact: Contact, above: Sequence[Contact]) -> None:
        now = contact.reports_to_id if contact.reports_to_id in {one.pk for one in above} else ""
        super().__init__(data, initial={"under": now, "version": contact.version})
        self.above = {str(one.pk): one for one in above}
        named = [(pk, " · ".join(filter(None, (str(one), one.job_title)))) for pk, one in self.above.items()]
        self.fields["under"].choices = [("", _("Nobody: at the top")), *named]

    @property
    def superior(self) -> Contact | None:
        """The person that was chosen."""
        return self.above.get(self.cleaned_data["under"])
