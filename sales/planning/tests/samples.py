"""What figures of months need before a test that holds for every entity can save many of one person."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from crm.entities.testing import readies
from sales.contracts.models import Contract
from sales.planning.models import ForecastAdjustment, Target
from sales.receivables.factories import make_contract

_months = count()


def _next() -> date:
    number = next(_months) % 3000
    return date(1930 + number // 12, number % 12 + 1, 1)


@readies("planning.target")
def in_a_month_of_its_own(record: Target) -> None:
    """A person has one target a month."""
    record.month = _next()


@readies("planning.forecastadjustment")
def of_a_period_of_its_own(record: ForecastAdjustment) -> None:
    """The forecast of a person is adjusted once."""
    record.starts_on = _next()


def sale(owner: Any, amount: Any, day: date, currency: str = "CNY", state: str = "signed", **values: Any) -> Contract:
    """A contract as it stands once signed."""
    contract = make_contract(owner=owner, amount=Decimal(amount), currency=currency, **values)
    Contract.objects.filter(pk=contract.pk).update(state=state, signed_on=day)
    return contract
