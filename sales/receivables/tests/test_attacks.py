"""Ways to wrong money: what somebody tries in another tab, out of the trash, or by changing what others count on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from crm.access.models import Scope
from crm.approvals import services as approvals
from crm.approvals import writing
from crm.approvals.models import ApprovalProcess
from crm.approvals.nodes import fresh_node
from crm.matching.merging.services import merge
from crm.matching.merging.unmerging import unmerge
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.errors import Conflict, Protected
from crm.records.models import Entry
from crm.records.undo import undo_entry
from customers.factories import make_account
from sales.contracts import changing
from sales.contracts import services as contracts
from sales.contracts.models import Contract
from sales.invoicing import limits, requesting
from sales.invoicing import services as invoices
from sales.invoicing.models import Invoice, InvoiceTitle
from sales.orders import services as orders
from sales.orders.models import Order, OrderLine
from sales.receivables import payments, plan, statements
from sales.receivables.factories import make_contract, make_payment
from sales.receivables.models import Allocation, BankStatement, Instalment, Payment, StatementLine

pytestmark = pytest.mark.django_db
SYSTEM = Actor(None, "test")
D = Decimal
SIGNED = date(2026, 11, 1)


def refused(fn, *words):
    """It ends with a ValidationError that says so, and nothing is written."""
    with pytest.raises((ValidationError, Conflict, Protected)) as error, transaction.atomic():
        fn()
    assert all(word in str(error.value) for word in words), str(error.value)


def agreed(**values):
    return make_contract(signed_on=SIGNED, **values)


def paid(contract, amount):
    return payments.confirm_payment(make_payment(contract, amount), actor=SYSTEM)


def first_of(contract):
    return Instalment.objects.filter(contract=contract).order_by("seq").first()


def order_alone(amount=1000):
    """An order that no contract limits."""
    owner = make_account()
    order = Order(owner=owner.owner, title="直接订货", account=owner)
    records.save(order, actor=SYSTEM)
    records.save(OrderLine(document=order, owner=order.owner, name="设备", unit_price=D(amount)), actor=SYSTEM)
    return Order.objects.get(pk=order.pk)


# Changing what others count on


def test_a_payment_keeps_the_currency_of_what_it_pays():
    contract = agreed()
    payment = payments.register_for_instalment(first_of(contract), actor=SYSTEM, amount=D(30_000), paid_on=SIGNED)
    payment.currency = "USD"
    refused(lambda: records.save(payment, actor=SYSTEM), "currency")


@pytest.mark.parametrize("with_money", ["payment", "write-off", "invoice"])
def test_a_contract_keeps_the_currency_of_its_money(with_money):
    contract = agreed()
    if with_money == "payment":
        paid(contract, 30_000)
    elif with_money == "write-off":
        payments.write_off(first_of(contract), actor=SYSTEM, amount=D(1), reason="抹零")
    else:
        requesting.request_for_contract(contract, actor=SYSTEM, amount=D(5_000))
    change = changing.draft_change(Contract.objects.get(pk=contract.pk), actor=SYSTEM, title="改为美元")
    change.currency = "USD"
    records.save(change, actor=SYSTEM)
    refused(lambda: changing.submit_change(change, actor=SYSTEM), "currency")


def test_without_money_the_currency_of_a_contract_may_change_and_its_plan_follows():
    contract = agreed()
    change = changing.draft_change(contract, actor=SYSTEM, title="改为美元")
    change.currency = "USD"
    records.save(change, actor=SYSTEM)
    changing.submit_change(change, actor=SYSTEM)
    assert set(Instalment.objects.filter(contract=contract).values_list("currency", flat=True)) == {"USD"}


def test_an_order_does_not_fall_below_what_is_billed():
    order = order_alone()
    requesting.request_for_order(order, actor=SYSTEM, amount=D(800))
    line = order.lines.get()
    line.unit_price = D(799)
    refused(lambda: records.save(line, actor=SYSTEM), "800.00")
    line = order.lines.get()
    line.unit_price = D(800)
    records.save(line, actor=SYSTEM)
    order = Order.objects.get(pk=order.pk)
    order.currency = "USD"
    refused(lambda: records.save(order, actor=SYSTEM), "currency")


def test_an_order_that_is_billed_is_not_called_off():
    order = order_alone()
    bill = requesting.request_for_order(order, actor=SYSTEM)
    refused(lambda: orders.cancel_order(order, actor=SYSTEM), "1,000.00")
    refused(lambda: records.delete(order, actor=SYSTEM))
    invoices.cancel_invoice(bill, actor=SYSTEM)
    orders.cancel_order(order, actor=SYSTEM)
    refused(lambda: requesting.request_for_order(order, actor=SYSTEM), "cancelled")


def test_nothing_is_issued_of_a_contract_that_has_ended():
    contract = agreed()
    bill = requesting.request_for_contract(contract, actor=SYSTEM)
    contracts.terminate_contract(contract, actor=SYSTEM, reason="客户取消")
    refused(lambda: invoices.issue_invoice(bill, actor=SYSTEM, tax_number="1"), "not in force")


def test_an_invoice_of_an_order_counts_for_the_contract_of_the_order():
    contract, other = agreed(), agreed()
    order = Order.objects.get(contract=contract)
    bill = Invoice(owner=order.owner, account=order.account, contract=other, order=order)
    records.save(bill, actor=SYSTEM)
    assert bill.contract == contract


@pytest.mark.parametrize(("name", "value"), [("amount", D("100.01")), ("currency", "USD")])
def test_a_line_of_the_bank_confirms_no_other_amount(name, value):
    contract = agreed()
    make_payment(contract, 100, bank_ref="R1")
    statement = BankStatement(owner=contract.owner, name="流水")
    records.save(statement, actor=SYSTEM)
    told = {"amount": D(100), "currency": "CNY", "paid_on": SIGNED, "bank_ref": "R1"}
    line = StatementLine(statement=statement, owner=contract.owner, **told | {name: value})
    records.save(line, actor=SYSTEM)
    refused(lambda: statements.confirm_line(line, actor=SYSTEM, account=contract.account), "100.00")
    setattr(line, name, told[name])
    records.save(line, actor=SYSTEM)
    assert statements.confirm_line(line, actor=SYSTEM, account=contract.account).allocated == D(100)


# Two tabs


def test_what_was_decided_is_neither_decided_again_nor_withdrawn(make_user, grant):
    seller, head = make_user("seller"), make_user("head")
    for user in (seller, head):
        grant(user, "contracts.contract", view=Scope.ALL, change=Scope.ALL)
    process = ApprovalProcess.objects.create(entity="contracts.contract", name="P", principal=head, verb="approve")
    writing.save_version(process, {"nodes": [fresh_node() | {"by": "people", "people": [head.pk]}]}, actor=Actor(head))
    writing.switch(process, True)
    contract = make_contract(owner=seller)
    contracts.submit_contract(contract, actor=Actor(seller))
    contracts.submit_contract(contract, actor=Actor(seller))
    asked = approvals.open_instance(contract)
    (task,) = asked.tasks.filter(state="open")
    refused(lambda: contracts.approve_contract(contract, actor=Actor(seller)), "locked")
    approvals.approve(task, actor=Actor(head))
    refused(lambda: approvals.reject(task, actor=Actor(head), comment="x"))
    refused(lambda: approvals.withdraw(asked, actor=Actor(seller)))
    contract.refresh_from_db()
    assert (contract.state, Order.objects.filter(contract=contract).count()) == ("approved", 1)
    assert [row.amount for row in plan.instalments_of(contract)] == [D(30_000), D(60_000), D(10_000)]


# Trash and restore


def test_what_was_delivered_does_not_go_to_the_trash():
    order = Order.objects.get(contract=agreed())
    orders.deliver(order, actor=SYSTEM)
    refused(lambda: records.delete(Order.objects.get(pk=order.pk), actor=SYSTEM))


def test_what_lies_in_the_trash_is_not_agreed_delivered_or_put_in_force():
    draft, order, contract = make_contract(), Order.objects.get(contract=agreed()), agreed()
    change = changing.draft_change(contract, actor=SYSTEM, title="加价", amount=D(120_000))
    for record in (draft, order, change):
        records.delete(record, actor=SYSTEM)
    refused(lambda: contracts.submit_contract(draft, actor=SYSTEM))
    refused(lambda: contracts.approve_contract(draft, actor=SYSTEM))
    refused(lambda: orders.deliver(order, actor=SYSTEM))
    refused(lambda: changing.submit_change(change, actor=SYSTEM))
    refused(lambda: changing.apply_change(change, actor=SYSTEM))


def test_an_allocation_comes_back_only_where_there_is_room():
    contract = agreed()
    payment = paid(contract, 30_000)
    gone = Allocation.objects.get(payment=payment)
    payments.release(payment, actor=SYSTEM)
    back = payments.refund(payment, actor=SYSTEM, amount=D(1), reason="退款")
    refused(lambda: records.restore(Allocation.objects.get(pk=gone.pk), actor=SYSTEM), "over")
    records.delete(back, actor=SYSTEM)
    paid(contract, 30_000)
    refused(lambda: records.restore(Allocation.objects.get(pk=gone.pk), actor=SYSTEM), "over")


def test_undoing_a_release_pays_nothing_by_a_void_payment():
    contract = agreed()
    payment = paid(contract, 30_000)
    payments.release(payment, actor=SYSTEM)
    gone = Allocation.objects.get(payment=payment)
    entry = Entry.objects.filter(entity=Allocation.entity_label(), record_id=gone.pk).latest("pk")
    payments.void_payment(Payment.objects.get(pk=payment.pk), actor=SYSTEM)
    assert undo_entry(entry, actor=SYSTEM).conflicts
    assert Payment.objects.get(pk=payment.pk).allocated == 0


def test_a_payment_of_a_contract_that_has_ended_can_be_taken_back():
    contract = agreed()
    payment = paid(contract, 10_000)
    contracts.terminate_contract(contract, actor=SYSTEM, reason="客户取消")
    assert payments.return_payment(payment, actor=SYSTEM).allocated == 0
    assert first_of(contract).received == 0


def test_what_was_proposed_for_a_contract_that_ended_stays_credit():
    contract = agreed()
    payment = payments.register_for_instalment(first_of(contract), actor=SYSTEM, amount=D(30_000), paid_on=SIGNED)
    contracts.terminate_contract(contract, actor=SYSTEM, reason="客户取消")
    payment = payments.confirm_payment(payment, actor=SYSTEM)
    assert (payment.unallocated, first_of(contract).received) == (D(30_000), 0)


def test_nothing_is_paid_on_an_instalment_that_went():
    contract = agreed()
    first, second, _third = Instalment.objects.filter(contract=contract).order_by("seq")
    payment = payments.confirm_payment(make_payment(None, 10, account=contract.account), actor=SYSTEM)
    plan.merge(first, actor=SYSTEM, other=second)
    refused(lambda: payments.allocate(payment, actor=SYSTEM, parts={second.pk: D(10)}))


def test_an_instalment_that_was_paid_meanwhile_does_not_go():
    contract = agreed()
    first, second, _third = Instalment.objects.filter(contract=contract).order_by("seq")
    payment = payments.confirm_payment(make_payment(None, 10, account=contract.account), actor=SYSTEM)
    payments.allocate(payment, actor=SYSTEM, parts={second.pk: D(10)})
    refused(lambda: records.delete(second, actor=SYSTEM))
    refused(lambda: plan.write(contract, [first], gone=[second], actor=SYSTEM))


def test_an_order_made_by_hand_is_the_order_of_its_contract_unless_it_went():
    for gone in (False, True):
        contract = make_contract()
        order = order_alone()
        order.contract = contract
        records.save(order, actor=SYSTEM)
        if gone:
            records.delete(order, actor=SYSTEM)
        contracts.approve_contract(contract, actor=SYSTEM)
        assert Order.objects.alive().filter(contract=contract).count() == 1


def test_what_is_being_delivered_is_closed_not_cancelled():
    order = Order.objects.get(contract=agreed())
    orders.deliver(order, actor=SYSTEM, quantities={order.lines.get().pk: D("0.5")})
    refused(lambda: orders.cancel_order(order, actor=SYSTEM), "Being delivered")
    assert orders.close_order(order, actor=SYSTEM).state == "closed"


# Merging


def test_two_customers_with_money_become_one_and_come_apart_again(make_user, grant):
    boss = make_user("merger")
    for label in ("customers.account", "contracts.contract", "receivables.payment", "invoicing.invoice",
                  "receivables.instalment", "invoicing.invoicetitle", "orders.order"):  # fmt: skip
        grant(boss, label, **dict.fromkeys(("view", "change", "delete", "merge"), Scope.ALL))
    held = []
    for _name in ("远山", "远山科技"):
        contract = agreed(account=make_account())
        held.append((contract, paid(contract, 40_000), requesting.request_for_contract(contract, actor=SYSTEM)))
    stays, goes = (contract.account for contract, _payment, _bill in held)

    def told():
        rows = Instalment.objects.filter(contract__in=[contract for contract, *_rest in held]).order_by("pk")
        return list(rows.values_list("amount", "received", "state"))

    before = told()
    operation = merge([stays, goes], stays, {}, actor=Actor(boss))
    for contract, payment, bill in held:
        for record in (contract, payment, bill, first_of(contract)):
            record.refresh_from_db()
            assert record.account_id == stays.pk
        assert limits.billed(contract) == D(100_000)
        assert invoices.issue_invoice(bill, actor=SYSTEM, tax_number=str(bill.pk)).buyer_name
    assert told() == before
    assert InvoiceTitle.objects.alive().filter(account=stays, is_default=True).count() == 1
    payment = held[1][1]
    payments.release(payment, actor=SYSTEM)
    payments.allocate(payment, actor=SYSTEM, parts={first_of(held[1][0]).pk: D(30_000)})
    unmerge(operation, actor=Actor(boss))
    contract = Contract.objects.get(pk=held[1][0].pk)
    assert contract.account_id == goes.pk
    assert first_of(contract).account_id == goes.pk
    assert first_of(contract).received == D(30_000)
