"""What people enter: a mail, an account, a text message."""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.messaging.drafts import accounts_of
from crm.messaging.models import MailAccount, MailDraft, Privacy


class DraftForm(forms.ModelForm):
    """A mail as far as it is written. Nothing is required: what is missing is asked for when it is sent."""

    at = forms.DateTimeField(
        required=False,
        label=gettext_lazy("Send at"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    class Meta:
        model = MailDraft
        fields = ("account", "to", "cc", "bcc", "subject", "body", "privacy")

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sending = [account.pk for account in accounts_of(user) if account.can_send]
        self.fields["account"].queryset = MailAccount.objects.filter(pk__in=sending)
        self.fields["account"].required = False
        self.fields["privacy"] = forms.ChoiceField(
            choices=[("", _("As the account says")), *Privacy.choices], required=False
        )
        for name in ("to", "cc", "bcc"):
            self.fields[name].max_length = 20_000
        self.fields["body"].max_length = 200_000

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        for name in ("to", "cc", "bcc", "body"):
            if len(given.get(name) or "") > self.fields[name].max_length:
                self.add_error(name, _("This is too long."))
        return given

    def clean_at(self) -> Any:
        at = self.cleaned_data["at"]
        if at is not None and not timezone.now().year - 1 <= at.year <= timezone.now().year + 2:
            raise ValidationError(_("Choose a moment within the next two years."))
        return at


class AccountForm(forms.ModelForm):
    """One's own mailbox, or any by an administrator. An empty password leaves the one there is."""

    secret = forms.CharField(
        label=gettext_lazy("Password or authorisation code"),
        required=False,
        max_length=500,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Many providers give out a code of its own for such programs. Empty: as it is."),
    )

    class Meta:
        model = MailAccount
        fields = (
            *("name", "address", "user", "secret", "smtp_host", "smtp_port", "smtp_security"),
            *("imap_host", "imap_port", "imap_security", "folders", "since", "privacy", "shows_private"),
            *("signature", "active"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.pop("secret", None)
        if "since" in self.fields:
            self.fields["since"].widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        self.helper = FormHelper()
        self.helper.form_tag = False

    def clean_secret(self) -> str:
        return self.cleaned_data["secret"] or (self.instance.secret if self.instance.pk else "")

    def clean_address(self) -> str:
        return self.cleaned_data["address"].lower()

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if not given.get("smtp_host") and not given.get("imap_host"):
            raise ValidationError(_("Name the server for sending (SMTP), for reading (IMAP), or both."))
        moved = self.instance.pk and {"smtp_host", "imap_host", "smtp_port", "imap_port", "user"} & set(
            self.changed_data
        )
        if moved and not self.data.get(self.add_prefix("secret")):
            # A password must never be sent to a server that somebody else has put in.
            self.add_error("secret", _("Enter the password again for the new server."))
        return given
