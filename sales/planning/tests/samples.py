"""What figures of months need before a test that holds for every entity can save many of one person."""

from __future__ import annotations

from datetime import date
from itertools import count

from crm.entities.testing import readies
from sales.planning.models import ForecastAdjustment, Target

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
