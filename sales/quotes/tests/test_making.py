"""A quote is made of a deal from its page, by whoever may add quotes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crm.access.models import Scope
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account
from sales.catalogue.factories import make_product
from sales.catalogue.models import OpportunityLine
from sales.factories import make_opportunity
from sales.quotes.making import quote_of_deal
from sales.quotes.models import Quote

pytestmark = pytest.mark.django_db


def test_the_button_makes_the_quote_for_who_may_add_one(client, rep, grant):
    deal = make_opportunity(owner=rep, account=make_account(owner=rep))
    product = make_product(owner=rep, list_price=Decimal(1200))
    records.save(OpportunityLine(document=deal, owner=rep, product=product, quantity=Decimal(40)), actor=Actor(rep))
    grant(rep, "sales.opportunity", view=Scope.OWN, change=Scope.OWN)
    client.force_login(rep)
    address = f"/sales/opportunities/{deal.pk}/do/make_quote/"
    assert client.post(address).status_code == 403
    grant(rep, "quotes.quote", view=Scope.OWN, add=Scope.OWN)
    assert client.post(address).status_code == 302
    assert Quote.objects.get().total == Decimal(48000)


def test_the_tax_of_the_product_goes_along(boss):
    deal = make_opportunity(owner=boss, account=make_account(owner=boss))
    service = make_product(owner=boss, list_price=Decimal(106), tax_rate=Decimal(6))
    actor = Actor(boss)
    line = OpportunityLine(document=deal, owner=boss, product=service)
    spoken = OpportunityLine(document=deal, owner=boss, product=service, tax_rate=Decimal(9), position=20)
    records.save_many([line, spoken], actor=actor)
    assert [row.tax_rate for row in deal.lines.order_by("position")] == [Decimal(6), Decimal(9)]
    line = OpportunityLine.objects.get(position=10)
    line.tax_rate = Decimal(13)
    records.save(line, actor=actor)
    assert OpportunityLine.objects.get(position=10).tax_rate == 13, "a rate that somebody writes later stays"
    line.tax_rate = Decimal(6)
    records.save(line, actor=actor)
    quote = quote_of_deal(deal, actor=actor)
    assert list(quote.lines.order_by("position").values_list("tax_rate", "net")) == [
        (Decimal(6), Decimal(100)), (Decimal(9), Decimal("97.25")),
    ]  # fmt: skip
