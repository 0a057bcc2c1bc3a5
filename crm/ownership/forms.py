"""Who hands over to whom, and what."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.access.policy import can_assign
from crm.entities.entity import registry
from crm.entities.links import RemoteSelect
from crm.ownership.handover import portfolio
from crm.users.models import User


class PersonForm(forms.Form):
    """Whose work is handed over; people who have left are among them."""

    person = forms.ModelChoiceField(User.objects.order_by("name"), label=_("From"), widget=RemoteSelect)
    open_only = forms.BooleanField(label=_("Only what is still open"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].widget.remote_url = reverse("ownership:people", args=["all"])


class HandoverForm(forms.Form):
    """Receiver and entities, with how many records of each there are."""

    to = forms.ModelChoiceField(
        User.objects.filter(is_active=True).order_by("name"), label=_("To"), widget=RemoteSelect
    )
    by_rules = forms.BooleanField(
        label=_("By the assignment rules where they find somebody, else to this person"), required=False
    )
    entities = forms.MultipleChoiceField(label=_("What"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, data: Any, *, person: User, by: User, open_only: bool) -> None:
        super().__init__(data)
        self.by, self.person = by, person
        self.found = portfolio(person, by, open_only=open_only)
        self.fields["entities"].choices = [(b.label, f"{b.plural} · {count:,}") for b, count in self.found]
        self.fields["entities"].initial = [b.label for b, _count in self.found]
        self.fields["to"].queryset = self.fields["to"].queryset.exclude(pk=person.pk)
        self.fields["to"].widget.remote_url = reverse("ownership:people", args=["active"])

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        to = data.get("to")
        refused = [registry[x].plural for x in data.get("entities", ()) if to and not can_assign(self.by, x, to)]
        if refused:
            raise ValidationError(
                _("You may not give %(what)s to %(who)s."), params={"what": "、".join(refused), "who": to}
            )
        return data
