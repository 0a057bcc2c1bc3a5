"""The catalogue of the demo company can be sold from."""

from __future__ import annotations

from random import Random

import pytest
from django.utils import timezone

from crm.demo.steps import World
from sales.catalogue.demo import PRODUCTS, make_catalogue
from sales.catalogue.filling import rows_for
from sales.catalogue.models import PriceBook, Product
from sales.catalogue.pricing import resolve_price
from sales.factories import make_opportunity
from sales.quotes.demo import make_quotes
from sales.quotes.models import Quote

pytestmark = pytest.mark.django_db


def test_products_books_and_quotes(rep, boss):
    world = World({}, Random(1), timezone.now(), sellers=[rep])
    make_catalogue(world)
    assert Product.objects.count() == len(PRODUCTS) >= 40
    assert PriceBook.objects.count() == 3
    pump = Product.objects.get(code="LX-3280")
    today = timezone.localdate()
    assert resolve_price(pump, on=today, quantity=20).price == 11648
    assert resolve_price(pump, on=today, level="vip").price == 11776
    rep.manager = boss
    rep.save()
    quote = Quote(owner=rep)
    rows = rows_for(quote, Product.objects.get(code="TC-02"), boss)
    assert [row.product.code for row in rows] == ["YPT-B", "SJ-01", "AZ-01", "PX-01"]
    from customers.factories import make_account

    for number in range(8):
        make_opportunity(owner=rep, account=make_account(owner=rep), name=f"改造{number}")
    make_quotes(world)
    states = set(Quote.objects.values_list("state", flat=True))
    assert {"draft", "sent"} <= states
    assert all(quote.total > 0 for quote in Quote.objects.all())
