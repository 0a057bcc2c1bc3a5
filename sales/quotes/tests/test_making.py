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
