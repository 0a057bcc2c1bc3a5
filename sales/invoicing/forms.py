"""What the verbs of invoices ask for."""

from __future__ import annotations

import unicodedata
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm.entities.inputs import DayInput, LineField, MoneyInput
from crm.messaging.models import MailAccount
from crm.messaging.reaching import mailed
from sales.contracts.models import Contract
from sales.forms import PaperInput, VerbForm
from sales.invoicing import titles
from sales.invoicing.models import Invoice, InvoiceTitle
from sales.invoicing.requesting import billable
from sales.orders.models import Order
from sales.receivables.forms import MONEY, told
from sales.receivables.models import Instalment

DECIDING = {Contract: ("amount",), Order: ("total",), Instalment: ("amount",)}


def digits(text: str) -> str:
    """A number of the tax office, however it is spaced. ValidationError when it is none."""
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    if plain and not (plain.isascii() and plain.isdecimal()):
        raise ValidationError(gettext("This is made of digits alone."))
    return plain


class RequestForm(VerbForm):
    """Everything is known already: it may be changed, nothing has to be. ``submission`` makes one invoice of one form."""

    title = forms.ModelChoiceField(InvoiceTitle.objects.none(), label=_("Invoice title"), required=False)
    kind = forms.ChoiceField(label=_("Kind of invoice"), choices=Invoice.Kind.choices)
    amount = MoneyInput(label=_("Amount with tax"), required=False, **MONEY)
    note = LineField(label=_("Note for finance"), required=False, max_length=500)
    submission = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)

    def __init__(self, *args: Any, record: Contract | Order | Instalment, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        self.fields["submission"].initial = uuid4().hex
        if record._state.adding:
            return
        field = self.fields["title"]
        field.queryset = InvoiceTitle.objects.restrict(self.user).filter(account=record.account_id, deleted_at=None)
        default = titles.default_of(record.account)
        field.initial = default
        field.empty_label = gettext("The default one") if default else record.account.name
        special = (default or record.account).tax_id
        self.fields["kind"].initial = Invoice.Kind.SPECIAL if special else Invoice.Kind.ORDINARY
        if told(self.user, type(record), *DECIDING[type(record)]) and told(self.user, Invoice, "total"):
            self.fields["amount"].initial = billable(record) or None
        else:
            del self.fields["amount"]


class OfficeForm(VerbForm):
    """What the tax office says, and its file."""

    tax_number = LineField(label=_("Invoice number"), max_length=30)
    tax_code = LineField(
        label=_("Invoice code"), max_length=20, required=False, help_text=_("Fully digital invoices have none.")
    )
    issued_on = DayInput(label=_("Issued on"))
    file = PaperInput(label=_("File (PDF, OFD)"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["issued_on"].initial = timezone.localdate()

    def clean_tax_number(self) -> str:
        return digits(self.cleaned_data["tax_number"])

    def clean_tax_code(self) -> str:
        return digits(self.cleaned_data["tax_code"])


class IssueForm(OfficeForm):
    """The invoice as the tax office has it."""


class CreditForm(OfficeForm):
    """How much is taken back, and why."""

    amount = MoneyInput(label=_("Amount with tax"), **MONEY)
    reason = LineField(label=_("Reason"), max_length=500)
    field_order = ("amount", "reason", "tax_number", "tax_code", "issued_on", "file")

    def __init__(self, *args: Any, record: Invoice, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        if record.pk and told(self.user, Invoice, "total", "credited"):
            self.fields["amount"].initial = record.open_amount


class ReasonForm(VerbForm):
    """Why."""

    reason = LineField(label=_("Reason"), max_length=400)


class SendForm(VerbForm):
    """To whom, from which mailbox, with which words."""

    to = forms.EmailField(label=pgettext_lazy("of a message", "To"))
    account = forms.ModelChoiceField(MailAccount.objects.none(), label=pgettext_lazy("of a message", "From"))
    subject = LineField(max_length=300, label=_("Subject"))
    text = forms.CharField(
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 6}),
        label=_("Letter"),
        help_text=_("The file of the invoice goes with it."),
    )

    def __init__(self, *args: Any, record: Invoice, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        mine = MailAccount.objects.filter(MailAccount.of(self.user.pk), active=True).exclude(smtp_host="").distinct()
        self.fields["account"].queryset, self.fields["account"].initial = mine, mine.first()
        if not mine.exists():
            self.fields["account"].help_text = gettext("Connect a mailbox first, or note that it was handed over.")
        if record.pk:
            found = mailed(record, self.user)
            self.fields["to"].initial = found[1].value if found else ""
            self.fields["subject"].initial = gettext("Our invoice %(number)s") % {"number": record.tax_number}
            words = {"name": record.contact or record.account, "number": record.tax_number}
            self.fields["text"].initial = (
                gettext("Dear %(name)s,\n\nplease find our invoice %(number)s attached.") % words
            )
