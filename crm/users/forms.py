"""What people tell about themselves."""

import zoneinfo

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.users.models import Absence, User


class ProfileForm(forms.ModelForm):
    """Name, reachability, language, time zone and theme of the signed-in person."""

    class Meta:
        model = User
        fields = ("name", "mobile", "email", "language", "timezone", "theme")

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = [("", _("Like the browser")), *User.Language.choices]
        self.fields["timezone"] = forms.ChoiceField(
            label=self.fields["timezone"].label,
            choices=[(zone, zone) for zone in sorted(zoneinfo.available_timezones()) if "/" in zone],
        )
        self.helper = FormHelper()
        self.helper.form_tag = False
        names = list(self.fields)
        self.helper.layout = Layout(*(Row(Column(a), Column(b)) for a, b in zip(names[::2], names[1::2], strict=True)))

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        if not name:
            raise ValidationError(_("Enter your name."))
        return name


class AbsenceForm(forms.ModelForm):
    """A time away and who decides meanwhile."""

    class Meta:
        model = Absence
        fields = ("starts_at", "ends_at", "deputy", "note")
        widgets = {
            name: forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M") for name in ("starts_at", "ends_at")
        }

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_active=True).exclude(pk=self.instance.user_id)
        near = (
            people.filter(department=self.instance.user.department_id) if self.instance.user.department_id else people
        )
        self.fields["deputy"].queryset = near
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.layout = Layout(Row(Column("starts_at"), Column("ends_at")), Row(Column("deputy"), Column("note")))
