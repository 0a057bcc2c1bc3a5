"""Twenty times the same button at the same moment, over HTTP: one payment, one invoice, one quote, one contract, one order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from crm.access.models import Scope
from crm.reference.models import NumberSequence
from crm.users.models import User
from customers.factories import make_account
from sales.contracts.models import Contract
from sales.factories import make_opportunity
from sales.invoicing.models import Invoice
from sales.orders.models import Order
from sales.quotes.factories import make_quote
from sales.quotes.models import Quote
from sales.receivables.factories import make_contract
from sales.receivables.models import Instalment, Payment
from sales.receivables.tests.test_together import sequences  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db(transaction=True)
D = Decimal
ROOM = (
    "contracts.contract", "contracts.contractline", "customers.account", "invoicing.invoice", "invoicing.invoiceline",
    "orders.order", "quotes.quote", "quotes.quoteline", "receivables.instalment", "receivables.payment", "sales.opportunity",
)  # fmt: skip


@pytest.fixture
def clerk(rep, grant, sequences) -> User:  # noqa: F811 - the fixture
    """Somebody who may do all of it."""
    NumberSequence.objects.get_or_create(
        code="sales.invoice", defaults={"name": "KP", "prefix": "KP", "gap_free": True, "period": "%Y"}
    )
    for label in ROOM:
        grant(rep, label, view=Scope.ALL, add=Scope.ALL, change=Scope.ALL)
    return rep


@pytest.fixture
def press(clerk) -> Callable[..., None]:
    """``press(path, **data)`` sends the same form twenty times at once: done, or told that it is done already."""

    def send(path: str, **data: Any) -> None:
        client = Client()
        client.force_login(clerk)
        cookies = {name: morsel.value for name, morsel in client.cookies.items()}

        def once(_number: int) -> int:
            own = Client()
            own.cookies.load(cookies)
            try:
                return own.post(path, data).status_code
            finally:
                connections["default"].close()

        with ThreadPoolExecutor(20) as pool:
            answers = set(pool.map(once, range(20)))
        assert 302 in answers and answers <= {302, 409, 422}

    return send


def form_of(user: User, path: str) -> dict[str, str]:
    """What the dialog proposes, with the mark that makes it one form."""
    client = Client()
    client.force_login(user)
    page = client.get(path)
    return {name: page.context["form"][name].value() for name in ("submission", "amount")}


def test_one_payment_and_one_invoice_of_a_form(clerk, press):
    contract = make_contract(owner=clerk, signed_on=date(2026, 11, 1))
    pay = f"/sales/contracts/{contract.pk}/do/pay/"
    press(pay, paid_on="2026-11-02", method="transfer", **form_of(clerk, pay))
    row = Instalment.objects.filter(contract=contract).order_by("seq").first()
    pay = f"/sales/instalments/{row.pk}/do/pay/"
    press(pay, paid_on="2026-11-02", method="transfer", **form_of(clerk, pay))
    assert [(p.amount, p.allocated) for p in Payment.objects.order_by("pk")] == [
        (D(30_000), D(0)),
        (D(30_000), D(30_000)),
    ]
    bill = f"/sales/contracts/{contract.pk}/do/request_invoice/"
    press(bill, kind="ordinary", **form_of(clerk, bill))
    assert Invoice.objects.get().total == D(100_000)


def test_one_quote_contract_and_order_of_a_deal(clerk, press):
    deal = make_opportunity(owner=clerk, account=make_account(owner=clerk))
    press(f"/sales/opportunities/{deal.pk}/do/make_quote/")
    assert Quote.objects.get().opportunity == deal
    quote = make_quote(owner=clerk, lines=[{"unit_price": D(1000)}])
    Quote.objects.filter(pk=quote.pk).update(state="accepted")
    press(f"/sales/quotes/{quote.pk}/do/make_contract/")
    contract = Contract.objects.get()
    press(f"/sales/contracts/{contract.pk}/do/submit/")
    assert (contract.quote, Order.objects.get().contract, Instalment.objects.count()) == (quote, contract, 1)
