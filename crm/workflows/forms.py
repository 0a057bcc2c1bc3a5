"""What a rule is beside what it says: its name, its entity, as whom it acts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.entities.naming import entity_choices
from crm.users.models import User
from crm.workflows.models import Rule


class RuleForm(forms.ModelForm):
    """The entity is chosen once: everything the rule says names its fields."""

    entity = forms.ChoiceField(label=_("Entity"), choices=entity_choices)

    class Meta:
        model = Rule
        fields = ("name", "entity", "principal", "position", "quiet_from", "quiet_to")

    user: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["entity"].disabled = True
        for name in ("quiet_from", "quiet_to"):
            if name in self.fields:
                self.fields[name].widget = forms.TimeInput(format="%H:%M", attrs={"type": "time"})
        if "principal" in self.fields:
            self.fields["principal"].queryset = User.objects.filter(is_active=True)

    def clean_principal(self) -> User:
        """A rule must not do more than who wrote it could let it do: only superusers may let it act as one."""
        principal = self.cleaned_data["principal"]
        kept = self.instance.pk is not None and principal.pk == self.initial.get("principal")
        if principal.is_superuser and not kept and not (self.user and self.user.is_superuser):
            raise ValidationError(_("Only a superuser may let a rule act as a superuser."))
        return principal
