"""What the verbs of orders ask for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access import policy
from crm.entities.inputs import DayInput, LineField, NumberInput, TextField
from crm.users.models import User
from sales.forms import VerbForm
from sales.orders.models import Order

CHECKLIST = (
    _("Read contract, quote and promises made"),
    _("Introduce the delivery team to the customer"),
    _("Agree on schedule and acceptance with the customer"),
    _("Check payments that are due before delivery"),
)


class ReasonForm(VerbForm):
    """Why."""

    reason = LineField(label=_("Reason"), max_length=500, required=False)


class DeliverForm(VerbForm):
    """How much of each line, and when; proposed is what is left."""

    delivered_on = DayInput(label=_("Delivered on"))

    def __init__(self, *args: Any, record: Order, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        self.fields["delivered_on"].initial = timezone.localdate()
        lines = record.lines.filter(deleted_at__isnull=True) if record.pk else ()
        self.left = {line.pk: (line, line.quantity - line.delivered) for line in lines}
        guarded = policy.field_mode(self.user, [("orders.orderline", "unit")]) in ("hidden", "masked")
        for pk, (line, left) in self.left.items():
            if left:
                self.fields[f"line_{pk}"] = NumberInput(
                    label=str(line), required=False, min_value=0, max_value=left, max_digits=14, decimal_places=4,
                    initial=left.normalize(),
                    help_text=gettext("%(left)s left") % {"left": f"{left.normalize():f} {'' if guarded else line.unit}".strip()},
                )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        parts = {pk: data.pop(f"line_{pk}", None) or Decimal(0) for pk in self.left}
        if not self.errors and not any(parts.values()):
            raise ValidationError(gettext("Say what was delivered."))
        data["quantities"] = parts
        return data


class HandOverForm(VerbForm):
    """Who takes it over, when it begins, and what is to be done."""

    delivery_owner = forms.ModelChoiceField(User.objects.none(), label=_("Delivered by"))
    kick_off_on = DayInput(label=_("Kick-off"))
    checklist = TextField(
        label=_("Checklist"), max_length=5000, help_text=_("A line each: they become tasks of whoever delivers."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )  # fmt: skip
    note = TextField(label=_("What was promised"), required=False, max_length=5000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["delivery_owner"].queryset = User.objects.filter(is_active=True).order_by("name")
        self.fields["checklist"].initial = "\n".join(str(line) for line in CHECKLIST)
