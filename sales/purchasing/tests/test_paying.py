"""Bills and payments: no more than ordered, no more than billed, each once, and states that follow from facts alone."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.access.models import Scope
from crm.files.services import files_of
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.errors import Protected
from crm.reference.models import NumberSequence
from sales.purchasing import billing, standing
from sales.purchasing.factories import make_bill, make_purchase, make_supplier
from sales.purchasing.models import Bill, BillPayment, PurchaseOrder

SYSTEM = Actor(None, "test")
TODAY = date(2026, 11, 22)
WORLDS = int(os.environ.get("WORLDS", "25"))
D = Decimal


@pytest.mark.django_db
def test_more_than_ordered_needs_the_right(rep, grant):
    purchase = make_purchase(lines=[(10, 100)])
    grant(rep, "purchasing.purchaseorder", view=Scope.ALL)
    grant(rep, "purchasing.bill", view=Scope.ALL, add=Scope.ALL)
    actor, day = Actor(rep), TODAY
    billing.enter_bill(purchase, actor=actor, number="A1", billed_on=day, amount=D(600))
    with pytest.raises(ValidationError), transaction.atomic():
        billing.enter_bill(purchase, actor=actor, number="A2", billed_on=day, amount=D("400.01"))
    grant(rep, "purchasing.purchaseorder", overbill=Scope.ALL)
    billing.enter_bill(
        purchase, actor=Actor(type(rep).objects.get(pk=rep.pk)), number="A2", billed_on=day, amount=D("400.01")
    )
    purchase.refresh_from_db()
    assert (purchase.billed, purchase.overbilled) == (D("1000.01"), True)
    with pytest.raises(IntegrityError), transaction.atomic():
        PurchaseOrder._base_manager.filter(pk=purchase.pk).update(overbilled=False)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("terms", "due"),
    [
        ({"payment_days": 30}, date(2026, 12, 1)),
        ({"payment_days": 15, "monthly": True}, date(2026, 12, 15)),
        ({"payment_days": 0}, date(2026, 11, 1)),
    ],
)
def test_due_by_the_terms_of_the_supplier(terms, due):
    assert make_bill(make_purchase(supplier=make_supplier(**terms)), 10).due_on == due


@pytest.mark.django_db
def test_the_same_invoice_comes_once_until_it_is_void():
    purchase = make_purchase()
    bill = make_bill(purchase, 10, number="X1")
    with pytest.raises(ValidationError), transaction.atomic():
        make_bill(purchase, 10, number="X1")
    billing.void_bill(bill, actor=SYSTEM, reason="错开")
    assert (Bill.objects.get().state, PurchaseOrder.objects.get().billed) == ("void", D(0))
    make_bill(purchase, 10, number="X1")
    with pytest.raises(ValidationError), transaction.atomic():
        billing.pay_bill(bill, actor=SYSTEM, amount=D(1), paid_on=TODAY)


@pytest.mark.django_db
def test_paid_bills_stand_still_and_payments_can_be_taken_back(rep):
    bill = make_bill(make_purchase(), 100)
    with pytest.raises(PermissionDenied):
        billing.pay_bill(bill, actor=Actor(rep), amount=D(1), paid_on=TODAY)
    payment = billing.pay_bill(bill, actor=SYSTEM, amount=D(100), paid_on=TODAY)
    bill = Bill.objects.get()
    assert (bill.state, PurchaseOrder.objects.get().paid) == ("paid", D(100))
    bill.amount = D(200)
    with pytest.raises(ValidationError), transaction.atomic():
        records.save(bill, actor=SYSTEM)
    for refuse in (
        lambda: records.delete_many([Bill.objects.get()], actor=SYSTEM),
        lambda: billing.void_bill(bill, actor=SYSTEM),
    ):
        with pytest.raises((ValidationError, Protected)), transaction.atomic():
            refuse()
    records.delete_many([payment], actor=SYSTEM)
    assert (Bill.objects.get().paid, PurchaseOrder.objects.get().paid) == (D(0), D(0))


@pytest.mark.django_db
def test_a_new_day_makes_bills_overdue():
    bill = make_bill(make_purchase(), 100, billed_on=TODAY, due_on=TODAY + timedelta(days=400))
    assert standing.turn(bill.due_on) == 0
    assert (standing.turn(bill.due_on + timedelta(days=1)), Bill.objects.get().state) == (1, "overdue")


@pytest.mark.django_db
def test_other_programs_read_bills_by_codes(boss, client):
    bill = make_bill(make_purchase(supplier=make_supplier(code="GYS-9")), 100, due_on=TODAY, number="0001")
    client.force_login(boss)
    url = "/purchasing/bills/export/?cols=number,supplier__code,amount,due_on,state,void"
    answer = client.post(url, {"format": "csv", "codes": "1"}, headers={"accept-language": "zh"})
    rows = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert rows[0] == "id,number,supplier__code,amount,due_on,state,void"
    assert rows[1] == f"{bill.pk},0001,GYS-9,100.00,2026-11-22,{Bill.objects.get().state},false"
    assert b"supplier__code" not in b"".join(client.post(url, {"format": "csv"}).streaming_content)


amounts = st.integers(1, 60_000).map(lambda n: D(n) / 100)
steps = st.lists(
    st.tuples(st.sampled_from(["bill", "pay", "pay", "take", "void"]), amounts, st.integers(0, 5)), max_size=14
)


@pytest.mark.django_db
@settings(
    max_examples=WORLDS,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=steps)
def test_sums_and_states_equal_the_book(db, boss, steps):
    """Random bills, payments, payments taken back and voids, against a book kept by hand."""
    with transaction.atomic():
        purchase = make_purchase(lines=[(10, 100)], owner=boss)
        book, paid = {}, {}  # bill → [amount, void]; payment → (bill, amount)
        for do, amount, place in steps:
            _step(purchase, book, paid, do, amount, place)
        for bill in Bill.objects.all():
            amount, void = book[bill.pk]
            own = sum((part for of, part in paid.values() if of == bill.pk), D(0))
            state = "void" if void else "paid" if own == amount else "overdue"
            assert (bill.paid, bill.state) == (own, state)
        purchase.refresh_from_db()
        billed = sum((amount for amount, void in book.values() if not void), D(0))
        assert (purchase.billed, purchase.paid) == (billed, sum((part for _of, part in paid.values()), D(0)))
        assert purchase.paid <= purchase.billed <= purchase.total
        transaction.set_rollback(True)


def _step(purchase, book, paid, do, amount, place):
    if do == "bill":
        fits = sum((a for a, void in book.values() if not void), D(0)) + amount <= 1000
        made = _try(fits, lambda: _bill(purchase, amount))
        book.update({made.pk: [amount, False]} if made else {})
    elif do == "take" and paid:
        pk = sorted(paid)[place % len(paid)]
        records.delete_many([BillPayment.objects.get(pk=pk)], actor=SYSTEM)
        paid.pop(pk)
    elif do in ("pay", "void") and book:
        pk = sorted(book)[place % len(book)]
        own = sum((part for of, part in paid.values() if of == pk), D(0))
        bill = Bill.objects.get(pk=pk)
        if do == "void":
            _try(not own, lambda: billing.void_bill(bill, actor=SYSTEM))
            book[pk][1] = book[pk][1] or not own
            return
        fits = not book[pk][1] and own + amount <= book[pk][0]
        made = _try(fits, lambda: billing.pay_bill(bill, actor=SYSTEM, amount=amount, paid_on=TODAY))
        paid.update({made.pk: (pk, amount)} if made else {})


def _bill(purchase, amount):
    """By somebody without the right to bill more than was ordered."""
    number = f"N{Bill._base_manager.count()}"
    bill = Bill(purchase=purchase, owner=purchase.owner, number=number, billed_on=date(2026, 1, 1), amount=amount)
    from_nobody = Actor(purchase.owner, "test")
    records.save(bill, actor=from_nobody)
    return bill


def _try(fits, fn):
    if fits:
        return fn()
    with pytest.raises(ValidationError), transaction.atomic():
        fn()
    return None


@pytest.fixture
def sequence(transactional_db):
    """A test that commits begins with an empty database."""
    NumberSequence.objects.get_or_create(
        code="sales.purchase", defaults={"name": "采购", "prefix": "CG", "gap_free": True, "period": "%Y"}
    )


def together(fn, times=20):
    """Run it so often at once, with connections of their own."""

    def run(number):
        try:
            return fn(number).pk
        except ValidationError:
            return None
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(10) as pool:
        return list(pool.map(run, range(times)))


@pytest.mark.django_db(transaction=True)
def test_twenty_submits_at_once_make_one(sequence):
    purchase = make_purchase(lines=[(10, 100)])
    billed = {"actor": SYSTEM, "number": "Z1", "billed_on": TODAY, "amount": D(1000), "submission": "form-1"}
    bills = together(lambda _n: billing.enter_bill(purchase, **billed))
    assert len(set(bills)) == 1 and None not in bills
    bill = Bill.objects.get()
    paid = {"actor": SYSTEM, "amount": D(400), "paid_on": TODAY}
    made = together(lambda _n: billing.pay_bill(bill, submission="form-2", **paid))
    assert len(set(made)) == 1 and None not in made
    others = together(lambda n: billing.pay_bill(bill, submission=f"form-3-{n}", **paid))
    assert sum(one is not None for one in others) == 1
    assert (BillPayment.objects.count(), Bill.objects.get().paid) == (2, D(800))


@pytest.mark.django_db
def test_a_bill_is_entered_with_its_file_once(rep, grant, client, private_files):
    grant(rep, "purchasing.purchaseorder", view=Scope.ALL, bill=Scope.ALL)
    grant(rep, "purchasing.bill", view=Scope.ALL, add=Scope.ALL)
    purchase = make_purchase(owner=rep)
    client.force_login(rep)
    for _time in range(2):
        file = SimpleUploadedFile("发票.pdf", b"%PDF-1.4 bill")
        data = {"number": "A1", "billed_on": TODAY, "amount": "１００", "submission": "s1", "file": file}
        client.post(f"/purchasing/purchaseorders/{purchase.pk}/do/bill/", data)
    assert [file.name for file in files_of(Bill.objects.get())] == ["发票.pdf"]
