"""From the contract to the last cent: plan, order, standing, payments, changes and the end."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from crm.access.models import Scope
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.errors import Protected
from sales.contracts import changing
from sales.contracts import services as contracts
from sales.orders import services as orders
from sales.orders.models import Order
from sales.quotes import services as quotes
from sales.quotes.factories import make_quote
from sales.receivables import payments, plan, standing
from sales.receivables.factories import make_contract, make_payment
from sales.receivables.models import Allocation, Instalment, Payment

pytestmark = pytest.mark.django_db
SYSTEM = Actor(None, "test")
D = Decimal


def rows(contract):
    return list(Instalment.objects.alive().filter(contract=contract).order_by("seq"))


def told(contract):
    return [(row.amount, row.due_on, row.state) for row in rows(contract)]


def test_approval_makes_order_and_plan_once():
    contract = make_contract(approved=True)
    contracts.approve_contract(contract, actor=SYSTEM)
    order = Order.objects.get(contract=contract)
    assert (order.total, order.account_id, order.lines.count()) == (D(100_000), contract.account_id, 1)
    assert told(contract) == [(D(30_000), None, "pending"), (D(60_000), None, "pending"), (D(10_000), None, "pending")]


def test_what_can_not_be_planned_is_not_approved():
    contract = make_contract(payment_terms="30% 签约, 70% 天晓得")
    with pytest.raises(ValidationError), transaction.atomic():
        contracts.submit_contract(contract, actor=SYSTEM)
    with pytest.raises(ValidationError), transaction.atomic():
        contracts.approve_contract(contract, actor=SYSTEM)
    contract.refresh_from_db()
    assert (contract.state, Order.objects.count(), Instalment.objects.count()) == ("draft", 0, 0)


def test_dues_follow_facts_and_days():
    today = timezone.localdate()
    contract = make_contract(signed_on=today - timedelta(days=10), starts_on=today - timedelta(days=9))
    assert contract.state == "active"
    signed = today - timedelta(days=3)
    assert told(contract)[0] == (D(30_000), signed, "overdue")
    contracts.accept_contract(contract, actor=SYSTEM, accepted_on=today)
    assert [(row[1], row[2]) for row in told(contract)[1:]] == [
        (today, "due"),
        (today.replace(year=today.year + 1), "pending"),
    ]
    assert standing.turn(today + timedelta(days=1)) == 1
    assert standing.turn(today + timedelta(days=1)) == 0
    assert told(contract)[1][2] == "overdue"


def test_delivery_brings_what_waits_for_it():
    contract = make_contract(signed_on=date(2026, 1, 5), payment_terms="30% 签约, 70% 发货后 10 天")
    order = Order.objects.get(contract=contract)
    line = order.lines.get()
    orders.deliver(order, actor=SYSTEM, quantities={line.pk: D("0.5")}, delivered_on=date(2026, 2, 1))
    assert told(contract)[1][1] is None
    orders.deliver(order, actor=SYSTEM, delivered_on=date(2026, 3, 1))
    assert told(contract)[1][1] == date(2026, 3, 11)
    with pytest.raises(ValidationError), transaction.atomic():
        orders.deliver(order, actor=SYSTEM)


def test_a_payment_counts_once_confirmed_and_not_after():
    contract = make_contract(signed_on=timezone.localdate())
    payment = make_payment(contract, "35000.01")
    payments.allocate(payment, actor=SYSTEM, parts={rows(contract)[0].pk: D(30_000)})
    assert told(contract)[0][2] == "due"
    payment = payments.confirm_payment(payment, actor=SYSTEM)
    payment = payments.allocate(payment, actor=SYSTEM, parts={rows(contract)[1].pk: D("5000.01")})
    assert [row[2] for row in told(contract)] == ["paid", "partially_paid", "pending"]
    assert (payment.unallocated, rows(contract)[1].received) == (0, D("5000.01"))
    with pytest.raises(ValidationError), transaction.atomic():
        payments.refund(payment, actor=SYSTEM, amount=D(1), reason="zu viel")
    payment = payments.return_payment(payment, actor=SYSTEM, reason="bounced")
    assert [row[2] for row in told(contract)] == ["due", "pending", "pending"]
    assert (payment.allocated, payment.state) == (0, "returned")


def test_confirming_pays_the_oldest_and_what_is_over_stays_credit():
    contract = make_contract(signed_on=timezone.localdate())
    payment = payments.confirm_payment(make_payment(contract, 120_000), actor=SYSTEM)
    assert (payment.allocated, payment.unallocated) == (D(100_000), D(20_000))
    assert {row.state for row in rows(contract)} == {"paid"}
    payments.refund(payment, actor=SYSTEM, amount=D(20_000), reason="zu viel bezahlt")
    payment.refresh_from_db()
    assert (payment.refunded, payment.unallocated) == (D(20_000), 0)


def test_more_than_a_payment_holds_is_refused_by_each_door():
    contract = make_contract(signed_on=timezone.localdate())
    payment = payments.confirm_payment(make_payment(None, 100, account=contract.account), actor=SYSTEM)
    first = rows(contract)[0]
    with pytest.raises(ValidationError, match="of it are left"), transaction.atomic():
        payments.allocate(payment, actor=SYSTEM, parts={first.pk: D("100.01")})
    typed = Allocation(payment=payment, instalment=first, amount=D("100.01"), owner_id=payment.owner_id)
    with pytest.raises(ValidationError, match="can't be allocated or refunded"), transaction.atomic():
        records.save(typed, actor=SYSTEM)


def test_more_than_is_open_is_refused_by_services_and_database():
    contract = make_contract(signed_on=timezone.localdate())
    payment = payments.confirm_payment(make_payment(None, 90_000, account=contract.account), actor=SYSTEM)
    first = rows(contract)[0]
    with pytest.raises(ValidationError), transaction.atomic():
        payments.allocate(payment, actor=SYSTEM, parts={first.pk: D("30000.01")})
    with pytest.raises(IntegrityError), transaction.atomic():
        Instalment.objects.filter(pk=first.pk).update(received=D("30000.01"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(allocated=D("90000.01"))


def test_write_off_settles():
    contract = make_contract(signed_on=timezone.localdate())
    first = rows(contract)[0]
    payments.write_off(first, actor=SYSTEM, amount=D(100), reason="rounding")
    payments.confirm_payment(make_payment(contract, "29900"), actor=SYSTEM)
    first.refresh_from_db()
    assert (first.state, first.received, first.written_off) == ("paid", D(29_900), D(100))


def test_the_plan_always_adds_up():
    contract = make_contract(approved=True)
    first, second, _third = rows(contract)
    first.amount += 1
    with pytest.raises(ValidationError), transaction.atomic():
        records.save(first, actor=SYSTEM)
    with pytest.raises(ValidationError), transaction.atomic():
        plan.change_plan(contract, [first], actor=SYSTEM)
    with pytest.raises(IntegrityError), transaction.atomic():
        Instalment.objects.filter(pk=first.pk).update(amount=1)
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
    with connection.cursor() as cursor:
        cursor.execute("set constraints all deferred")
    first.refresh_from_db()
    plan.split(first, actor=SYSTEM, amount=D(10_000), due_on=date(2027, 5, 1))
    assert [row[0] for row in told(contract)] == [D(20_000), D(60_000), D(10_000), D(10_000)]
    plan.merge(rows(contract)[1], actor=SYSTEM, other=rows(contract)[3])
    assert [row[0] for row in told(contract)] == [D(20_000), D(70_000), D(10_000)]
    plan.shift(rows(contract)[2], actor=SYSTEM, due_on=date(2028, 1, 1))
    assert rows(contract)[2].due_on == date(2028, 1, 1)


def test_a_change_moves_contract_and_plan():
    contract = make_contract(signed_on=timezone.localdate())
    payments.confirm_payment(make_payment(contract, 30_000), actor=SYSTEM)
    more = changing.draft_change(contract, actor=SYSTEM, title="加购", amount=D(112_000), spread="even")
    changing.submit_change(more, actor=SYSTEM)
    changing.apply_change(more, actor=SYSTEM)
    assert [row[0] for row in told(contract)] == [D(30_000), D("70285.71"), D("11714.29")]
    less = changing.draft_change(contract.__class__.objects.get(), actor=SYSTEM, title="减少", amount=D(35_000))
    changing.submit_change(less, actor=SYSTEM)
    assert [row[0] for row in told(contract)] == [D(30_000), D(5000)]
    below = changing.draft_change(contract.__class__.objects.get(), actor=SYSTEM, title="太少", amount=D(29_999))
    with pytest.raises(ValidationError), transaction.atomic():
        changing.submit_change(below, actor=SYSTEM)


def test_termination_voids_what_is_open():
    contract = make_contract(signed_on=timezone.localdate())
    payments.confirm_payment(make_payment(contract, 30_000), actor=SYSTEM)
    contracts.terminate_contract(contract, actor=SYSTEM, reason="客户停产")
    assert [row.state for row in rows(contract)] == ["paid", "void", "void"]
    assert Order.objects.get().state == "cancelled"


def test_agreed_contracts_are_locked():
    contract = make_contract(approved=True)
    contract.amount = D(1)
    with pytest.raises(ValidationError) as refused, transaction.atomic():
        records.save(contract, actor=SYSTEM)
    assert set(refused.value.error_dict) == {"amount"}
    contract.refresh_from_db()
    with pytest.raises((Protected, ValidationError)), transaction.atomic():
        records.delete(contract, actor=SYSTEM)


def test_only_finance_moves_money_that_counts(make_user, grant):
    seller, finance = make_user("seller"), make_user("money")
    contract = make_contract(signed_on=timezone.localdate(), owner=seller)
    for user, scope in ((seller, Scope.OWN), (finance, Scope.ALL)):
        for label in ("contracts.contract", "receivables.payment", "receivables.instalment", "receivables.allocation"):
            grant(user, label, view=scope, add=scope, change=scope)
    grant(finance, "receivables.writeoff", add=Scope.ALL)
    for right in ("confirm", "allocate", "refund"):
        grant(finance, "receivables.payment", **{right: Scope.ALL})
    payment = payments.register_for_contract(
        contract, actor=Actor(seller), amount=D(500), paid_on=timezone.localdate(), method="transfer"
    )
    first = rows(contract)[0]
    payments.allocate(payment, actor=Actor(seller), parts={first.pk: D(100)})
    payment = payments.confirm_payment(payment, actor=Actor(finance))
    with pytest.raises(PermissionDenied), transaction.atomic():
        payments.allocate(payment, actor=Actor(seller), parts={first.pk: D(100)})
    with pytest.raises(PermissionDenied), transaction.atomic():
        payments.write_off(first, actor=Actor(seller), amount=D(1), reason="x")
    payments.allocate(payment, actor=Actor(finance), parts={first.pk: D(100)})
    payments.write_off(first, actor=Actor(finance), amount=D(1), reason="x")
    assert (rows(contract)[0].received, rows(contract)[0].written_off) == (D(200), D(1))


def test_nothing_is_offered_that_no_plan_can_be_made_of():
    quote = make_quote(lines=[{}], payment_terms="30% + 60%")
    with pytest.raises(ValidationError, match="90"):
        quotes.submit_quote(quote, actor=Actor(quote.owner, "test"))
