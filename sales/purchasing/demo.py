"""Purchases of the demo company: suppliers with prices, orders in every state, goods in parts, bills open, paid and overdue."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from crm.approvals import writing
from crm.approvals.models import ApprovalProcess
from crm.approvals.nodes import fresh_node
from crm.demo.steps import World, bench_page, demo_step
from crm.lib.uscc import check_character
from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import User
from sales.catalogue.models import Product
from sales.orders.models import Order
from sales.purchasing import billing, making, services
from sales.purchasing.models import PurchaseOrder, Supplier, SupplierPrice, SupplierRating

# name, code, first 17 characters of the credit code, kind, contact, phone, address, bank, account, days, by the month
SUPPLIERS = (
    ("上海恒泽泵业有限公司", "GYS-001", "91310117MA1J4W1X0", "goods", "赵立新", "13817220451",
     "上海市松江区泗泾镇高技路 205 号", "中国工商银行上海松江支行", "1001 2345 0920 0871 663", 30, True),
    ("苏州威控自动化设备有限公司", "GYS-002", "91320505MA1X8K2L6", "goods", "钱晓雯", "13906131872",
     "苏州工业园区星湖街 328 号", "招商银行苏州园区支行", "5129 0871 6610 201", 30, False),
    ("宁波甬达管阀有限公司", "GYS-003", "91330212MA2AH3T58", "goods", "孙国平", "13857401936",
     "宁波市鄞州区中河街道天童南路 1088 号", "宁波银行鄞州支行", "3001 0122 0008 4417", 45, True),
    ("杭州云栈软件技术有限公司", "GYS-004", "91330108MA27YQ9J4", "service", "周敏", "13588061254",
     "杭州市滨江区江南大道 588 号", "浙商银行滨江支行", "3310 0101 2012 0100 5517", 15, False),
    ("江苏诚安机电安装工程有限公司", "GYS-005", "91320106MA1UPR3E7", "outsourcing", "吴海涛", "13951604478",
     "南京市鼓楼区中央路 331 号", "中国建设银行南京鼓楼支行", "3205 0159 4136 0000 0882", 60, False),
    ("德邦通达物流（上海）有限公司", "GYS-006", "91310118MA1JL5R19", "logistics", "郑凯", "13611790263",
     "上海市青浦区华新镇嘉松中路 1616 号", "交通银行上海青浦支行", "3100 6607 3018 8000 4269", 30, True),
)  # fmt: skip
NAMES = (
    "name",
    "code",
    "tax_id",
    "kind",
    "contact_name",
    "phone",
    "address",
    "bank",
    "bank_account",
    "payment_days",
    "monthly",
)
LARGE = {"all": [{"field": "total", "op": "gte", "value": "200000"}]}
NOTES = (
    "来料合格率高，配合度好。",
    "交期偶有延误，提前一周催货。",
    "价格有优势，售后响应一般。",
    "技术支持及时，单价偏高。",
)
MADE = 12


@demo_step(101, "purchases")
def make_purchases(world: World) -> None:
    """Suppliers and their prices; what the newest sales orders need is bought of whoever asks least."""
    people = {user.username: user for user in User.objects.filter(username__in=("admin", "manager", "finance"))}
    products = list(Product.objects.alive().filter(list_price__gt=0).exclude(kind="bundle").order_by("pk"))
    if len(people) < 3 or not products or Supplier.objects.exists():
        return
    _process(people)
    suppliers = _suppliers(world, people["manager"], products)
    orders = Order.objects.alive().exclude(state=Order.State.CANCELLED).filter(lines__product__isnull=False)
    for number, order in enumerate(orders.distinct().order_by("-pk")[:MADE]):
        _buy(world, number, order, people, suppliers)


def _process(people: dict[str, User]) -> None:
    """Finance agrees to each purchase, the management to large ones."""
    process = ApprovalProcess.objects.create(
        entity="purchasing.purchaseorder", name="采购审批", principal=people["admin"], by_hand=False, verb="approve"
    )
    nodes = [
        fresh_node() | {"name": "财务", "by": "people", "people": [people["finance"].pk]},
        fresh_node() | {"name": "总经理", "by": "people", "people": [people["admin"].pk], "when": LARGE},
    ]
    writing.save_version(process, {"nodes": nodes}, actor=Actor(people["admin"]))
    writing.switch(process, True)


def _suppliers(world: World, owner: User, products: list[Product]) -> list[Supplier]:
    """With prices: two suppliers for each product, cheaper from ten on."""
    actor = Actor(owner, "demo")
    suppliers = [Supplier(owner=owner, **dict(zip(NAMES, row, strict=True))) for row in SUPPLIERS]
    for supplier in suppliers:
        supplier.tax_id += check_character(supplier.tax_id)
    suppliers[-1].state = Supplier.State.TRIAL
    records.save_many(suppliers, actor=actor)
    start = world.now.date().replace(month=1, day=1)
    prices = []
    for number, product in enumerate(products):
        for place, share in ((number % 5, 58 + number % 9), ((number + 2) % 5, 61 + number % 7)):
            for quantity, off in ((1, 0), (10, 4)):
                price = (product.list_price * (share - off) / 100).quantize(Decimal("0.01"))
                prices.append(
                    SupplierPrice(
                        supplier=suppliers[place], product=product, owner=owner, price=price, min_quantity=quantity,
                        currency=product.currency, lead_days=7 + 7 * (number % 4), valid_from=start,
                        code=f"{suppliers[place].code[-3:]}-{1000 + number}", tax_included=product.tax_included,
                    )
                )  # fmt: skip
    records.save_many(prices, actor=actor)
    return suppliers


def _buy(world: World, number: int, order: Order, people: dict[str, User], suppliers: list[Supplier]) -> None:
    """A third stays a draft or waits for approval; the others were ordered, came wholly or in part, are billed and paid."""
    actor, today = Actor(people["manager"], "demo"), world.now.date()
    making.purchase_lines(order, actor=actor, supplier=suppliers[number % 3])
    for purchase in PurchaseOrder.objects.alive().filter(order=order).order_by("pk"):
        _bargain(purchase, Decimal(62 + number % 5 * 4) / 100, actor)
        purchase = PurchaseOrder.objects.get(pk=purchase.pk)
        if number == 0:
            continue
        if number < 3:
            services.submit_purchase(purchase, actor=actor, note="客户交期紧，请尽快审批。")
            continue
        services.move(purchase, PurchaseOrder.State.APPROVING, "", actor=actor)
        services.approve_purchase(purchase, actor=Actor(people["finance"], "demo"))
        if number == 3:
            continue
        ordered = today - timedelta(days=6 * number)
        expected = ordered + timedelta(days=14)
        services.place_purchase(purchase, actor=actor, ordered_on=ordered, expected_on=expected)
        if number > 5:
            _receive(number, purchase, people, min(today, expected + timedelta(days=-3 if number % 4 else 5)))


def _bargain(purchase: PurchaseOrder, share: Decimal, actor: Actor) -> None:
    """Prices of projects are agreed one by one: here a share of what the customer pays."""
    lines = list(purchase.lines.filter(order_line__isnull=False).select_related("order_line"))
    for line in lines:
        line.unit_price = (line.order_line.unit_price * share).quantize(Decimal(1)) or line.unit_price
    records.save_many(lines, actor=actor)


def _receive(number: int, purchase: PurchaseOrder, people: dict[str, User], day: date) -> None:
    lines = list(purchase.lines.filter(deleted_at__isnull=True).order_by("position"))
    first = {lines[0].pk: max((lines[0].quantity / 2).to_integral_value(), Decimal(1))}
    halves = first if number == 6 and (len(lines) > 1 or lines[0].quantity > 1) else None
    services.receive_goods(purchase, actor=Actor(people["manager"], "demo"), received_on=day, quantities=halves)
    if number == 6:
        return
    purchase = PurchaseOrder.objects.get(pk=purchase.pk)
    finance = Actor(people["finance"], "demo")
    if purchase.total:
        bill = billing.enter_bill(
            purchase, actor=finance, number=f"2431{purchase.pk:08}", billed_on=day,
            amount=purchase.total if number % 4 else (purchase.total / 2).quantize(Decimal("0.01")),
            due_on=day + timedelta(days=5) if number == 8 else None,
        )  # fmt: skip
        if number % 3 != 2:
            amount = bill.amount if number % 3 == 0 else (bill.amount * Decimal("0.4")).quantize(Decimal("0.01"))
            billing.pay_bill(
                bill, actor=finance, amount=amount, paid_on=day + timedelta(days=2), bank_ref=f"FK{bill.pk:08}"
            )
    rating = SupplierRating(
        supplier=purchase.supplier, purchase=purchase, owner=people["manager"], rated_on=day, quality=3 + number % 3,
        price=3 + (number + 1) % 3, service=4 + number % 2, note=NOTES[number % len(NOTES)],
    )  # fmt: skip
    records.save(rating, actor=Actor(people["manager"], "demo"))


@bench_page("purchase orders on their way", goal=3.0, roles=("manager", "finance", "admin"))
def coming(user: User) -> tuple[str, str, dict | None]:
    """The list that buyers work from."""
    return "GET", "/purchasing/purchaseorders/?view=coming", None
