"""From the contract to the invoice and back: request, approval, issue, what comes due with it, credit notes."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from crm.records import services as records
from crm.records.actor import Actor
from sales.catalogue.arithmetic import taxed
from sales.contracts import changing
from sales.contracts import services as contracts
from sales.contracts.models import Contract, ContractLine
from sales.invoicing import crediting, limits, requesting, services
from sales.invoicing.models import Invoice, InvoiceTitle
from sales.receivables import payments
from sales.receivables.factories import make_contract, make_payment
from sales.receivables.models import Instalment

pytestmark = pytest.mark.django_db
SYSTEM = Actor(None, "test")
D = Decimal
BILLED = "30% 开票后 30 天, 70% 开票后 60 天"


def agreed(**values):
    values.setdefault("payment_terms", BILLED)
    return make_contract(signed_on=timezone.localdate(), **values)


def issued(invoice, number="24412000000012345678", **values):
    return services.issue_invoice(invoice, actor=SYSTEM, tax_number=number, **values)


def dues(contract):
    return list(Instalment.objects.filter(contract=contract).order_by("seq").values_list("due_on", flat=True))


def test_the_chain_from_the_contract_to_the_due_day_and_back():
    contract, today = agreed(), timezone.localdate()
    first = Instalment.objects.get(contract=contract, seq=1)
    invoice = requesting.request_for_instalment(first, actor=SYSTEM)
    assert (invoice.state, invoice.total, invoice.account_id) == ("approved", D(30_000), contract.account_id)
    assert dues(contract) == [None, None]
    invoice = issued(invoice)
    assert invoice.buyer_name == contract.account.name
    assert dues(contract) == [today + timedelta(days=30), None]
    note = crediting.credit_invoice(invoice, actor=SYSTEM, tax_number="24412000000099999999", reason="抬头有误")
    invoice.refresh_from_db()
    assert (note.total, note.original_id, note.state) == (D(-30_000), invoice.pk, "issued")
    assert (invoice.state, invoice.credited) == ("credited", D(30_000))
    assert dues(contract) == [None, None]
    assert limits.left(contract) == D(100_000)


def test_a_whole_invoice_brings_everything_and_void_takes_it_back():
    contract = agreed()
    invoice = issued(requesting.request_for_contract(contract, actor=SYSTEM), issued_on=date(2026, 3, 1))
    assert dues(contract) == [date(2026, 3, 31), date(2026, 4, 30)]
    services.void_invoice(invoice, actor=SYSTEM, reason="打印错误")
    assert (dues(contract), limits.billed(contract)) == ([None, None], 0)


def test_parts_are_never_credited_twice():
    invoice = issued(requesting.request_for_contract(agreed(), actor=SYSTEM))
    for number, amount in (("1", D("0.01")), ("2", D("59999.99"))):
        crediting.credit_invoice(invoice, actor=SYSTEM, tax_number=number, reason="退货", amount=amount)
    with pytest.raises(ValidationError) as refused, transaction.atomic():
        crediting.credit_invoice(invoice, actor=SYSTEM, tax_number="3", reason="退货", amount=D("40000.01"))
    assert "40,000.00" in str(refused.value)
    invoice.refresh_from_db()
    assert (invoice.state, invoice.credited, invoice.open_amount) == ("issued", D(60_000), D(40_000))
    with pytest.raises(IntegrityError), transaction.atomic():
        Invoice.objects.filter(pk=invoice.pk).update(credited=D("100000.01"))


def test_nothing_beyond_the_contract_and_the_message_names_what_is_left():
    contract = agreed()
    requesting.request_for_contract(contract, actor=SYSTEM, amount=D("99000"))
    with pytest.raises(ValidationError) as refused, transaction.atomic():
        requesting.request_for_contract(contract, actor=SYSTEM, amount=D("1000.01"))
    assert "1,000.00" in str(refused.value)
    rest = requesting.request_for_contract(contract, actor=SYSTEM)
    assert rest.total == D(1000)
    with pytest.raises(ValidationError), transaction.atomic():
        requesting.request_for_contract(contract, actor=SYSTEM)
    services.cancel_invoice(rest, actor=SYSTEM, reason="不需要")
    assert limits.left(contract) == D(1000)


def test_the_database_holds_it_too():
    contract = agreed()
    invoice = requesting.request_for_contract(contract, actor=SYSTEM, amount=D(60_000))
    requesting.request_for_contract(contract, actor=SYSTEM, amount=D(40_000))
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Invoice.objects.filter(pk=invoice.pk).update(total=D("60000.01"))
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
    assert "come to 100000.01, agreed are 100000.00" in str(refused.value)


def test_who_has_the_right_may_bill_more(make_user, grant):
    contract, boss = agreed(), make_user("boss")
    grant(boss, "invoicing.invoice", view=4, add=4, beyond=4)
    invoice = requesting.request_for_contract(contract, actor=Actor(boss), amount=D(100_001))
    assert (invoice.total, invoice.beyond) == (D(100_001), True)
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")


def test_lines_follow_the_contract_and_its_rates():
    contract = make_contract(amount=0)
    lines = [
        ContractLine(document=contract, owner=contract.owner, name=name, quantity=2, unit_price=price, tax_rate=rate)
        for name, price, rate in (("设备", D("500"), D(13)), ("安装", D("100"), D(6)), ("培训", D("33.33"), D(6)))
    ]
    records.save_many(lines, actor=SYSTEM)
    contracts.approve_contract(Contract.objects.get(pk=contract.pk), actor=SYSTEM)
    contract.refresh_from_db()
    part = requesting.request_for_contract(contract, actor=SYSTEM, amount=D("100"))
    found = {line.tax_rate: line.total for line in part.lines.all()}
    assert found == {D(6): D("21.05"), D(13): D("78.95")}
    assert part.tax_total == sum(taxed(total, rate, "CNY", included=True).tax for rate, total in found.items())
    services.cancel_invoice(part, actor=SYSTEM)
    whole = requesting.request_for_contract(contract, actor=SYSTEM)
    assert [line.name for line in whole.lines.all()] == ["设备", "安装", "培训"]
    assert (whole.total, whole.tax_total) == (contract.total, contract.tax_total)
    note = crediting.credit_invoice(issued(whole), actor=SYSTEM, tax_number="77", reason="退货")
    assert (note.total, note.tax_total) == (-whole.total, -whole.tax_total)


def test_issued_invoices_are_locked():
    invoice = requesting.request_for_contract(agreed(), actor=SYSTEM)
    line = invoice.lines.get()
    line.unit_price = D(1)
    with pytest.raises(ValidationError), transaction.atomic():
        records.save(line, actor=SYSTEM)
    invoice = issued(invoice)
    for name, value in (("kind", "electronic"), ("tax_number", "5"), ("state", "cancelled"), ("buyer_name", "别人")):
        fresh = Invoice.objects.get(pk=invoice.pk)
        setattr(fresh, name, value)
        with pytest.raises(ValidationError) as refused, transaction.atomic():
            records.save(fresh, actor=SYSTEM)
        assert set(refused.value.error_dict) == {name}
    with pytest.raises(ValidationError), transaction.atomic():
        records.delete(Invoice.objects.get(pk=invoice.pk), actor=SYSTEM)
    with pytest.raises(ValidationError), transaction.atomic():
        issued(requesting.request_for_contract(agreed(), actor=SYSTEM), invoice.tax_number)


def test_payments_settle_the_invoice_of_their_instalment_first():
    contract = agreed(payment_terms="30% 签约, 70% 开票后 60 天")
    first = Instalment.objects.get(contract=contract, seq=1)
    own = issued(requesting.request_for_instalment(first, actor=SYSTEM), "1")
    rest = issued(requesting.request_for_contract(contract, actor=SYSTEM), "2")
    payment = payments.confirm_payment(make_payment(contract, 40_000), actor=SYSTEM)
    own.refresh_from_db()
    rest.refresh_from_db()
    assert (own.received, own.settled, rest.received, rest.settled) == (D(30_000), True, D(10_000), False)
    crediting.credit_invoice(rest, actor=SYSTEM, tax_number="3", reason="退货", amount=D(60_000))
    rest.refresh_from_db()
    assert (rest.received, rest.settled) == (D(10_000), True)
    crediting.credit_invoice(own, actor=SYSTEM, tax_number="4", reason="退货")
    own.refresh_from_db()
    assert (own.received, own.settled) == (0, False)
    payments.void_payment(payment, actor=SYSTEM)
    rest.refresh_from_db()
    assert (rest.received, rest.settled) == (0, False)


def test_a_contract_does_not_fall_below_what_is_billed():
    contract = agreed(payment_terms="一次性付清")
    requesting.request_for_contract(contract, actor=SYSTEM, amount=D(80_000))
    less = changing.draft_change(Contract.objects.get(pk=contract.pk), actor=SYSTEM, title="减少", amount=D(79_999))
    with pytest.raises(ValidationError), transaction.atomic():
        changing.submit_change(less, actor=SYSTEM)


def test_titles_come_from_the_account_and_one_is_the_default(make_user):
    contract = agreed()
    contract.account.tax_id = "91350100M000100Y43"
    records.save(contract.account, actor=SYSTEM)
    invoice = requesting.request_for_contract(contract, actor=SYSTEM)
    assert (invoice.title.tax_id, invoice.title.is_default, invoice.kind) == ("91350100M000100Y43", True, "special")
    with pytest.raises(IntegrityError), transaction.atomic():
        InvoiceTitle.objects.create(owner=contract.owner, account=contract.account, name="另一个", is_default=True)
