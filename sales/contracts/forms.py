"""What the verbs of contracts ask for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.entities.inputs import DayInput, LineField, MoneyInput, TextField
from sales.contracts.models import Contract, ContractChange
from sales.forms import VerbForm


class NoteForm(VerbForm):
    """What whoever decides should know."""

    note = TextField(label=_("What should they know?"), required=False, max_length=2000)


class SealForm(VerbForm):
    """Whose seal it bears, and since when."""

    seal = forms.ChoiceField(label=_("Seal"), choices=Contract.Seal.choices[1:], initial=Contract.Seal.BOTH)
    signed_on = DayInput(label=_("Signed on"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["signed_on"].initial = timezone.localdate()


class AcceptForm(VerbForm):
    """When the customer accepted."""

    accepted_on = DayInput(label=_("Accepted on"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["accepted_on"].initial = timezone.localdate()


class TerminateForm(VerbForm):
    """Why, and since when."""

    reason = LineField(label=_("Reason"), max_length=500)
    ended_on = DayInput(label=_("Terminated on"), required=False)


class RenewForm(VerbForm):
    """From when to when."""

    starts_on = DayInput(label=_("Starts on"), required=False)
    ends_on = DayInput(label=_("Ends on"), required=False)

    def __init__(self, *args: Any, record: Contract, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        if record.ends_on is not None:
            self.fields["starts_on"].initial = record.ends_on + timedelta(days=1)


class ChangeForm(VerbForm):
    """What is to be different."""

    title = LineField(label=_("What changes"), max_length=300)
    reason = TextField(label=_("Reason"), required=False)
    amount = MoneyInput(label=_("New amount"), required=False, min_value=0, max_digits=18, decimal_places=2)
    ends_on = DayInput(label=_("New end"), required=False)
    spread = forms.ChoiceField(label=_("The difference is paid"), choices=ContractChange.Spread.choices)
    due_on = DayInput(label=_("Due on"), required=False, help_text=_("Of an instalment of its own."))

    def __init__(self, *args: Any, record: Contract, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        if not record._state.adding and record.lines.filter(deleted_at__isnull=True).exists():
            self.fields["amount"].help_text = _("With lines: edit them on the change, the amount follows.")
            self.fields["amount"].disabled = True
        self.fields["amount"].initial = record.amount
