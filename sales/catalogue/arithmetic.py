"""What lines and documents come to: one way to round and to share, for quotes, contracts, orders, purchases and invoices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from crm.lib.money import decimal_places, round_money

ZERO = Decimal(0)
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Amounts:
    """``net`` + ``tax`` = ``total``, each rounded to the currency's places."""

    net: Decimal
    tax: Decimal
    total: Decimal

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(self.net + other.net, self.tax + other.tax, self.total + other.total)


NOTHING = Amounts(ZERO, ZERO, ZERO)


def line_amount(quantity: Decimal, price: Decimal, discount: Decimal, currency: str) -> Decimal:
    """Quantity × price less ``discount`` percent, rounded once, half up, to the currency's places."""
    return round_money(quantity * price * (HUNDRED - discount) / HUNDRED, currency)


def taxed(amount: Decimal, rate: Decimal, currency: str, *, included: bool) -> Amounts:
    """Split an amount that includes tax of ``rate`` percent, or add the tax to one that does not."""
    if included:
        tax = round_money(amount * rate / (HUNDRED + rate), currency)
        return Amounts(amount - tax, tax, amount)
    tax = round_money(amount * rate / HUNDRED, currency)
    return Amounts(amount, tax, amount + tax)


def share(total: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Split a total by weights so that the parts add up to it exactly: what rounding leaves over goes to the largest remainders.

    All weights zero: everything falls to the last part. ValueError without weights, or for a negative one.
    """
    if not weights or min(weights) < 0:
        raise ValueError("share() wants weights that are not negative")
    whole = sum(weights, ZERO)
    if not whole:
        return [ZERO] * (len(weights) - 1) + [total]
    step = Decimal(1).scaleb(-decimal_places(currency))
    sign = -1 if total < 0 else 1
    exact = [abs(total) * weight / whole for weight in weights]
    parts = [part.quantize(step, rounding="ROUND_FLOOR") for part in exact]
    left = int(((abs(total) - sum(parts, ZERO)) / step).to_integral_value(rounding=ROUND_HALF_UP))
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[:left]:
        parts[i] += step
    return [sign * part for part in parts]


def document_amounts(
    lines: Sequence[tuple[Decimal, Decimal]], discount: Decimal, currency: str, *, included: bool
) -> tuple[Amounts, list[Amounts]]:
    """The totals of a document and of each of its lines, after ``discount`` (an amount) on the whole is shared among them.

    ``lines``: (amount, tax rate in percent), amounts with tax when ``included``. The totals are the sums of the lines.
    """
    if not lines:
        return NOTHING, []
    parts = share(discount, [amount for amount, _rate in lines], currency) if discount else [ZERO] * len(lines)
    each = [
        taxed(amount - part, rate, currency, included=included)
        for (amount, rate), part in zip(lines, parts, strict=True)
    ]
    return sum(each, NOTHING), each
