"""What the verbs of purchasing ask for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access import policy
from crm.entities.inputs import DayInput, LineField, MoneyInput, NumberInput
from crm.lib.money import format_money
from sales.forms import PaperInput, VerbForm
from sales.orders.models import Order
from sales.purchasing.making import lines_left
from sales.purchasing.models import Bill, BillPayment, PurchaseOrder, Supplier
from sales.purchasing.prices import cheapest, may_know, offers, reached

MONEY: dict[str, Any] = {"min_value": Decimal("0.01"), "max_digits": 18, "decimal_places": 2}
COUNT: dict[str, Any] = {"required": False, "min_value": 0, "max_digits": 14, "decimal_places": 4}
SHOWN = {None, "read"}


def told(user: Any, label: str, *names: str) -> bool:
    """Whether a form may tell this user what is worked out of these fields."""
    return all(policy.field_mode(user, [(label, name)]) in SHOWN for name in names)


class PurchaseForm(VerbForm):
    """How much of each line is bought, and of whom; proposed is what is not bought yet, of whoever asks least."""

    supplier = forms.ModelChoiceField(
        Supplier.objects.none(), label=_("Supplier of what has no price"), required=False,
        help_text=_("Lines whose product no supplier has a price for are bought here."),
    )  # fmt: skip

    def __init__(self, *args: Any, record: Order, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        usable = Supplier.objects.restrict(self.user).filter(state__in=("trial", "active")).order_by("name_key", "pk")
        self.fields["supplier"].queryset = usable
        self.left = {line.pk: (line, left) for line, left in lines_left(record) if left} if record.pk else {}
        shown = may_know(self.user)
        known = offers(line.product_id for line, _left in self.left.values()) if shown else {}
        names = told(self.user, "orders.orderline", "name") and told(self.user, "catalogue.product", "name")
        for place, (pk, (line, left)) in enumerate(self.left.items(), 1):
            label = str(line) if names else gettext("Line %(number)s") % {"number": place}
            self.fields[f"line_{pk}"] = NumberInput(
                label=label, max_value=left, initial=left.normalize(),
                help_text=gettext("%(left)s not bought yet") % {"left": f"{left.normalize():f}"}, **COUNT,
            )  # fmt: skip
            rows = reached(known.get(line.product_id, ()), left)
            if rows:
                self.fields[f"of_{pk}"] = self._choice(label, rows, left)
        self.order_fields([*(name for name in self.fields if name != "supplier"), "supplier"])

    def _choice(self, label: str, rows: dict, left: Decimal) -> forms.ChoiceField:
        best = cheapest(rows.values(), left)
        words = [
            (row.supplier_id, f"{row.supplier} · {format_money(row.price, row.currency)}") for row in rows.values()
        ]
        name = gettext("Supplier of %(line)s") % {"line": label}
        return forms.ChoiceField(label=name, choices=words, required=False, initial=best.supplier_id if best else None)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        parts = {pk: data.pop(f"line_{pk}", None) or Decimal(0) for pk in self.left}
        chosen = {pk: data.pop(f"of_{pk}", "") for pk in self.left}
        if not self.errors and self.record.pk and not any(parts.values()):
            raise ValidationError(gettext("Say what is to be bought."))
        data["quantities"] = parts
        data["suppliers"] = {pk: int(text) for pk, text in chosen.items() if text}
        return data


class PlaceForm(VerbForm):
    """When it was ordered, and when it is expected."""

    ordered_on = DayInput(label=_("Ordered on"))
    expected_on = DayInput(label=_("Expected on"), required=False)

    def __init__(self, *args: Any, record: PurchaseOrder, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        self.fields["ordered_on"].initial = timezone.localdate()
        if told(self.user, "purchasing.purchaseorder", "expected_on"):
            self.fields["expected_on"].initial = record.expected_on


class ReceiveForm(VerbForm):
    """How much of each line came, and when; proposed is what is left."""

    received_on = DayInput(label=_("Received on"))
    over = forms.BooleanField(
        label=_("More than ordered is right"), required=False,
        help_text=_("Else more than is left is refused as a mistake."),
    )  # fmt: skip
    note = LineField(label=_("Remarks"), max_length=500, required=False)

    def __init__(self, *args: Any, record: PurchaseOrder, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        self.fields["received_on"].initial = timezone.localdate()
        self.lines = {line.pk: line for line in record.lines.filter(deleted_at__isnull=True)} if record.pk else {}
        shown = told(self.user, "purchasing.purchaseorderline", "quantity", "received")
        names = told(self.user, "purchasing.purchaseorderline", "name")
        for place, (pk, line) in enumerate(self.lines.items(), 1):
            left = f"{line.left.normalize():f}"
            self.fields[f"line_{pk}"] = NumberInput(
                label=str(line) if names else gettext("Line %(number)s") % {"number": place},
                initial=line.left.normalize() if shown and line.left else None,
                help_text=gettext("%(left)s left") % {"left": left} if shown else "", **COUNT,
            )  # fmt: skip
        self.order_fields(["received_on", *(f"line_{pk}" for pk in self.lines), "over", "note"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        parts = {pk: data.pop(f"line_{pk}", None) or Decimal(0) for pk in self.lines}
        if not self.errors and self.record.pk and not any(parts.values()):
            raise ValidationError(gettext("Say what came."))
        data["quantities"] = parts
        return data


class BillForm(VerbForm):
    """The invoice as the supplier wrote it. ``submission`` makes one bill of one form, however often it is sent."""

    number = LineField(label=_("Invoice number"), max_length=60)
    billed_on = DayInput(label=_("Invoice date"))
    amount = MoneyInput(label=_("Amount"), **MONEY)
    due_on = DayInput(label=_("To be paid by"), required=False, help_text=_("Empty: by the terms of the supplier."))
    file = PaperInput(label=_("File (PDF, OFD)"), required=False)
    note = LineField(label=_("Remarks"), max_length=500, required=False)
    submission = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)

    def __init__(self, *args: Any, record: PurchaseOrder, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        self.fields["billed_on"].initial = timezone.localdate()
        self.fields["submission"].initial = uuid4().hex
        if record.pk and told(self.user, "purchasing.purchaseorder", "total", "billed"):
            self.fields["amount"].initial = record.unbilled or None


class BillPaymentForm(VerbForm):
    """What was paid. ``submission`` makes one payment of one form, however often it is sent."""

    amount = MoneyInput(label=_("Amount"), **MONEY)
    paid_on = DayInput(label=_("Payment date"))
    method = forms.ChoiceField(label=_("Method"), choices=BillPayment.Method.choices)
    bank_ref = LineField(label=_("Bank reference"), max_length=100, required=False)
    submission = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)

    def __init__(self, *args: Any, record: Bill, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        self.fields["paid_on"].initial = timezone.localdate()
        self.fields["submission"].initial = uuid4().hex
        if record.pk and told(self.user, "purchasing.bill", "amount", "paid"):
            self.fields["amount"].initial = record.open_amount


class ReasonForm(VerbForm):
    """Why."""

    reason = LineField(label=_("Reason"), max_length=500, required=False)
