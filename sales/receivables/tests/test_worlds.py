"""Random terms, payments, refunds and write-offs against a book kept by hand. ``WORLDS=10000`` runs the wide one.

``--hypothesis-seed=N`` draws worlds of its own, so that the wide one can be run slice by slice.
"""

from __future__ import annotations

import os
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.records.actor import Actor
from sales.contracts.services import approve_contract
from sales.receivables import payments, standing
from sales.receivables.factories import make_contract, make_payment
from sales.receivables.models import Instalment, Payment
from sales.receivables.terms import DATE, Term, amounts

pytestmark = pytest.mark.django_db
WORLDS = int(os.environ.get("WORLDS", "12"))
SYSTEM = Actor(None, "test")
TODAY = date(2026, 11, 22)
D = Decimal
cents = st.integers(1, 9_000_000).map(lambda n: D(n) / 100)
CURRENCIES = st.sampled_from(["CNY", "USD", "JPY"])


@settings(max_examples=max(WORLDS, 300), deadline=None)
@given(
    total=st.integers(0, 10**14), weights=st.lists(st.integers(1, 9999), min_size=1, max_size=40), currency=CURRENCIES
)
def test_terms_always_add_up(total, weights, currency):
    places = 0 if currency == "JPY" else 2
    whole = D(total).scaleb(-places)
    terms = [Term(str(i), ratio=D(weight) / 100) for i, weight in enumerate(weights)]
    parts = amounts(terms, whole, currency)
    assert sum(parts) == whole
    exact = [whole * weight / sum(weights) for weight in weights]
    assert all(abs(part - should) < D(1).scaleb(-places) for part, should in zip(parts, exact, strict=True))


class Book:
    """What instalments and payments come to, kept without the program."""

    def __init__(self, rows):
        self.rows = {row.pk: [row.amount, D(0), D(0), row.due_on, row.remind_days] for row in rows}
        self.paid, self.taken, self.back = {}, {}, {}

    def state(self, pk):
        amount, received, written, due, remind = self.rows[pk]
        if received + written >= amount:
            return "paid"
        if due < TODAY:
            return "overdue"
        if received + written:
            return "partially_paid"
        return "due" if due - timedelta(days=remind) <= TODAY else "pending"

    def free(self, pk):
        return self.paid[pk] - sum(self.taken.get(pk, {}).values(), D(0)) - self.back.get(pk, D(0))

    def open(self, pk):
        amount, received, written, *_rest = self.rows[pk]
        return amount - received - written


steps = st.lists(
    st.tuples(
        st.sampled_from(["pay", "pay", "allocate", "allocate", "refund", "write", "release", "return"]),
        cents, st.integers(0, 7), st.integers(0, 7),
    ),
    min_size=1, max_size=10,
)  # fmt: skip
plans = st.tuples(
    cents,
    st.lists(st.integers(1, 100), min_size=1, max_size=5),
    st.lists(st.integers(-60, 60), min_size=5, max_size=5),
    st.sampled_from(["CNY", "USD"]),
)


@settings(
    max_examples=WORLDS,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(plan=plans, steps=steps)
def test_states_equal_the_book(db, plan, steps):
    with transaction.atomic():
        _world(plan, steps)
        transaction.set_rollback(True)


def _world(plan, steps):
    amount, weights, days, currency = plan
    contract = make_contract(amount=amount, currency=currency, payment_terms="")
    whole = sum(weights)
    parts = amounts([Term(str(i), ratio=D(w) * 100 / whole, weight=D(w)) for i, w in enumerate(weights)], amount, "CNY")
    for seq, (part, day) in enumerate(zip(parts, days, strict=False), 1):
        if part:
            Instalment.objects.bulk_create([
                Instalment(
                    contract=contract, owner=contract.owner, account=contract.account, seq=seq, amount=part, event=DATE,
                    fixed_on=TODAY + timedelta(days=day), due_on=TODAY + timedelta(days=day),
                )
            ])  # fmt: skip
    approve_contract(contract, actor=SYSTEM)
    book = Book(Instalment.objects.filter(contract=contract).order_by("seq"))
    for step in steps:
        _step(book, contract, *step)
    standing.refresh(Instalment.objects.filter(contract=contract), today=TODAY)
    _compare(book, contract)


def _step(book, contract, do, amount, one, other):
    pks, rows = sorted(book.paid), sorted(book.rows)
    if do == "pay":
        foreign = {"CNY": "USD", "USD": "CNY"}[contract.currency]
        currency = contract.currency if one else foreign
        made = make_payment(None, amount, account=contract.account, currency=currency)
        payments.confirm_payment(made, actor=SYSTEM)
        book.paid[made.pk] = amount
        return
    row = rows[other % len(rows)]
    if do == "write":
        fits = amount <= book.open(row)
        _try(fits, lambda: payments.write_off(Instalment.objects.get(pk=row), actor=SYSTEM, amount=amount, reason="x"))
        book.rows[row][2] += amount if fits else 0
        return
    if not pks:
        return
    pk = pks[one % len(pks)]
    payment = Payment.objects.get(pk=pk)
    if do == "allocate":
        fits = payment.currency == contract.currency and amount <= min(book.free(pk), book.open(row))
        _try(fits, lambda: payments.allocate(payment, actor=SYSTEM, parts={row: amount}))
        if fits:
            book.taken.setdefault(pk, {})[row] = book.taken.get(pk, {}).get(row, D(0)) + amount
            book.rows[row][1] += amount
    elif do == "refund":
        fits = amount <= book.free(pk)
        _try(fits, lambda: payments.refund(payment, actor=SYSTEM, amount=amount, reason="x"))
        book.back[pk] = book.back.get(pk, D(0)) + (amount if fits else 0)
    elif do == "release" or not book.back.get(pk):
        (payments.release if do == "release" else payments.return_payment)(payment, actor=SYSTEM)
        for row, part in book.taken.pop(pk, {}).items():
            book.rows[row][1] -= part
        if do == "return":
            book.paid.pop(pk)


def _try(fits, fn):
    if fits:
        fn()
        return
    with pytest.raises(ValidationError), transaction.atomic():
        fn()


def _compare(book, contract):
    rows = Instalment.objects.filter(contract=contract)
    assert sum(row.amount for row in rows) == contract.amount
    for row in rows:
        assert (row.received, row.written_off, row.state) == (*book.rows[row.pk][1:3], book.state(row.pk))
    for payment in Payment.objects.filter(pk__in=book.paid):
        assert payment.unallocated == book.free(payment.pk)
        assert payment.allocated + payment.refunded <= payment.amount
