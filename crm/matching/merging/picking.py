"""Looking for the other records of a merge."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.entities.bound import BoundEntity
from crm.entities.links import RemoteSelect


class PickForm(forms.Form):
    """One more record, found by typing."""

    id = forms.ModelChoiceField(None, label=_("Another record"), required=False, widget=RemoteSelect)

    def __init__(self, bound: BoundEntity) -> None:
        super().__init__()
        found = self.fields["id"]
        found.queryset = bound.records()
        found.widget.remote_url = bound.url("choices")
