"""The totals of a document follow its lines, whichever door a line comes through."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest
from django.core.exceptions import ValidationError

from crm.access.models import Scope
from crm.entities.entity import entity_of
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.undo import undo_entry
from sales.catalogue.factories import make_product
from sales.quotes.factories import make_quote, make_quote_line
from sales.quotes.models import Quote, QuoteLine

pytestmark = pytest.mark.django_db
LABELS = ("quotes.quote", "quotes.quoteline", "catalogue.product", "customers.account")
ACTIONS = ("view", "add", "change", "delete", "import", "export")


@pytest.fixture
def seller(rep, grant, client):
    for label in LABELS:
        grant(rep, label, **dict.fromkeys(ACTIONS, Scope.OWN))
    client.force_login(rep)
    return rep


@pytest.fixture
def quote(seller):
    return make_quote(owner=seller, lines=[{"quantity": Decimal(2)}, {"unit_price": Decimal("99.99")}])


def total_of(quote):
    """The stored total, after a look at what must always hold."""
    quote = Quote.objects.get(pk=quote.pk)
    lines = [line for line in quote.lines.filter(deleted_at__isnull=True) if line.counts]
    assert quote.net_total + quote.tax_total == quote.total == sum(line.total for line in lines)
    assert quote.net_total == sum(line.net for line in lines)
    return quote.total


def test_lines_make_the_total(quote):
    assert total_of(quote) == Decimal("2099.99")
    assert Quote.objects.get(pk=quote.pk).version == quote.version == 1, "totals are derived"


def test_a_form_an_inline_edit_and_the_api(client, quote, seller):
    entity = entity_of(QuoteLine)
    line = quote.lines.first()
    shown = client.get(entity.url("edit", line.pk))
    assert shown.status_code == 200
    answer = client.post(
        entity.url("edit", line.pk),
        {
            "document": quote.pk,
            "position": 10,
            "name": "泵",
            "quantity": "3",
            "unit_price": "10",
            "discount_percent": "0",
            "tax_rate": "13",
            "version": 1,
        },
    )
    assert answer.status_code == 302, answer.content.decode()[:3000]
    assert total_of(quote) == Decimal("129.99")
    answer = client.post(entity.url("cell", line.pk, "quantity"), {"quantity": "4", "version": 2})
    assert answer.status_code == 200
    assert total_of(quote) == Decimal("139.99")


def test_bulk_trash_restore_and_undo(quote, seller):
    actor = Actor(seller, "test")
    lines = list(quote.lines.order_by("pk"))
    for line in lines:
        line.discount_percent = Decimal(50)
    records.save_many(lines, actor=actor)
    assert total_of(quote) == Decimal("1050.00")
    records.delete(QuoteLine.objects.get(pk=lines[0].pk), actor=actor)
    assert total_of(quote) == Decimal("50.00")
    records.restore(QuoteLine._base_manager.get(pk=lines[0].pk), actor=actor)
    assert total_of(quote) == Decimal("1050.00")
    line = QuoteLine.objects.get(pk=lines[0].pk)
    line.quantity = Decimal(1)
    entry = records.save(line, actor=actor)
    assert total_of(quote) == Decimal("550.00")
    undo_entry(entry, actor=actor)
    assert total_of(quote) == Decimal("1050.00")


def test_a_whole_quote_comes_back_from_the_trash_with_its_total(quote, seller):
    actor = Actor(seller, "test")
    records.delete(Quote.objects.get(pk=quote.pk), actor=actor)
    records.restore(Quote._base_manager.get(pk=quote.pk), actor=actor)
    assert total_of(quote) == Decimal("2099.99")


def test_reductions_and_currency_of_the_whole(quote, seller):
    actor = Actor(seller, "test")
    quote.discount_percent, quote.discount_amount = Decimal(10), Decimal("0.99")
    records.save(quote, actor=actor)
    assert total_of(quote) == Decimal("1889.00")
    quote = Quote.objects.get(pk=quote.pk)
    quote.currency = "JPY"
    records.save(quote, actor=actor)
    assert total_of(quote) == Decimal("1889")
    assert all(line.amount == line.amount.to_integral_value() for line in quote.lines.all())
    quote = Quote.objects.get(pk=quote.pk)
    quote.discount_amount = Decimal(10**9)
    records.save(quote, actor=actor)
    assert total_of(quote) == 0, "never less than nothing"


def test_optional_lines_count_once_chosen(quote, seller):
    line = make_quote_line(quote, unit_price=Decimal(500), optional=True)
    assert total_of(quote) == Decimal("2099.99")
    line = QuoteLine.objects.get(pk=line.pk)
    assert line.total == Decimal(500)
    line.chosen = True
    records.save(line, actor=Actor(seller, "test"))
    assert total_of(quote) == Decimal("2599.99")


@pytest.mark.parametrize(
    "values",
    [
        {"quantity": Decimal("9999999999"), "unit_price": Decimal("99999999999999")},
        {"quantity": Decimal(1000), "unit_price": Decimal("10000000000000")},
    ],
)
def test_what_no_book_can_hold_is_refused(quote, values):
    with pytest.raises(ValidationError):
        make_quote_line(quote, **values)
    assert total_of(quote) == Decimal("2099.99")


def test_a_sum_that_no_book_can_hold_is_refused(quote):
    values = {"quantity": Decimal(1), "unit_price": Decimal("6000000000000000") / 100}
    make_quote_line(quote, **(values | {"quantity": Decimal(99)}))
    with pytest.raises(ValidationError):
        make_quote_line(quote, **(values | {"quantity": Decimal(99)}))


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-1", "0", "1e400", "１２abc", "9" * 5000])
def test_hostile_numbers_are_named(client, quote, text):
    line = quote.lines.first()
    answer = client.post(entity_of(QuoteLine).url("cell", line.pk, "quantity"), {"quantity": text, "version": 1})
    assert answer.status_code == 422
    assert total_of(quote) == Decimal("2099.99")


def test_five_thousand_lines(quote, seller, django_assert_max_num_queries):
    random = Random(7)
    lines = [
        QuoteLine(
            document=quote, owner=seller, name=f"零件{i}", position=i,
            quantity=Decimal(random.randrange(1, 100)), unit_price=Decimal(random.randrange(1, 10**6)) / 100,
        )
        for i in range(5000)
    ]  # fmt: skip
    with django_assert_max_num_queries(90):
        records.save_many(lines, actor=Actor(seller, "test"))
    assert total_of(quote) == Decimal("2099.99") + sum(line.amount for line in lines)


def test_a_product_names_its_line(quote, seller):
    product = make_product(owner=seller, name="立式泵")
    line = make_quote_line(quote, product=product, name="")
    assert line.name == "立式泵"
    assert total_of(quote) == Decimal("3099.99")
