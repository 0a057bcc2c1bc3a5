"""How the bands of RFM are set."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.models import BANDS, RfmSetting
from customers.purchases import sources


class BoundsField(forms.CharField):
    """Four ascending numbers, separated by commas or spaces."""

    def __init__(self, *, whole: bool, **kwargs: Any) -> None:
        super().__init__(max_length=200, **kwargs)
        self.whole = whole

    def prepare_value(self, value: Any) -> Any:
        return "  ".join(f"{Decimal(one).normalize():f}" for one in value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[Any]:
        words = super().clean(value).replace("，", " ").replace(",", " ").replace("、", " ").split()
        try:
            found = [Decimal(word) for word in words]
        except InvalidOperation as error:
            raise ValidationError(_("Enter four numbers, each larger than the one before.")) from error
        rising = all(a < b for a, b in zip(found, found[1:], strict=False))
        if len(found) != BANDS or not all(n.is_finite() and 0 < n < 10**9 for n in found) or not rising:
            raise ValidationError(_("Enter four numbers, each larger than the one before."))
        if self.whole and any(n != n.to_integral_value() for n in found):
            raise ValidationError(_("Enter a whole number."))
        return [int(n) if self.whole else n.quantize(Decimal("0.01")) for n in found]


class RfmForm(forms.ModelForm):
    """Bands by hand or by quantiles, how far back, and which purchases count."""

    days = BoundsField(
        whole=True,
        label=gettext_lazy("Days since the last purchase"),
        help_text=gettext_lazy("Fewer than the first: 5 points; the last or more: 1 point."),
    )
    times = BoundsField(
        whole=True,
        label=gettext_lazy("Number of purchases"),
        help_text=gettext_lazy("Fewer than the first: 1 point; the last or more: 5 points."),
    )
    amounts = BoundsField(
        whole=False,
        label=gettext_lazy("Amount in yuan"),
        help_text=gettext_lazy("Less than the first: 1 point; the last or more: 5 points."),
    )
    sources = forms.MultipleChoiceField(
        label=gettext_lazy("Purchases that count"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None chosen: the usual ones."),
    )

    class Meta:
        model = RfmSetting
        fields = ("automatic", "days", "times", "amounts", "high", "months", "sources")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        told = (one for one in sources.values() if one.rows(self.instance.of) is not None)
        self.fields["sources"].choices = [(one.name, one.label) for one in told]
