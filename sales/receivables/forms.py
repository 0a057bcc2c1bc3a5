"""What the verbs of money ask for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access import policy
from crm.entities.inputs import DayInput, LineField, MoneyInput, WholeInput
from crm.entities.links import RemoteSelect
from crm.lib.money import format_money
from customers.models import Account
from sales.contracts.models import Contract
from sales.forms import VerbForm
from sales.receivables import plan
from sales.receivables.models import Instalment, Payment
from sales.receivables.payments import candidates, suggest
from sales.receivables.statements import suggestions

MONEY: dict[str, Any] = {"min_value": Decimal("0.01"), "max_digits": 18, "decimal_places": 2}
ZERO = Decimal(0)
OTHERS = ("customers", "accounts")
SHOWN = {None, "read"}
OF_OPEN = ("amount", "received", "written_off")
OF_REST = ("amount", "allocated", "refunded")


def told(user: Any, model: Any, *names: str) -> bool:
    """Whether a form may tell this user what is worked out of these fields."""
    return all(policy.field_mode(user, [(model._meta.label_lower, name)]) in SHOWN for name in names)


class PaymentForm(VerbForm):
    """What came in. ``submission`` makes one payment of one form, however often it is sent."""

    amount = MoneyInput(label=_("Amount"), **MONEY)
    paid_on = DayInput(label=_("Paid on"))
    method = forms.ChoiceField(label=_("Method"), choices=Payment.Method.choices)
    payer = LineField(label=_("Payer"), max_length=300, required=False)
    bank_ref = LineField(label=_("Bank reference"), max_length=100, required=False)
    submission = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)

    def __init__(self, *args: Any, record: Any, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        self.fields["paid_on"].initial = timezone.localdate()
        self.fields["submission"].initial = uuid4().hex
        if record._state.adding:
            return
        account = record if not hasattr(record, "account") else record.account
        self.fields["payer"].initial = account.name
        if not told(self.user, Instalment, *OF_OPEN):
            return
        if isinstance(record, Instalment):
            self.fields["amount"].initial = record.open_amount
        elif isinstance(record, Contract) and (rows := plan.open_of(record)):
            self.fields["amount"].initial = rows[0].open_amount


class AllocateForm(VerbForm):
    """How much of it pays what: proposed is the oldest first."""

    def __init__(self, *args: Any, record: Payment, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        self.rows = {row.pk: row for row in candidates(record, self.user)} if record.pk else {}
        owed, day = told(self.user, Instalment, *OF_OPEN), told(self.user, Instalment, "due_on")
        shown = owed and told(self.user, Payment, *OF_REST)
        proposed = suggest(record.unallocated, list(self.rows.values())) if record.pk and shown else {}
        for pk, row in self.rows.items():
            due = row.due_on.isoformat() if row.due_on else gettext("no day yet")
            words = {
                "open": format_money(row.open_amount, row.currency) if owed else "***",
                "due": due if day else "***",
            }
            self.fields[f"to_{pk}"] = MoneyInput(
                label=f"{row.contract.number} {row}", required=False, min_value=0, max_digits=18, decimal_places=2,
                initial=proposed.get(pk), help_text=gettext("%(open)s open · %(due)s") % words,
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        parts = {pk: data.pop(f"to_{pk}", None) or ZERO for pk in self.rows}
        data["parts"] = {pk: amount for pk, amount in parts.items() if amount}
        total = sum(data["parts"].values(), ZERO)
        if not self.errors and not data["parts"]:
            raise ValidationError(gettext("Say what it pays."))
        if total > self.record.unallocated:
            left = format_money(self.record.unallocated, self.record.currency)
            raise ValidationError(gettext("Only %(left)s of it are left.") % {"left": left})
        return data


class RefundForm(VerbForm):
    """How much goes back, and why."""

    amount = MoneyInput(label=_("Amount"), **MONEY)
    refunded_on = DayInput(label=_("Refunded on"))
    reason = LineField(label=_("Reason"), max_length=500)
    bank_ref = LineField(label=_("Bank reference"), max_length=100, required=False)

    def __init__(self, *args: Any, record: Payment, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        self.fields["refunded_on"].initial = timezone.localdate()
        self.fields["amount"].initial = record.unallocated if record.pk and told(self.user, Payment, *OF_REST) else None


class WriteOffForm(VerbForm):
    """How much is given up, and why."""

    amount = MoneyInput(label=_("Amount"), **MONEY)
    reason = LineField(label=_("Reason"), max_length=500)

    def __init__(self, *args: Any, record: Instalment, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        self.fields["amount"].initial = (
            record.open_amount if record.pk and told(self.user, Instalment, *OF_OPEN) else None
        )


class ReasonForm(VerbForm):
    """Why."""

    reason = LineField(label=_("Reason"), max_length=400)


class PlanForm(VerbForm):
    """The amounts of all instalments of a contract: together they come to what it comes to."""

    def __init__(self, *args: Any, record: Contract, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        guarded = policy.field_mode(self.user, [("receivables.instalment", "amount")])
        self.rows = plan.instalments_of(record) if record.pk and not guarded else []
        for row in self.rows:
            settled = row.received + row.written_off
            self.fields[f"amount_{row.pk}"] = MoneyInput(
                label=f"{row.seq} · {row.name}", initial=row.amount, max_digits=18, decimal_places=2,
                min_value=max(settled, Decimal("0.01")), help_text=str(row.get_state_display()),
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for row in self.rows:
            amount = data.pop(f"amount_{row.pk}", None)
            if amount is not None and amount != row.amount:
                row.amount, row.ratio = amount, None
        if not self.errors:
            plan.check_sum(self.record, self.rows)
        data["rows"] = self.rows
        return data


class SplitForm(VerbForm):
    """What is taken off it, and when that is due."""

    amount = MoneyInput(label=_("Amount of the second part"), **MONEY)
    due_on = DayInput(label=_("Due on"), required=False)
    name = LineField(label=_("Name"), max_length=200, required=False)


class MergeForm(VerbForm):
    """With which one."""

    other = forms.ModelChoiceField(Instalment.objects.none(), label=_("Merge with"))

    def __init__(self, *args: Any, record: Instalment, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        rows = Instalment.objects.restrict(self.user).filter(
            deleted_at__isnull=True, contract=record.contract_id, received=0, written_off=0, void=False
        )
        self.fields["other"].queryset = rows.exclude(pk=record.pk).select_related("contract").order_by("seq")


class ShiftForm(VerbForm):
    """Until when it is put off."""

    due_on = DayInput(label=_("Due on"), required=False)
    days = WholeInput(label=_("Or by so many days"), required=False, min_value=-400, max_value=400)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["days"] = data.get("days") or 0
        if not self.errors and not data.get("due_on") and not data["days"]:
            raise ValidationError(gettext("Enter a day, or by how many days."))
        return data


class MatchForm(VerbForm):
    """Whose payment it is: the suggestions, the likeliest first; where nobody fits, any customer."""

    account = forms.ModelChoiceField(Account.objects.none(), label=_("Account"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, record: Any, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        found = suggestions(record, self.user) if record.pk else []
        field = self.fields["account"]
        field.queryset = Account.objects.restrict(self.user).filter(deleted_at__isnull=True)
        if found:
            field.choices = [(match.account.pk, self._told(match)) for match in found]
            field.initial = found[0].account.pk
        else:
            field.widget = RemoteSelect()
            field.widget.choices, field.widget.remote_url = field.choices, reverse("entities:choices", args=OTHERS)
            field.help_text = gettext("Nobody fits. Whom you choose is known by this name from now on.")

    def _told(self, match: Any) -> str:
        paid = "、".join(
            f"{row.contract.number} {row} {format_money(match.parts[row.pk], row.currency)}" for row in match.rows[:3]
        )
        return " · ".join(filter(None, (str(match.account), "，".join(match.reasons), paid)))
