"""What is refused of invoices, each by the rule that is meant for it: told in its words, at the field that it is about."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from crm.access.models import Scope
from crm.records import services as records
from crm.records.actor import Actor
from sales.invoicing import crediting, requesting, services
from sales.invoicing.models import Invoice, InvoiceLine
from sales.receivables.factories import make_contract
from sales.receivables.models import Instalment

pytestmark = pytest.mark.django_db
SYSTEM = Actor(None, "test")
D = Decimal


def refused(fn, *words):
    with pytest.raises(ValidationError) as error, transaction.atomic():
        fn()
    assert all(word in str(error.value) for word in words), str(error.value)


def agreed(**values):
    return make_contract(signed_on=date(2026, 11, 1), **values)


def asked(contract, **values):
    return requesting.request_for_contract(contract, actor=SYSTEM, **values)


def line_of(contract, price):
    """A line that somebody types on an invoice of their own."""
    invoice = Invoice(owner=contract.owner, account=contract.account, contract=contract)
    records.save(invoice, actor=SYSTEM)
    return InvoiceLine(document=invoice, owner=contract.owner, name="手工", unit_price=D(price))


def test_of_a_contract_that_is_not_in_force_nothing_is_billed():
    refused(lambda: asked(make_contract()), "not in force")
    framework = make_contract(kind="framework", amount=0)
    refused(lambda: asked(framework, amount=D(1)))


def test_a_request_says_what_is_left_at_its_amount():
    contract = agreed()
    refused(lambda: asked(contract, amount=D("100000.01")), "'amount'", "100,000.00")
    refused(lambda: asked(contract, amount=D(-1)), "'amount'", "100,000.00")
    first = Instalment.objects.get(contract=contract, seq=1)
    refused(lambda: requesting.request_for_instalment(first, actor=SYSTEM, amount=D("30000.01")), "30,000.00")
    asked(contract)
    refused(lambda: asked(contract), "'amount'", "invoiced already")


def test_what_is_typed_line_by_line_keeps_the_limit_too(make_user, grant):
    seller = make_user("typist")
    grant(seller, "invoicing.invoice", view=Scope.ALL, add=Scope.ALL, change=Scope.ALL)
    contract = agreed()
    asked(contract, amount=D(60_000))
    for actor in (SYSTEM, Actor(seller)):
        refused(lambda: records.save(line_of(contract, "40000.01"), actor=actor), "40,000.00")  # noqa: B023
    records.save(line_of(contract, 40_000), actor=Actor(seller))


def test_an_empty_invoice_is_not_handed_in():
    contract = agreed()
    invoice = Invoice(owner=contract.owner, account=contract.account, contract=contract)
    records.save(invoice, actor=SYSTEM)
    refused(lambda: services.submit_invoice(invoice, actor=SYSTEM), "no amount")


def test_an_invoice_is_issued_once_and_only_once_approved():
    invoice = asked(agreed())
    Invoice.objects.filter(pk=invoice.pk).update(state="approving")
    refused(lambda: services.issue_invoice(invoice, actor=SYSTEM, tax_number="1"), "In approval")
    Invoice.objects.filter(pk=invoice.pk).update(state="approved")
    services.issue_invoice(invoice, actor=SYSTEM, tax_number="1")
    refused(lambda: services.issue_invoice(invoice, actor=SYSTEM, tax_number="2"), "Issued")
    refused(lambda: services.cancel_invoice(invoice, actor=SYSTEM), "Issued")


def test_what_is_credited_in_part_is_not_made_void():
    invoice = services.issue_invoice(asked(agreed()), actor=SYSTEM, tax_number="1")
    crediting.credit_invoice(invoice, actor=SYSTEM, tax_number="2", reason="退货", amount=D(1))
    refused(lambda: services.void_invoice(invoice, actor=SYSTEM), "credited")
