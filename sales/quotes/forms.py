"""What the verbs of quotes ask for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm.documents.verbs import PrintForm
from crm.messaging.models import MailAccount
from crm.messaging.reaching import mailed
from crm.records.models import Record


class VerbForm(forms.Form):
    """Knows who does it, and with which quote (a blank one where a rule is written)."""

    def __init__(self, data: Any = None, *, user: Any, record: Record | None = None, entity: Any = None, **kwargs: Any):
        super().__init__(data, **kwargs)
        self.user, self.record = user, record


class AnswerForm(VerbForm):
    """What the customer said."""

    answer = forms.CharField(max_length=500, required=False, label=gettext_lazy("What did they say?"))


class ReasonForm(VerbForm):
    """Why the customer declined."""

    answer = forms.CharField(max_length=500, label=gettext_lazy("Why did they decline?"))


class SendForm(PrintForm):
    """To whom, from which mailbox, with which words."""

    account = forms.ModelChoiceField(MailAccount.objects.none(), label=pgettext_lazy("of a message", "From"))
    to = forms.EmailField(label=pgettext_lazy("of a message", "To"))
    subject = forms.CharField(max_length=300, label=gettext_lazy("Subject"))
    text = forms.CharField(
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 6}),
        label=gettext_lazy("Letter"),
        help_text=gettext_lazy("The link to the quote is added below, the PDF goes with it."),
    )
    field_order = ("to", "account", "subject", "text", "language")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = MailAccount.objects.filter(MailAccount.of(self.user.pk), active=True).exclude(smtp_host="").distinct()
        self.fields["account"].queryset = mine
        self.fields["account"].initial = mine.first()
        if not mine.exists():
            self.fields["account"].help_text = _("Connect a mailbox first, or send the link yourself: “Mark as sent”.")
        if self.record is not None and self.record.pk:
            found = mailed(self.record, self.user)
            self.initial.setdefault("to", found[1].value if found else "")
            self.initial.setdefault("subject", _("Our quote %(number)s") % {"number": self.record})
            self.initial.setdefault(
                "text",
                _("Dear %(name)s,\n\nplease find our quote attached. You can look at it, ask and accept online.")
                % {"name": self.record.contact or self.record.account},
            )
