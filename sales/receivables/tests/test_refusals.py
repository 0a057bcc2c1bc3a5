"""What is refused of money, each by the rule that is meant for it, in its words."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from crm.records import services as records
from crm.records.actor import Actor
from sales.contracts import changing
from sales.contracts import services as contracts
from sales.contracts.models import ContractLine
from sales.receivables import payments, plan
from sales.receivables.factories import make_contract, make_payment
from sales.receivables.models import Allocation, Instalment, Payment
from sales.receivables.tests.test_attacks import agreed, first_of, paid, refused

pytestmark = pytest.mark.django_db
SYSTEM = Actor(None, "test")
D = Decimal


def test_a_refund_is_of_money_that_counts_and_is_free():
    contract = agreed()
    payment = make_payment(contract, 30_000)
    refused(lambda: payments.refund(payment, actor=SYSTEM, amount=D(1), reason="x"), "Registered")
    payments.confirm_payment(payment, actor=SYSTEM)
    refused(lambda: payments.refund(payment, actor=SYSTEM, amount=D(1), reason="x"), "'amount'", "release the rest")


def test_what_was_refunded_in_part_is_not_taken_back_as_a_whole():
    payment = paid(agreed(), 120_000)
    payments.refund(payment, actor=SYSTEM, amount=D(20_000), reason="x")
    for take_back in (payments.return_payment, payments.void_payment):
        refused(lambda: take_back(payment, actor=SYSTEM), "refunded")  # noqa: B023


def test_no_more_is_given_up_than_is_open():
    first = first_of(agreed())
    refused(lambda: payments.write_off(first, actor=SYSTEM, amount=D("30000.01"), reason="x"), "30,000.00")


def test_an_instalment_is_paid_in_its_currency_alone():
    first = first_of(agreed())
    dollars = payments.confirm_payment(make_payment(None, 100, account=first.account, currency="USD"), actor=SYSTEM)
    refused(lambda: payments.allocate(dollars, actor=SYSTEM, parts={first.pk: D(100)}), "USD", "CNY")


def test_what_is_void_is_not_paid():
    contract = agreed()
    first = first_of(contract)
    contracts.terminate_contract(contract, actor=SYSTEM, reason="客户取消")
    payment = payments.confirm_payment(make_payment(None, 100, account=first.account), actor=SYSTEM)
    refused(lambda: payments.allocate(payment, actor=SYSTEM, parts={first.pk: D(100)}), "void")


def test_a_payment_that_does_not_count_pays_nothing():
    first = first_of(agreed())
    payment = make_payment(None, 100, account=first.account)
    payments.void_payment(payment, actor=SYSTEM)
    refused(lambda: payments.allocate(payment, actor=SYSTEM, parts={first.pk: D(1)}), "Void")
    typed = Allocation(payment=payment, instalment=first, amount=D(1), owner_id=payment.owner_id)
    refused(lambda: records.save(typed, actor=SYSTEM), "does not count")


def test_what_the_bank_says_of_confirmed_money_stays():
    payment = paid(agreed(), 100)
    for name, value in (("amount", D(99)), ("currency", "USD"), ("bank_ref", "7"), ("method", "cash")):
        fresh = Payment.objects.get(pk=payment.pk)
        setattr(fresh, name, value)
        refused(lambda: records.save(fresh, actor=SYSTEM), name, "settled")  # noqa: B023
    payments.release(payment, actor=SYSTEM)
    refused(lambda: records.delete(Payment.objects.get(pk=payment.pk), actor=SYSTEM), "void it")


def test_what_is_paid_is_neither_split_nor_merged_away():
    contract = agreed()
    first, second, _third = Instalment.objects.filter(contract=contract).order_by("seq")
    paid(contract, 30_000 + 59_000)
    second.refresh_from_db()
    refused(lambda: plan.split(second, actor=SYSTEM, amount=D("1000.01")), "'amount'")
    refused(lambda: plan.merge(first, actor=SYSTEM, other=second), "'other'")


def test_a_smaller_contract_takes_off_what_is_open_alone():
    contract = agreed(payment_terms="30% 签约, 60% 签约后 30 天, 10% 签约后 60 天")
    second = Instalment.objects.get(contract=contract, seq=2)
    payment = payments.confirm_payment(make_payment(None, 50_000, account=contract.account), actor=SYSTEM)
    payments.allocate(payment, actor=SYSTEM, parts={second.pk: D(50_000)})
    changing.submit_change(changing.draft_change(contract, actor=SYSTEM, title="减少", amount=D(75_000)), actor=SYSTEM)
    assert [row.amount for row in plan.instalments_of(contract)] == [D(25_000), D(50_000)]


def test_what_is_agreed_is_handed_in_once_and_stays():
    contract = agreed()
    refused(lambda: contracts.submit_contract(contract, actor=SYSTEM), "handed in already")
    line = ContractLine(document=contract, owner=contract.owner, name="手工", unit_price=D(1))
    refused(lambda: records.save(line, actor=SYSTEM), "its lines")
    refused(lambda: records.delete(agreed(kind="framework", amount=0), actor=SYSTEM), "terminate it")


def test_an_instalment_is_overdue_from_the_day_after():
    contract = make_contract(signed_on=timezone.localdate(), payment_terms="一次性付清")
    assert (first_of(contract).due_on, first_of(contract).state) == (timezone.localdate(), "due")
