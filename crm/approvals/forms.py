"""What asking, deciding and handing on want to know."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.approvals.models import ApprovalInstance
from crm.approvals.services import LONGEST, returnable
from crm.entities.links import RemoteSelect
from crm.users.models import User


class FilesInput(forms.ClearableFileInput):
    """Several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """A list of uploads, perhaps empty."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = data if isinstance(data, list | tuple) else [data]
        return [super(FilesField, self).clean(one, initial) for one in given if one]


class WordsForm(forms.Form):
    """Some words, and files that stay on the record."""

    comment = forms.CharField(
        label=_("Comment"), max_length=LONGEST, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    files = FilesField(label=_("Files"), required=False)


class ReasonForm(WordsForm):
    """Words that may not be missing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["comment"].required = True
        self.fields["comment"].label = _("Reason")


class ShortForm(forms.Form):
    """Words alone."""

    comment = forms.CharField(
        label=_("Comment"), max_length=LONGEST, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class BackForm(forms.Form):
    """Where it goes back to, and why."""

    to = forms.ChoiceField(label=_("Back to"), required=False)
    comment = forms.CharField(label=_("Reason"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, instance: ApprovalInstance, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        passed = [(key, instance.version.node(key)["name"]) for key in returnable(instance)]
        self.fields["to"].choices = [("", _("%(name)s, who asked") % {"name": instance.requester}), *passed]


class PersonForm(forms.Form):
    """Somebody else, and why."""

    person = forms.ModelChoiceField(User.objects.none(), label=_("Colleague"), widget=RemoteSelect)
    comment = forms.CharField(
        label=_("Comment"), max_length=LONGEST, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = User.objects.filter(is_active=True)
        self.fields["person"].widget.remote_url = reverse("activities:anybody")


class AddForm(PersonForm):
    """Somebody else too, before or after oneself."""

    when = forms.ChoiceField(
        label=_("Before or after me"),
        choices=[("before", _("Before me: I decide once they approved")), ("after", _("After me"))],
        widget=forms.RadioSelect,
        initial="before",
    )
    field_order = ("person", "when", "comment")


class AskForm(WordsForm):
    """Why it should be approved."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["comment"].label = _("What should they know?")
