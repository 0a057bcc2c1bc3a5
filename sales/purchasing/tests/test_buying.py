"""Bought of whoever asks least, nothing twice; approved, ordered, received in parts; nobody learns costs who may not."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from crm.access.models import Scope
from crm.documents.printing import default_template, html_of
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account
from sales.catalogue.factories import make_product
from sales.catalogue.filling import prices_for
from sales.orders.models import Order, OrderLine
from sales.purchasing import making, services
from sales.purchasing.factories import make_purchase, make_supplier, make_supplier_price
from sales.purchasing.models import GoodsReceipt, PurchaseOrder, PurchaseOrderLine, Supplier, SupplierRating
from sales.purchasing.papers import values_of

pytestmark = pytest.mark.django_db
SYSTEM = Actor(None, "test")
D = Decimal
FORM = {"name": "恒泽", "kind": "goods", "state": "active", "payment_days": "30", "currency": "CNY"}


def made(record):
    records.save(record, actor=SYSTEM)
    return record


def refused(code=None):
    return pytest.raises(ValidationError)


@pytest.fixture
def pump(boss):
    return make_product(owner=boss, name="离心泵", tax_rate=D(13))


@pytest.fixture
def order(boss, pump):
    order = made(Order(owner=boss, account=make_account(owner=boss), title="泵房改造", ship_to="宁波 2 号仓"))
    made(OrderLine(document=order, owner=boss, product=pump, quantity=D(10), unit_price=D(200)))
    made(OrderLine(document=order, owner=boss, name="安装", quantity=D(1), unit_price=D(500)))
    return order


def test_prices_come_from_whoever_asks_least(order, pump):
    dear, cheap, blocked = make_supplier(), make_supplier(), make_supplier(state="blocked")
    make_supplier_price(dear, pump, 110)
    make_supplier_price(cheap, pump, 120)
    make_supplier_price(cheap, pump, 90, min_quantity=10, lead_days=12)
    make_supplier_price(cheap, pump, 50, min_quantity=2, valid_to=timezone.localdate() - timedelta(days=1))
    make_supplier_price(blocked, pump, 1)
    purchase = making.purchase_lines(order, actor=SYSTEM)
    line = purchase.lines.get()
    assert (purchase.supplier, purchase.total, purchase.ship_to) == (cheap, D(900), "宁波 2 号仓")
    assert (line.quantity, line.unit_price, line.order_line.name) == (D(10), D(90), "离心泵")
    assert purchase.expected_on == timezone.localdate() + timedelta(days=12)
    with refused():
        making.purchase_lines(order, actor=SYSTEM)
    services.cancel_purchase(purchase, actor=SYSTEM)
    part = making.purchase_lines(order, actor=SYSTEM, quantities={line.order_line_id: D(4)})
    assert (part.supplier, part.total) == (dear, D(440))
    with refused(), transaction.atomic():
        making.purchase_lines(order, actor=SYSTEM, quantities={line.order_line_id: D("6.0001")})


def test_what_has_no_price_is_bought_where_one_says(order, boss):
    with refused(), transaction.atomic():
        making.purchase_lines(order, actor=SYSTEM)
    supplier = make_supplier(owner=boss)
    assert making.purchase_lines(order, actor=SYSTEM, supplier=supplier).supplier == supplier


def test_prices_are_told_with_and_without_tax_and_to_whoever_may_know(pump, rep, grant):
    supplier = make_supplier()
    make_supplier_price(supplier, pump, 100, tax_included=False)
    purchase = make_purchase(supplier=supplier, placed=False)
    assert [found.price for found in prices_for(purchase, [(pump, D(1))])] == [D(113)]
    assert [found.price for found in prices_for(purchase, [(pump, D(1))], rep)] == [None]
    grant(rep, "purchasing.supplier", view=Scope.ALL)
    grant(rep, "purchasing.supplierprice", view=Scope.ALL)
    assert [found.price for found in prices_for(purchase, [(pump, D(1))], type(rep).objects.get(pk=rep.pk))] == [D(113)]


def test_parts_add_up_and_no_more_unless_told():
    purchase = make_purchase(lines=[(5, 100), (1, 50)])
    first, second = purchase.lines.order_by("pk")
    purchase = services.receive_goods(purchase, actor=SYSTEM, quantities={first.pk: D(2)})
    assert (purchase.state, purchase.received_on) == ("partial", None)
    with refused(), transaction.atomic():
        services.receive_goods(purchase, actor=SYSTEM, quantities={first.pk: D("3.0001")})
    with refused(), transaction.atomic():
        made(GoodsReceipt(line=first, owner=purchase.owner, quantity=D(4)))
    day = timezone.localdate()
    purchase = services.receive_goods(
        purchase, actor=SYSTEM, quantities={first.pk: D(4), second.pk: D(1)}, over=True, received_on=day
    )
    assert (purchase.state, purchase.received_on) == ("received", day)
    assert PurchaseOrderLine.objects.get(pk=first.pk).received == D(6)
    last = GoodsReceipt.objects.filter(line=second).get()
    records.delete_many([last], actor=SYSTEM)
    assert PurchaseOrder.objects.get(pk=purchase.pk).state == "partial"
    with refused(), transaction.atomic():
        services.cancel_purchase(purchase, actor=SYSTEM)


def test_what_was_approved_stands_still():
    purchase = make_purchase()
    for name, value in (("supplier", make_supplier()), ("currency", "USD"), ("state", "received")):
        changed = PurchaseOrder.objects.get(pk=purchase.pk)
        setattr(changed, name, value)
        with refused(), transaction.atomic():
            made(changed)
    line = purchase.lines.get()
    line.quantity = D(99)
    with refused(), transaction.atomic():
        made(line)
    with refused(), transaction.atomic():
        records.delete_many([purchase], actor=SYSTEM)
    draft = make_purchase(placed=False, supplier=make_supplier(state="paused"))
    with refused(), transaction.atomic():
        services.submit_purchase(draft, actor=SYSTEM)
    with refused(), transaction.atomic():
        made(GoodsReceipt(line=draft.lines.get(), owner=draft.owner, quantity=D(1)))


def test_without_a_process_handing_in_approves():
    draft = make_purchase(placed=False)
    assert services.submit_purchase(draft, actor=SYSTEM).state == "approved"
    assert services.reopen_purchase(draft, actor=SYSTEM).state == "draft"


def test_suppliers_are_as_good_as_what_they_did():
    purchase = make_purchase()
    purchase.expected_on = date(2026, 11, 10)
    made(purchase)
    services.receive_goods(PurchaseOrder.objects.get(pk=purchase.pk), actor=SYSTEM, received_on=date(2026, 11, 18))
    purchase = PurchaseOrder.objects.get(pk=purchase.pk)
    rating = SupplierRating(
        supplier=purchase.supplier, owner=purchase.owner, purchase=purchase, quality=5, price=4, service=4
    )
    made(rating)
    assert (rating.delivery, rating.score) == (3, D("4.0"))
    assert list(Supplier.objects.values_list("rating", "on_time")) == [(D("4.0"), D(0))]
    records.delete_many([rating], actor=SYSTEM)
    assert Supplier.objects.get().rating is None


@pytest.mark.parametrize(("text", "fits"), [("91310117MA1J4W1X04", False), ("DE129273398", True), ("", True)])
def test_tax_ids_are_checked(boss, client, text, fits):
    client.force_login(boss)
    answer = client.post("/purchasing/suppliers/add/", FORM | {"tax_id": text, "owner": boss.pk})
    assert (answer.status_code == 302, Supplier.objects.filter(name="恒泽").exists()) == (fits, fits)


def test_who_sells_does_not_learn_costs(order, pump, boss, rep, grant, client):
    supplier = make_supplier(owner=boss)
    make_supplier_price(supplier, pump, 90)
    purchase = making.purchase_lines(order, actor=Actor(boss))
    url = f"/sales/orders/{order.pk}/"
    client.force_login(boss)
    page = client.get(url).content.decode()
    assert "Purchases and margin" in page and purchase.number in page and "1,415.93" in page
    grant(rep, "orders.order", view=Scope.ALL)
    grant(rep, "purchasing.supplier", view=Scope.ALL)
    client.force_login(rep)
    assert "Purchases and margin" not in client.get(url).content.decode()
    assert client.get(f"/purchasing/suppliers/{supplier.pk}/").status_code == 200
    for path in (f"purchaseorders/{purchase.pk}/", "purchaseorders/", "supplierprices/", "bills/"):
        assert client.get(f"/purchasing/{path}").status_code in (403, 404)
    assert client.get(f"{url}do/purchase/").status_code in (403, 404, 409)


def test_a_part_of_the_purchases_tells_no_margin(order, pump, boss, rep, grant, client):
    supplier = make_supplier(owner=boss)
    make_supplier_price(supplier, pump, 90)
    line = order.lines.get(product=pump)
    making.purchase_lines(order, actor=Actor(boss), quantities={line.pk: D(4)})
    own = making.purchase_lines(order, actor=Actor(boss), quantities={line.pk: D(6)})
    own.owner = rep
    made(own)
    grant(rep, "orders.order", view=Scope.ALL)
    grant(rep, "purchasing.purchaseorder", view=Scope.OWN)
    client.force_login(rep)
    page = client.get(f"/sales/orders/{order.pk}/").content.decode()
    assert own.number in page and "Margin" not in page.split("Purchases and margin")[1].split("</section>")[0]


def test_the_verb_makes_one_order_of_many_submits(order, pump, boss, client):
    make_supplier_price(make_supplier(owner=boss), pump, 90)
    client.force_login(boss)
    line = order.lines.get(product=pump)
    url = f"/sales/orders/{order.pk}/do/purchase/"
    assert "90" in client.get(url).content.decode()
    answers = [client.post(url, {f"line_{line.pk}": "10"}).status_code for _again in range(3)]
    assert (answers[0], PurchaseOrder.objects.count()) == (302, 1)


def test_the_paper_says_what_is_ordered(boss):
    purchase = make_purchase(owner=boss, lines=[(2, "1234.5")])
    for language, words in (("zh-hans", ("采购订单", "贰仟肆佰陆拾玖元整")), ("en", ("Purchase order", "2,469.00"))):
        page = html_of(default_template("purchasing.purchaseorder", language), values_of(purchase, boss))
        assert all(word in page for word in (purchase.number, purchase.supplier.name, *words))
