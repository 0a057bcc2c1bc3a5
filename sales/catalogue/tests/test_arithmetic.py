"""Rounding and sharing against an oracle of exact fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.lib.money import decimal_places
from sales.catalogue.arithmetic import document_amounts, line_amount, share, taxed

CURRENCIES = ("CNY", "USD", "JPY", "KRW")


def half_up(exact: Fraction, currency: str) -> Decimal:
    """The oracle of rounding: exact, away from zero at the half."""
    scale = 10 ** decimal_places(currency)
    scaled = abs(exact) * scale
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    whole += 2 * rest >= scaled.denominator
    return Decimal(-whole if exact < 0 else whole) / scale


def fits(amount: Decimal, currency: str) -> bool:
    return amount == round(amount, decimal_places(currency))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    total=st.integers(-(10**12), 10**12),
    weights=st.lists(st.integers(0, 10**9), min_size=1, max_size=15),
    currency=st.sampled_from(CURRENCIES),
)
def test_shares_add_up_exactly_and_lie_next_to_their_exact_part(total, weights, currency):
    step = Decimal(1).scaleb(-decimal_places(currency))
    amount = total * step
    parts = share(amount, [Decimal(w) for w in weights], currency)
    assert sum(parts) == amount
    assert all(fits(part, currency) for part in parts)
    if whole := sum(weights):
        for part, weight in zip(parts, weights, strict=True):
            assert abs(Fraction(part) - Fraction(amount) * weight / whole) < Fraction(step)
            assert weight or not part
    else:
        assert parts[-1] == amount and not any(parts[:-1])


@pytest.mark.parametrize("weights", [[], [Decimal(1), Decimal(-1)]])
def test_sharing_refuses_what_has_no_meaning(weights):
    with pytest.raises(ValueError, match="weights"):
        share(Decimal(1), weights, "CNY")


def test_ten_thousand_documents_add_up():
    random = Random(20)
    for _number in range(10_000):
        currency, included = random.choice(CURRENCIES), random.random() < 0.5
        asked = [
            (
                Decimal(random.randrange(1, 10**6)) / random.choice((1, 10, 10_000)),
                Decimal(random.randrange(0, 10**8)) / random.choice((1, 100, 10_000)),
                Decimal(random.choice((0, 0, 5, 12.5, 33.33, 100))),
                Decimal(random.choice((0, 1, 3, 6, 9, 13))),
            )
            for _line in range(random.randrange(1, 9))
        ]
        lines = []
        for quantity, price, discount, rate in asked:
            amount = line_amount(quantity, price, discount, currency)
            exact = Fraction(quantity) * Fraction(price) * (100 - Fraction(discount)) / 100
            assert amount == half_up(exact, currency)
            lines.append((amount, rate))
        whole = sum(amount for amount, _rate in lines)
        taken = half_up(Fraction(whole) * random.randrange(0, 101) / 100, currency)
        total, each = document_amounts(lines, taken, currency, included=included)
        assert sum(one.net for one in each) == total.net
        assert sum(one.tax for one in each) == total.tax
        assert total.net + total.tax == total.total == sum(one.total for one in each)
        assert (total.total if included else total.net) == whole - taken
        for one, (_amount, rate) in zip(each, lines, strict=True):
            base = (
                Fraction(one.total) * Fraction(rate) / (100 + Fraction(rate))
                if included
                else Fraction(one.net) * Fraction(rate) / 100
            )
            assert one.tax == half_up(base, currency)
            assert fits(one.net, currency) and fits(one.tax, currency)
            assert one.net >= 0 and one.tax >= 0


@given(st.integers(-(10**9), 10**9), st.integers(0, 100), st.booleans())
def test_tax_splits_and_adds_without_loss(cents, rate, included):
    amount = Decimal(cents) / 100
    found = taxed(amount, Decimal(rate), "CNY", included=included)
    assert found.net + found.tax == found.total
    assert (found.total if included else found.net) == amount
