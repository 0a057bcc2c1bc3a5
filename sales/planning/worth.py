"""What amounts come to in yuan, set-wise, by the rate of their day."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, DecimalField, F, OuterRef, Subquery, When
from django.db.models.functions import Coalesce, Round

from crm.reference.models import ExchangeRate

YUAN = DecimalField(max_digits=24, decimal_places=2)


def in_yuan(amount: Any, day: Any) -> Case:
    """``amount`` of the row's ``currency`` by the last rate up to ``day`` (a column or a date), to the cent; null without a rate.

    worth = amount × rate, as ``ExchangeRate.objects.rate_of`` has it.
    """
    until = OuterRef(day) if isinstance(day, str) else day
    rates = ExchangeRate.objects.filter(currency=OuterRef("currency"), day__lte=until).order_by("-day")
    amount = F(amount) if isinstance(amount, str) else amount
    rate = Subquery(rates.values("rate")[:1])
    return Case(
        When(currency="CNY", then=Coalesce(amount, 0, output_field=YUAN)),
        default=Round(amount * rate, 2, output_field=YUAN),
        output_field=YUAN,
    )
