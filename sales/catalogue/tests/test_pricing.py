"""One resolver of prices, and how far one may go below them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from crm.access.models import Role, Scope
from crm.records import services as records
from crm.records.actor import Actor
from crm.reference.models import ExchangeRate
from sales.catalogue import explaining
from sales.catalogue.discounts import needs_approval
from sales.catalogue.factories import make_book, make_category, make_part, make_price, make_product
from sales.catalogue.models import DiscountPolicy
from sales.catalogue.pricing import resolve_price, resolve_prices
from sales.quotes.factories import make_quote, make_quote_line

pytestmark = pytest.mark.django_db
DAY = date(2026, 6, 15)


def price(product, **asked):
    return resolve_price(product, on=DAY, **asked)


def names(found):
    return [step["step"] for step in found.steps]


def test_the_list_price_where_no_book_speaks():
    found = price(make_product(list_price=Decimal("12.34")))
    assert (found.price, found.book, names(found)) == (Decimal("12.34"), None, ["list"])
    nothing = price(make_product(list_price=None))
    assert (nothing.price, names(nothing)) == (None, ["none"])


def test_quantity_bands_and_dates():
    product, book = make_product(), make_book()
    make_price(book, product, 900)
    make_price(book, product, 850, min_quantity=Decimal(10))
    make_price(book, product, 800, min_quantity=Decimal(10), valid_from=date(2026, 6, 1), valid_to=date(2026, 6, 15))
    make_price(book, product, 1, valid_from=date(2026, 6, 1), valid_to=date(2026, 6, 14))
    assert price(product).price == 900
    assert price(product, quantity=Decimal("9.9999")).price == 900
    assert price(product, quantity=Decimal(10)).price == 800
    assert resolve_price(product, quantity=Decimal(10), on=date(2026, 6, 16)).price == 850


def test_the_book_of_the_level_and_of_the_highest_priority():
    product = make_product()
    for number, values in enumerate(({}, {"level": "vip"}, {"level": "a"}, {"priority": 20, "active": False}), 1):
        make_price(make_book(**values), product, number * 100)
    late = make_book(priority=99, valid_from=date(2026, 7, 1))
    make_price(late, product, 5)
    assert price(product).price == 100
    assert price(product, level="vip").price == 200
    assert price(product, level="c").price == 100
    chosen = make_book(level="b")
    make_price(chosen, product, 77)
    assert price(product, book=chosen).price == 77
    left = price(product, book=late)
    assert (left.price, names(left)[0]) == (100, "left_out")


def test_what_a_book_does_not_name_comes_from_its_parent_less_its_discount():
    product, other = make_product(), make_product(list_price=Decimal("33.33"))
    base = make_book()
    make_price(base, product, "129.99")
    child = make_book(parent=base, discount=Decimal(10), priority=20)
    grandchild = make_book(parent=child, discount=Decimal(5), priority=30)
    assert price(product, book=child).price == Decimal("116.99")
    found = price(product, book=grandchild)
    assert found.price == Decimal("111.14"), "rounded once: 129.99 × 0.9 × 0.95 = 111.14145"
    assert names(found) == ["book", "less", "less", "price"]
    assert price(other, book=child).price == Decimal("30.00"), "less than the list price at the end of the chain"


def test_a_price_in_another_currency_is_converted_at_the_rate_of_its_day():
    ExchangeRate.objects.filter(currency__in=["USD", "JPY"]).delete()
    ExchangeRate.objects.create(currency="USD", day=date(2026, 6, 1), rate=Decimal("7.2"))
    ExchangeRate.objects.create(currency="USD", day=date(2026, 6, 20), rate=Decimal("9"))
    ExchangeRate.objects.create(currency="JPY", day=date(2026, 1, 1), rate=Decimal("0.05"))
    product = make_product(list_price=Decimal(100))
    found = price(product, currency="USD")
    assert found.price == Decimal("13.89")
    assert found.steps[-1] | {"rate": ""} == {
        "step": "rate",
        "from": "CNY",
        "to": "USD",
        "rate": "",
        "day": "2026-06-01",
    }
    dollars = make_book(currency="USD")
    make_price(dollars, product, "9.99")
    assert price(product, currency="JPY", book=dollars).price == Decimal("1439")
    assert price(product, currency="USD", book=dollars).price == Decimal("9.99")
    lost = price(product, currency="EUR")
    assert (lost.price, names(lost)[-1]) == (None, "no_rate")


def test_tax_is_added_or_taken_out():
    product = make_product(list_price=Decimal(113), tax_rate=Decimal(13))
    assert price(product, tax_included=False).price == Decimal(100)
    book = make_book(tax_included=False)
    make_price(book, product, 100)
    assert price(product).price == Decimal(113)


def test_many_lines_cost_as_many_queries_as_one(django_assert_num_queries):
    base = make_book(discount=Decimal(1))
    products = [make_product() for _number in range(20)]
    for product in products:
        make_price(base, product, 500)
    with django_assert_num_queries(2):
        found = resolve_prices([(p, Decimal(1)) for p in products * 10], on=DAY)
    assert {one.price for one in found} == {Decimal(500)}


def test_the_explanation_keeps_what_the_reader_may_not_know(rep, other, grant, field_rule):
    product, book = make_product(floor_price=Decimal(950)), make_book(name="经销商价")
    make_price(book, product, 900)
    found = price(product)
    assert found.below_floor
    grant(rep, "catalogue.product", view=Scope.ALL)
    grant(rep, "catalogue.pricebook", view=Scope.ALL)
    grant(other, "catalogue.product", view=Scope.ALL)
    field_rule(other, "catalogue.product", "floor_price", "hidden")
    with translation.override("en"):
        assert explaining.told(found.steps, rep) == [
            "Price book “经销商价”, for all customers",
            "“经销商价”: ¥900.00",
            "Below the floor price of ¥950.00",
        ]
        assert explaining.told(found.steps, other) == []


def test_books_make_no_circle_and_bundles_hold_no_bundles():
    first = make_book()
    second = make_book(parent=first)
    first.parent = second
    with pytest.raises(ValidationError, match="itself|自身|自己"):
        records.save(first, actor=Actor(first.owner, "test"))
    bundle, inner = make_product(kind="bundle"), make_product(kind="bundle")
    with pytest.raises(ValidationError):
        make_part(bundle, inner)


# Who may give what


@pytest.fixture
def seller(rep):
    return rep


def rule(most, *, role=None, category=None, margin=None):
    return DiscountPolicy.objects.create(
        role=role, category=category, max_discount=Decimal(most), min_margin=margin and Decimal(margin)
    )


def codes(quote, user):
    return [reason.code for reason in needs_approval(quote, user)]


def offer(seller, product, **values):
    quote = make_quote(owner=seller, **{k: v for k, v in values.items() if k.startswith("discount_")})
    make_quote_line(quote, product=product, **{k: v for k, v in values.items() if not k.startswith("discount_")})
    return type(quote).objects.get(pk=quote.pk)


def test_without_policies_only_the_floor_holds(seller):
    product = make_product(floor_price=Decimal(700))
    assert codes(offer(seller, product, unit_price=Decimal(700)), seller) == []
    assert codes(offer(seller, product, unit_price=Decimal("699.99")), seller) == ["floor"]
    whole = offer(seller, product, unit_price=Decimal(1000), discount_percent=Decimal(31))
    assert codes(whole, seller) == ["floor"], "the reduction on the whole counts"


def test_policies_by_role_and_category(seller):
    top = make_category("设备")
    pumps = make_category("泵", top)
    product, other = make_product(category=pumps), make_product()
    rule(5)
    boss = Role.objects.create(name="总监", code="boss")
    rule(20, role=boss, category=top)
    at = lambda p, percent: offer(seller, p, unit_price=Decimal(1000) * (100 - percent) / 100)  # noqa: E731
    assert codes(at(product, 5), seller) == []
    assert codes(at(product, 6), seller) == ["discount"]
    boss.users.add(seller)
    assert codes(at(product, 20), seller) == []
    assert codes(at(product, 21), seller) == ["discount"]
    assert codes(at(other, 6), seller) == ["discount"], "the role's policy is for the category alone"


def test_who_is_named_by_no_policy_gives_nothing_and_superusers_all(seller):
    rule(20, role=Role.objects.create(name="总监", code="boss"))
    quote = offer(seller, make_product(), unit_price=Decimal(999))
    assert codes(quote, seller) == ["discount"]
    seller.is_superuser = True
    assert codes(quote, seller) == []


def test_margin(seller):
    rule(50, margin=30)
    product = make_product(cost=Decimal(600), tax_rate=Decimal(0))
    make = lambda p: offer(seller, product, unit_price=Decimal(p), tax_rate=Decimal(0))  # noqa: E731
    assert codes(make(900), seller) == []
    assert codes(make(840), seller) == ["margin"]


def test_optional_lines_are_judged_before_they_are_chosen(seller):
    rule(5)
    quote = make_quote(owner=seller)
    make_quote_line(quote, product=make_product(), unit_price=Decimal(10), optional=True)
    assert codes(quote, seller) == ["discount"]
