"""What follows along the chain: terms into contracts, changes into orders, contracts into customers; and who may open what."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from importlib import import_module

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from crm.access.models import Scope
from crm.activities.models import Task
from crm.entities.entity import registry
from crm.entities.testing import factory_of
from crm.entities.tests.conftest import may  # noqa: F401 - a fixture
from crm.notifications.models import Notification
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account
from customers.levels.models import LevelHold
from customers.models import Account
from sales.catalogue.factories import make_product
from sales.catalogue.models import OpportunityLine
from sales.contracts import changing, making
from sales.contracts import services as contracts
from sales.contracts.models import ContractChange, ContractChangeLine
from sales.factories import make_opportunity
from sales.orders import services as orders
from sales.orders.models import Order, OrderLine
from sales.quotes import making as quoting
from sales.quotes import services as quotes
from sales.quotes.factories import make_quote
from sales.quotes.models import Quote
from sales.receivables import payments
from sales.receivables.factories import make_contract, make_payment

pytestmark = pytest.mark.django_db
SYSTEM = Actor(None, "test")
D = Decimal


def test_the_quote_of_a_deal_has_its_products(boss):
    deal = make_opportunity(owner=boss, account=make_account(owner=boss))
    product = make_product(owner=boss)
    line = OpportunityLine(document=deal, owner=boss, product=product, quantity=D(3), unit_price=D("99.50"))
    records.save(line, actor=SYSTEM)
    quote = quoting.quote_of_deal(deal, actor=Actor(boss))
    assert (quote.title, quote.account, quote.total) == (deal.name, deal.account, D("298.50"))
    assert quoting.quote_of_deal(deal, actor=Actor(boss)) == quote


def test_payment_terms_go_from_quote_to_contract(boss):
    quote = make_quote(owner=boss, payment_terms="50% 签约, 50% 验收", terms="含运费", lines=[{"unit_price": D(1000)}])
    actor = Actor(boss)
    quotes.submit_quote(quote, actor=actor)
    quotes.hand_over(Quote.objects.get(), actor=actor)
    quotes.accept_quote(Quote.objects.get(), actor=actor)
    contract = making.contract_of_quote(Quote.objects.get(), actor=actor)
    assert (contract.payment_terms, contract.description, contract.amount) == ("50% 签约, 50% 验收", "含运费", D(1000))


def agreed(boss):
    """A contract with two lines, and its order of which two pumps were delivered."""
    from_quote = make_quote(owner=boss, lines=[{"quantity": D(5)}, {"name": "安装", "unit_price": D(500)}])
    actor = Actor(boss)
    quotes.submit_quote(from_quote, actor=actor)
    quotes.hand_over(Quote.objects.get(), actor=actor)
    quotes.accept_quote(Quote.objects.get(), actor=actor)
    contract = making.contract_of_quote(Quote.objects.get(), actor=actor)
    contract = contracts.approve_contract(contract, actor=SYSTEM)
    order = Order.objects.get()
    pump = order.lines.get(name="离心泵")
    orders.deliver(order, actor=SYSTEM, quantities={pump.pk: D(2)})
    return contract, order, pump


def changed(contract, **quantities):
    """A change in force, with these quantities of its pumps; the installation is dropped."""
    change = changing.draft_change(contract, actor=SYSTEM, title="变更")
    rows = list(ContractChangeLine.objects.filter(document=change).order_by("position", "pk"))
    rows[0].quantity = quantities["pumps"]
    records.save(rows[0], actor=SYSTEM)
    records.delete(rows[1], actor=SYSTEM)
    return changing.apply_change(ContractChange.objects.get(pk=change.pk), actor=SYSTEM)


def test_a_change_moves_the_order(boss):
    contract, order, pump = agreed(boss)
    changed(contract, pumps=D(7))
    order.refresh_from_db()
    alive = [(row.pk, row.quantity, row.delivered) for row in order.lines.filter(deleted_at__isnull=True)]
    assert (alive, order.total) == ([(pump.pk, D(7), D(2))], D(7000))


def test_a_change_below_what_was_delivered_is_refused(boss):
    contract, order, pump = agreed(boss)
    with pytest.raises(ValidationError, match="delivered already"), transaction.atomic():
        changed(contract, pumps=D(1))
    pump.refresh_from_db()
    order.refresh_from_db()
    assert (pump.quantity, order.total) == (D(5), D(5500))


def second_order(order, boss, line):
    """Another order of the same contract, with one of its lines moved there."""
    other = Order(owner=boss, account=order.account, contract=order.contract, title="二批")
    records.save(other, actor=SYSTEM)
    moved = order.lines.get(name=line)
    fresh = OrderLine(document=other, owner=boss, name=line, quantity=moved.quantity, unit_price=moved.unit_price)
    records.save(fresh, actor=SYSTEM)
    records.delete(moved, actor=SYSTEM)
    return other


def test_of_several_orders_the_one_that_holds_the_line_follows(boss):
    contract, order, pump = agreed(boss)
    other = second_order(order, boss, "安装")
    changed(contract, pumps=D(7))
    order.refresh_from_db()
    other.refresh_from_db()
    pump.refresh_from_db()
    assert (pump.quantity, order.total, other.total) == (D(7), D(7000), D(0))
    assert not Task.objects.filter(on_entity="contracts.contract").exists()


def test_what_nobody_can_place_is_asked_of_the_owner(boss, rep):
    contract, order, pump = agreed(boss)
    other = Order(owner=boss, account=order.account, contract=contract, title="二批")
    records.save(other, actor=SYSTEM)
    records.save(OrderLine(document=other, owner=boss, name=pump.name, unit_price=D(1000)), actor=SYSTEM)
    changed(contract, pumps=D(7))
    pump.refresh_from_db()
    assert pump.quantity == D(5), "two orders hold it"
    assert not order.lines.filter(name="安装", deleted_at__isnull=True).exists(), "one order alone holds it"
    task = Task.objects.get(on_entity="contracts.contract", on_id=contract.pk, owner=boss)
    assert order.number in task.description
    assert other.number in task.description
    assert pump.name in task.description
    assert "安装" not in task.description
    notice = Notification.objects.get(kind="contract_change_not_followed")
    assert (notice.user, notice.data["orders"]) == (boss, f"{order.number}, {other.number}")


def test_who_had_signed_before_is_a_customer_too(boss):
    accounts = [make_account(owner=boss, kind="prospect", lifecycle="prospect") for _ in range(3)]
    make_contract(owner=boss, account=accounts[0], signed_on=timezone.localdate())
    make_contract(owner=boss, account=accounts[1], signed_on=timezone.localdate())
    make_contract(owner=boss, account=accounts[2], approved=True)
    ids = [account.pk for account in accounts]
    Account._base_manager.filter(pk__in=ids).update(kind="prospect", lifecycle="prospect")
    LevelHold.objects.filter(pk=ids[1]).update(lifecycle=True)
    with connection.cursor() as cursor:
        cursor.execute(import_module("sales.contracts.migrations.0004_signed_accounts_are_customers").SQL)
    rows = Account.objects.filter(pk__in=ids).order_by("pk").values_list("kind", "lifecycle")
    assert list(rows) == [("customer", "active"), ("customer", "prospect"), ("prospect", "prospect")]


def test_who_signs_is_a_customer(boss):
    kept = make_account(owner=boss, kind="prospect", lifecycle="dormant")
    LevelHold.objects.filter(pk=kept.pk).update(lifecycle=True)
    plain = make_account(owner=boss, kind="prospect", lifecycle="prospect")
    for account in (plain, kept):
        make_contract(owner=boss, account=account, signed_on=timezone.localdate())
        account.refresh_from_db()
    assert (plain.kind, plain.lifecycle) == ("customer", "active")
    assert (kept.kind, kept.lifecycle) == ("customer", "dormant")


def test_write_off_opens_for_nobody_by_its_address(client, make_user, may):  # noqa: F811 - the fixture
    user = make_user("teller")
    may(user, "receivables.instalment", Scope.ALL)
    instalment = factory_of("receivables.instalment")(user)
    client.force_login(user)
    address = f"/sales/instalments/{instalment.pk}/do/writeoff/"
    assert client.get(address).status_code == 403
    assert client.post(address, {"amount": "1", "reason": "no"}).status_code == 403
    may(user, "receivables.writeoff", Scope.ALL)
    assert client.get(address).status_code == 200


def test_the_list_behind_an_ageing_band_says_what_is_open(client, boss, grant):
    for label in ("receivables.instalment", "contracts.contract", "customers.account"):
        grant(boss, label, view=Scope.ALL)
    contract = make_contract(owner=boss, signed_on=date(2026, 1, 5))
    payments.confirm_payment(make_payment(contract, 1000, paid_on=date(2026, 1, 6)), actor=SYSTEM)
    client.force_login(boss)
    url = registry["receivables.instalment"].url("counts")
    told = client.get(url, {"contract": contract.pk}).context["totals"]
    assert {field.name: amounts for field, amounts in told.sums}["outstanding"] == [(D(99_000), "CNY")]
    page = client.get(registry["receivables.instalment"].url("list"), {"outstanding__gte": "29000"})
    assert "29,000" in page.content.decode()
