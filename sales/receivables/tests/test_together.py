"""Many at once, with connections of their own: one payment of many submits, numbers without gaps, nothing paid twice."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections, transaction

from crm.records.actor import Actor
from crm.records.errors import Protected
from crm.reference.models import NumberSequence
from customers.factories import some_user
from sales.receivables import payments, plan
from sales.receivables.factories import make_contract, make_payment
from sales.receivables.models import Instalment, Payment

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM = Actor(None, "test")
CREATES = int(os.environ.get("CREATES", "40"))
D = Decimal


@pytest.fixture(autouse=True)
def sequences(transactional_db):
    """A test that commits begins with an empty database."""
    for code, prefix in (
        ("sales.contract", "HT"),
        ("sales.order", "DD"),
        ("sales.payment", "HK"),
        ("sales.quote", "BJ"),
    ):
        known = {"name": code, "prefix": prefix, "gap_free": code != "sales.quote", "period": "%Y"}
        NumberSequence.objects.get_or_create(code=code, defaults=known)


def together(fn: Callable[[Any], Any], values: Iterable[Any], hands: int = 10) -> list[Any]:
    """Run ``fn`` on each value in threads with connections of their own; what it returns, or its error."""

    def run(value: Any) -> Any:
        try:
            return fn(value)
        except (ValidationError, Stopped) as error:
            return error
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(hands) as pool:
        return list(pool.map(run, values))


class Stopped(Exception):
    """The worker was killed in the middle of its transaction."""


def test_twenty_submits_make_one_payment():
    contract = make_contract(approved=True)

    def submit(_number):
        return payments.register_for_contract(
            contract, actor=SYSTEM, amount=D(500), paid_on=date(2026, 11, 1), submission="the-same-form"
        ).pk

    found = together(submit, range(20), hands=20)
    assert len(set(found)) == 1
    assert Payment.objects.count() == 1


def test_numbers_have_no_gaps_whoever_dies():
    owner = some_user()
    make_contract(owner=owner)

    def create(number):
        with transaction.atomic():
            payment = make_payment(None, 10 + number, owner=owner)
            if number % 3 == 0:
                raise Stopped
            if number % 7 == 0:
                connection.connection.close()  # the line to the database is cut
        return payment.number

    def guarded(number):
        try:
            return create(number)
        except Stopped:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a cut line raises
            return error

    together(guarded, range(CREATES), hands=8)
    numbers = sorted(Payment.objects.values_list("number", flat=True))
    assert len(numbers) == sum(1 for n in range(CREATES) if n % 3 and n % 7)
    assert [int(number[-5:]) for number in numbers] == list(range(1, len(numbers) + 1))


def test_nothing_is_paid_twice():
    contract = make_contract(approved=True, signed_on=date(2026, 11, 1))
    first, second, _third = Instalment.objects.filter(contract=contract).order_by("seq")
    ready = [
        payments.confirm_payment(make_payment(None, 20_000, account=contract.account), actor=SYSTEM).pk
        for _i in range(8)
    ]

    def pay(pk):
        parts = {first.pk: D(10_000), second.pk: D(10_000)}
        if pk % 2:
            parts = dict(reversed(parts.items()))
        return payments.allocate(Payment.objects.get(pk=pk), actor=SYSTEM, parts=parts).pk

    found = together(pay, ready, hands=8)
    assert sum(isinstance(one, int) for one in found) == 3
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.received, first.state, second.received) == (D(30_000), "paid", D(30_000))


def test_two_of_finance_give_away_no_more_than_a_payment_holds():
    contract = make_contract(approved=True, signed_on=date(2026, 11, 1))
    first = Instalment.objects.get(contract=contract, seq=1)
    pk = payments.confirm_payment(make_payment(None, 10_000, account=contract.account), actor=SYSTEM).pk

    def move(number):
        payment = Payment.objects.get(pk=pk)
        if number % 2:
            return payments.refund(payment, actor=SYSTEM, amount=D(3_000), reason="x")
        return payments.allocate(payment, actor=SYSTEM, parts={first.pk: D(3_000)})

    found = together(move, range(8), hands=8)
    assert sum(isinstance(one, ValidationError) for one in found) == 5
    payment = Payment.objects.get(pk=pk)
    first.refresh_from_db()
    assert (payment.unallocated, first.received) == (D(1_000), payment.allocated)


def test_an_instalment_goes_or_is_paid_never_both():
    contract = make_contract(approved=True, signed_on=date(2026, 11, 1))
    first, second, _third = Instalment.objects.filter(contract=contract).order_by("seq")
    pk = payments.confirm_payment(make_payment(None, 10_000, account=contract.account), actor=SYSTEM).pk

    def go(what):
        try:
            if what == "merge":
                return plan.merge(first, actor=SYSTEM, other=second)
            return payments.allocate(Payment.objects.get(pk=pk), actor=SYSTEM, parts={second.pk: D(10_000)})
        except Protected as error:
            return ValidationError(str(error))

    found = together(go, ["merge", "pay"], hands=2)
    assert sum(isinstance(one, ValidationError) for one in found) == 1
    second.refresh_from_db()
    assert (second.deleted_at is None) == (second.received > 0)


def test_the_same_click_twice_pays_once():
    contract = make_contract(approved=True, signed_on=date(2026, 11, 1))
    payment = make_payment(contract, 30_000)
    together(
        lambda _n: payments.confirm_payment(Payment.objects.get(pk=payment.pk), actor=SYSTEM).pk, range(8), hands=8
    )
    assert Payment.objects.get().allocated == D(30_000)
    assert Instalment.objects.get(contract=contract, seq=1).received == D(30_000)
