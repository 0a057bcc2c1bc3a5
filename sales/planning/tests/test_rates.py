"""Results in yuan under random rates, dated at random, against a book kept by hand. ``WORLDS=10000`` runs the wide one."""

from __future__ import annotations

import os
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.reference.models import ExchangeRate
from sales.contracts.models import Contract
from sales.planning.attainment import Board
from sales.planning.models import months_of
from sales.planning.tests.samples import sale

pytestmark = pytest.mark.django_db
WORLDS = int(os.environ.get("WORLDS", "12"))
D = Decimal
MADE = 12
DAYS = st.integers(0, 364).map(lambda n: date(2026, 1, 1) + timedelta(days=n))
RATES = st.dictionaries(
    st.tuples(st.sampled_from(["USD", "EUR", "JPY"]), st.integers(-200, 364)),
    st.integers(1, 20_000_000).map(lambda n: D(n).scaleb(-6)),
    max_size=12,
)
DEALS = st.lists(
    st.tuples(
        st.integers(0, 10**13).map(lambda n: D(n).scaleb(-2)), st.sampled_from(["CNY", "USD", "EUR", "JPY"]), DAYS
    ),
    min_size=MADE,
    max_size=MADE,
)


def worth(amount: Decimal, currency: str, day: date, rates: dict[tuple[str, date], Decimal]) -> Decimal | None:
    """By the newest rate of that day or before; None where there is none."""
    if currency == "CNY":
        return amount
    known = [(since, rate) for (of, since), rate in rates.items() if of == currency and since <= day]
    return (amount * max(known)[1]).quantize(D("0.01"), ROUND_HALF_UP) if known else None


def test_results_are_what_the_rates_of_their_days_make_of_them(people):
    chief = people["chief"]
    contracts = [sale((people["rep"], people["other"])[n % 2], 1, date(2026, 1, 1)) for n in range(MADE)]

    @settings(max_examples=WORLDS, deadline=None, suppress_health_check=list(HealthCheck))
    @given(rates=RATES, deals=DEALS)
    def world(rates, deals):
        dated = {(of, date(2026, 1, 1) + timedelta(days=n)): rate for (of, n), rate in rates.items()}
        with transaction.atomic():
            ExchangeRate.objects.all().delete()
            ExchangeRate.objects.bulk_create(
                ExchangeRate(currency=of, day=day, rate=rate) for (of, day), rate in dated.items()
            )
            for contract, (amount, currency, day) in zip(contracts, deals, strict=True):
                contract.amount, contract.currency, contract.signed_on, contract.state = amount, currency, day, "signed"
            Contract.objects.bulk_update(contracts, ["amount", "currency", "signed_on", "state"])
            board = Board(chief, "sales", 2026, "month")
            found = {
                (s.pk, month): board.actuals.of(s, [month])
                for s in board.subjects if not s.is_unit
                for month in months_of(2026)
            }  # fmt: skip
            should: dict[tuple[int, date], Decimal] = {}
            lost = 0
            for contract, (amount, currency, day) in zip(contracts, deals, strict=True):
                yuan = worth(amount, currency, day, dated)
                lost += yuan is None
                key = (contract.owner_id, day.replace(day=1))
                should[key] = should.get(key, D(0)) + (yuan or 0)
            assert {key: sum_of for key, sum_of in found.items() if sum_of} == {k: v for k, v in should.items() if v}
            assert board.actuals.unrated == lost
            transaction.set_rollback(True)

    world()
