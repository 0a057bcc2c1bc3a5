"""Many at once, with connections of their own: no more is billed than was agreed, one invoice of many submits."""

from __future__ import annotations

import os
import random
from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum

from crm.records import services as records
from crm.records.actor import Actor
from crm.reference.models import NumberSequence
from sales.contracts import changing
from sales.contracts.models import Contract
from sales.invoicing import crediting, limits, requesting, services
from sales.invoicing.models import Invoice, InvoiceLine
from sales.receivables.factories import make_contract
from sales.receivables.models import Instalment
from sales.receivables.tests.test_together import sequences, together  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM = Actor(None, "test")
D = Decimal
ROUNDS = 60
SEEDS = range(1, max(3, int(os.environ.get("WORLDS", "0")) // ROUNDS) + 1)  # WORLDS=10000 takes as many steps


@pytest.fixture(autouse=True)
def invoice_numbers(sequences):  # noqa: F811 - the fixture
    """A test that commits begins with an empty database."""
    NumberSequence.objects.get_or_create(
        code="sales.invoice", defaults={"name": "KP", "prefix": "KP", "gap_free": True, "period": "%Y"}
    )


def test_twenty_at_once_bill_no_more_than_the_contract():
    contract = make_contract(approved=True, signed_on=date(2026, 11, 1))

    def ask(_number):
        fresh = Contract.objects.get(pk=contract.pk)
        return requesting.request_for_contract(fresh, actor=SYSTEM, amount=D(15_000)).number

    found = together(ask, range(20), hands=20)
    made = sorted(one for one in found if isinstance(one, str))
    assert [int(number[-5:]) for number in made] == [1, 2, 3, 4, 5, 6]
    assert all("10,000.00" in str(one) for one in found if isinstance(one, ValidationError))
    assert limits.billed(contract) == D(90_000)


def test_twenty_submits_of_one_form_make_one_invoice():
    contract = make_contract(approved=True, signed_on=date(2026, 11, 1))

    def ask(_number):
        fresh = Contract.objects.get(pk=contract.pk)
        return requesting.request_for_contract(fresh, actor=SYSTEM, amount=D(100), submission="the-same-form").pk

    assert len(set(together(ask, range(20), hands=20))) == 1
    assert Invoice.objects.count() == 1


def test_lines_typed_at_the_same_moment_wait_for_each_other():
    contract = make_contract(approved=True, signed_on=date(2026, 11, 1))
    lines = []
    for _number in range(8):
        invoice = Invoice(owner=contract.owner, account=contract.account, contract=contract)
        records.save(invoice, actor=SYSTEM)
        lines.append(InvoiceLine(document=invoice, owner=contract.owner, name="手工", unit_price=D(30_000)))
    found = together(lambda line: records.save(line, actor=SYSTEM), lines, hands=8)
    refused = [str(one) for one in found if isinstance(one, ValidationError)]
    assert len(refused) == 5
    assert all("10,000.00" in text for text in refused)


def test_a_contract_is_not_made_smaller_while_it_is_billed():
    for _round in range(4):
        contract = make_contract(approved=True, signed_on=date(2026, 11, 1), payment_terms="一次性付清")
        change = changing.draft_change(contract, actor=SYSTEM, title="减少", amount=D(50_000))

        def go(what):
            if what == "change":
                return changing.submit_change(change, actor=SYSTEM)  # noqa: B023
            return requesting.request_for_contract(contract, actor=SYSTEM, amount=D(60_000))  # noqa: B023

        found = together(go, ["ask", "change"], hands=2)
        assert sum(isinstance(one, ValidationError) for one in found) == 1
        assert limits.billed(contract) <= Contract.objects.get(pk=contract.pk).amount


def test_two_credit_notes_at_once_take_back_no_more_than_was_billed():
    contract = make_contract(approved=True, signed_on=date(2026, 11, 1))
    invoice = requesting.request_for_contract(contract, actor=SYSTEM)
    services.issue_invoice(invoice, actor=SYSTEM, tax_number="1")

    def credit(number):
        fresh = Invoice.objects.get(pk=invoice.pk)
        return crediting.credit_invoice(
            fresh, actor=SYSTEM, tax_number=f"9{number}", reason="退货", amount=D(30_000)
        ).pk

    found = together(credit, range(8), hands=8)
    assert sum(isinstance(one, int) for one in found) == 3
    invoice.refresh_from_db()
    assert (invoice.credited, limits.billed(contract)) == (D(90_000), D(10_000))


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_done_never_more_than_agreed(seed, make_user, grant):
    """Requests, issues, credits and cancellations in any order; an oracle of plain numbers says what is left.

    Of a contract, of one of its instalments, and by somebody who may go beyond.
    """
    dice, boss = random.Random(seed), make_user("boss")
    grant(boss, "invoicing.invoice", view=4, add=4, beyond=4)
    contract = make_contract(
        approved=True, signed_on=date(2026, 11, 1), amount=D(dice.randint(1_000_000, 99_999_999)) / 100
    )
    parts = list(Instalment.objects.filter(contract=contract))
    billed, open_of, part_of = D(0), {}, {}
    for step in range(ROUNDS):
        amount = D(dice.randint(1, int(contract.amount * 60))) / 100
        what = dice.choice(("ask", "ask", "part", "part", "issue", "credit", "cancel", "cancel", "beyond"))
        pk = dice.choice(list(open_of)) if open_of else None
        if what in ("ask", "part", "beyond"):
            part = dice.choice(parts) if what == "part" else None
            left = contract.amount - billed
            if part is not None:
                left = min(left, part.amount - sum(rest for one, rest in open_of.items() if part_of[one] == part))
            actor = Actor(boss) if what == "beyond" else SYSTEM
            ask = requesting.request_for_instalment if part else requesting.request_for_contract
            made = _tried(lambda: ask(part or contract, actor=actor, amount=amount))  # noqa: B023
            assert (made is not None) == (amount <= left or what == "beyond")
            if made is not None:
                assert made.net_total + made.tax_total == made.total == amount
                assert made.beyond == (amount > left)
                billed, open_of[made.pk], part_of[made.pk] = billed + amount, amount, part
        elif pk is not None:
            invoice = Invoice.objects.get(pk=pk)
            out = invoice.state == "issued"
            if what == "issue" and not out:
                services.issue_invoice(invoice, actor=SYSTEM, tax_number=f"{seed}.{step}")
            elif what == "cancel" and not out:
                services.cancel_invoice(invoice, actor=SYSTEM)
                billed -= open_of.pop(pk)
            elif what == "credit" and out:
                given = {"tax_number": f"{seed}.{step}", "reason": "退货", "amount": amount}
                made = _tried(lambda: crediting.credit_invoice(invoice, actor=SYSTEM, **given))  # noqa: B023
                assert (made is not None) == (amount <= open_of[pk])
                if made is not None:
                    billed, open_of[pk] = billed - amount, open_of[pk] - amount
                    open_of = {key: rest for key, rest in open_of.items() if rest}
        assert limits.billed(contract) == billed
    assert Instalment.objects.filter(contract=contract).aggregate(all=Sum("amount"))["all"] == contract.amount


def _tried(fn):
    try:
        with transaction.atomic():
            return fn()
    except ValidationError:
        return None
