"""The tallies of money that the database keeps, beside counting the rows, after everything that can happen to them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal as D
from random import Random

import pytest
from django.db.models import F, Q
from django.db.models.functions import TruncMonth
from django.utils import timezone

from crm.access.models import RecordShare, Scope
from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import User
from sales import tally_upkeep
from sales.contracts.models import OWED, Contract
from sales.receivables import payments, standing, tallies
from sales.receivables.factories import make_contract, make_payment
from sales.receivables.models import ContractTally, Instalment, InstalmentTally, Payment

pytestmark = pytest.mark.django_db
LABELS = ("contracts.contract", "receivables.instalment", "receivables.payment")


def moved(random, user, today):
    """One thing that happens to money."""
    actor = Actor(None, "test")
    contract, payment = (random.choice(model.objects.alive().order_by("pk") or [None]) for model in (Contract, Payment))
    what = random.choice(["pay", "confirm", "refund", "hand over", "due", "turn", "sign", "trash", "currency"])
    if what == "pay":
        make_payment(contract, random.randrange(1, 10**6), owner=user, paid_on=today - timedelta(random.randrange(400)))
    elif what == "confirm" and payment and payment.state == "registered":
        payments.confirm_payment(payment, actor=actor)
    elif what == "refund" and payment and payment.state == "confirmed" and payment.unallocated > 1:
        payments.refund(payment, amount=D(1), refunded_on=today, reason="–", actor=actor)
    elif what == "hand over":
        contract.owner = random.choice(User.objects.order_by("pk"))
        records.save(contract, actor=actor)
    elif what == "due":
        due = today + timedelta(random.randrange(-200, 200))
        Instalment.objects.filter(contract=contract).update(event="date", fixed_on=due)
        standing.refresh(Instalment.objects.filter(contract=contract))
    elif what == "turn":
        standing.turn(today + timedelta(random.randrange(100)))
    elif what == "sign":
        signed = today - timedelta(random.randrange(400))
        Contract.objects.filter(pk=contract.pk, state__in=OWED).update(state="active", signed_on=signed)
        standing.refresh(Instalment.objects.filter(contract=contract))
    elif what == "trash" and payment and payment.state == "registered":
        records.delete(payment, actor=actor)
    elif what == "currency":
        make_contract(amount=D(random.randrange(100, 9999)), owner=user, currency="USD")


@pytest.fixture
def company(rep, other, make_user, department, grant):
    """Contracts with plans and payments of two, after much happened; a reader of each scope, each with shares."""
    today, random = timezone.localdate(), Random(7)
    other.department = department
    other.save()
    head, chief, stranger = make_user("head", department=department), make_user("chief"), make_user("stranger")
    readers = {"own": rep, "department": head, "all": chief}
    for name, user in readers.items():
        for label in LABELS:
            grant(user, label, view=Scope[name.upper()])
    for turn in range(60):
        if turn % 5 == 0:
            make_contract(approved=turn % 10 == 0, amount=D(1000 + turn), owner=random.choice([rep, other, stranger]))
        moved(random, random.choice([rep, other, stranger]), today)
        if turn % 20 == 0:
            tally_upkeep.fold()
            assert tally_upkeep.wrong() == 0, turn
    for label, model in zip(LABELS, (Contract, Instalment, Payment), strict=True):
        if label != "receivables.instalment":
            for pk in model.objects.alive().values_list("pk", flat=True)[::3]:
                for user in readers.values():
                    RecordShare.objects.create(entity=label, record_id=pk, user=user)
    return {name: User.objects.get(pk=user.pk) for name, user in readers.items()} | {"none": stranger}


def added(parts, *names):
    found = Counter()
    for rows in parts:
        for row in rows.annotate(month=TruncMonth("day")).values_list(*names, "records", "amount", "rest"):
            key, figures = row[: len(names)], row[len(names) :]
            for at, figure in enumerate(figures):
                found[(*key, at)] += figure
    return {key: figure for key, figure in found.items() if figure}


def test_they_follow_whatever_happens_and_say_what_the_reader_sees(company):
    assert tally_upkeep.wrong() == 0
    rest = {Contract: F("amount"), Instalment: tallies.OPEN, Payment: F("amount") - F("refunded")}
    day = {Contract: "signed_on", Instalment: "due_on", Payment: "paid_on"}
    seen = Counter()
    for name, user in company.items():
        for model in (Contract, Instalment, Payment):
            expected = Counter()
            rows = model.objects.restrict(user).annotate(month=TruncMonth(day[model]), rest=rest[model])
            for month, state, currency, amount, left in rows.values_list(
                "month", "state", "currency", "amount", "rest"
            ):
                for at, figure in enumerate((1, amount, left)):
                    expected[month, state, currency, at] += figure
            assert added(tallies.sums(user, model, Q()), "month", "state", "currency") == {
                key: figure for key, figure in expected.items() if figure
            }
            seen[name] += len(expected)
    assert seen["all"] > seen["department"] > 0 == seen["none"]
    late = Instalment.objects.restrict(company["all"]).filter(state="overdue").values_list("due_on")
    days = added(tallies.sums(company["all"], Instalment, Q(state="overdue")), "day")
    assert {day: count for (day, at), count in days.items() if at == 0} == Counter(day for (day,) in late) != {}


def test_a_purge_takes_them_along(rep):
    contract = make_contract(owner=rep)
    payment = make_payment(contract, 100, owner=rep)
    Payment.objects.filter(pk=payment.pk).delete()
    Instalment.objects.filter(contract=contract).delete()
    assert tally_upkeep.wrong() == 0
    tally_upkeep.fold()
    assert not InstalmentTally.objects.exists()
    assert ContractTally.objects.count() == 1
