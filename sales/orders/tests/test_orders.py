"""Deliveries in parts, what customers have since, renewals once, and the hand-over of a won deal."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pypdfium2
import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from crm.access.models import Scope
from crm.activities.models import Task
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account
from sales.catalogue.models import BundleItem, Product
from sales.factories import make_pipeline
from sales.models import Opportunity
from sales.orders import handover, installed, papers, services
from sales.orders.forms import DeliverForm
from sales.orders.models import CustomerProduct, Order, OrderLine

pytestmark = pytest.mark.django_db
SYSTEM = Actor(None, "test")
D = Decimal


@pytest.fixture
def product(boss):
    return made(Product(owner=boss, name="云平台", months=12, kind="subscription"))


@pytest.fixture
def order(boss, product):
    account = make_account(owner=boss)
    order = made(Order(owner=boss, account=account, title="上线"))
    made(OrderLine(document=order, owner=boss, product=product, quantity=D(5), unit_price=D(100)))
    made(OrderLine(document=order, owner=boss, name="安装", quantity=D(1), unit_price=D(50)))
    return order


def made(record):
    records.save(record, actor=SYSTEM)
    return record


def test_parts_add_up_and_no_more(order, product):
    first, second = order.lines.order_by("pk")
    order = services.deliver(order, actor=SYSTEM, quantities={first.pk: D(2)}, delivered_on=date(2026, 1, 31))
    assert (order.state, order.delivered_on) == ("fulfilling", None)
    with pytest.raises(ValidationError), transaction.atomic():
        services.deliver(order, actor=SYSTEM, quantities={first.pk: D("3.0001")})
    order = services.deliver(order, actor=SYSTEM, delivered_on=date(2026, 2, 28))
    assert (order.state, order.delivered_on) == ("delivered", date(2026, 2, 28))
    owned = list(CustomerProduct.objects.order_by("pk").values_list("quantity", "since", "until"))
    assert owned == [(D(2), date(2026, 1, 31), date(2027, 1, 30)), (D(3), date(2026, 2, 28), date(2027, 2, 27))]
    with pytest.raises(ValidationError), transaction.atomic():
        services.cancel_order(order, actor=SYSTEM)


def test_a_bundle_is_what_it_holds(boss, order, product):
    bundle = made(Product(owner=boss, name="套装", kind="bundle"))
    made(BundleItem(owner=boss, bundle=bundle, product=product, quantity=D(3)))
    bundled = made(Order(owner=boss, account=order.account))
    made(OrderLine(document=bundled, owner=boss, product=bundle, quantity=D(2), unit_price=D(1)))
    services.deliver(bundled, actor=SYSTEM)
    assert [(one.product, one.quantity) for one in CustomerProduct.objects.all()] == [(product, D(6))]


def test_renewals_come_once(order):
    make_pipeline()
    services.deliver(order, actor=SYSTEM, delivered_on=date(2026, 1, 31))
    end = CustomerProduct.objects.get().until
    assert installed.turn(end - timedelta(days=61)) == {"renewals": 0, "ended": 0}
    assert installed.turn(end - timedelta(days=60))["renewals"] == 1
    assert installed.turn(end - timedelta(days=1)) == {"renewals": 0, "ended": 0}
    deal = Opportunity.objects.get()
    assert (deal.account, deal.amount, deal.close_date) == (order.account, D(500), end)
    assert installed.turn(end + timedelta(days=1))["ended"] == 1
    assert CustomerProduct.objects.get().state == "ended"


def test_a_won_deal_is_handed_over_once(order, boss, rep):
    day = timezone.localdate() + timedelta(days=3)
    order = handover.hand_over(
        order, actor=Actor(boss), delivery_owner=rep, kick_off_on=day, checklist="读合同\n\n联系客户"
    )
    assert list(Task.objects.filter(owner=rep).order_by("pk").values_list("subject", flat=True))[1:] == [
        "读合同",
        "联系客户",
    ]
    assert handover.progress(order) == {"done": 0, "all": 3}
    with pytest.raises(ValidationError), transaction.atomic():
        handover.hand_over(order, actor=Actor(boss), delivery_owner=rep, kick_off_on=day)


def test_white_space_shows_what_one_may_see(order, product, boss, rep, grant, client):
    made(Product(owner=boss, name="大数据"))
    services.deliver(order, actor=SYSTEM)
    url = f"/sales/whitespace/{order.account_id}/"
    client.force_login(boss)
    page = client.get(url).content.decode()
    assert page.index("云平台") < page.index("大数据")
    client.force_login(rep)
    assert client.get(url).status_code == 404
    grant(rep, "customers.account", view=Scope.ALL)
    assert "云平台" not in client.get(url).content.decode()


def test_the_delivery_note_tells_what_went_out_and_no_prices(order, boss, client):
    first, _second = order.lines.order_by("pk")
    order = services.deliver(order, actor=SYSTEM, quantities={first.pk: D(2)}, delivered_on=date(2026, 1, 31))
    told = [
        (line["name"], line["quantity"], line["delivered"], line["left"])
        for line in papers.values_of(order, boss)["lines"]
    ]
    assert told == [("云平台", "5", "2", "3"), ("安装", "1", "0", "1")]
    client.force_login(boss)
    answer = client.get(f"/papers/orders.order/{order.pk}/?language=zh-hans")
    text = pypdfium2.PdfDocument(answer.content)[0].get_textpage().get_text_range()
    assert "发货单" in text
    assert order.number in text
    assert "100" not in text


def test_what_is_left_is_proposed_in_plain_digits(order, boss):
    line = order.lines.first()
    OrderLine.objects.filter(pk=line.pk).update(quantity=Decimal(200))
    form = DeliverForm(user=boss, record=order)
    assert form[f"line_{line.pk}"].value() == "200"
