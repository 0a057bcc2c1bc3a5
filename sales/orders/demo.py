"""Orders of the demo company: delivered, on their way, handed over; customers have what was delivered."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from crm.demo.steps import World, demo_step
from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import User
from sales.catalogue.models import Product
from sales.orders import handover, services
from sales.orders.models import CustomerProduct, Order, OrderLine

CHECKLIST = "阅读合同、报价与承诺\n向客户介绍交付团队\n与客户确认进度与验收标准"


@demo_step(99, "orders and customers’ products")
def deliver_orders(world: World) -> None:
    """Two of three are delivered, the rest in part or not yet; the first open ones are handed over."""
    orders = list(Order.objects.alive().filter(state="confirmed").select_related("owner", "account").order_by("pk"))
    if CustomerProduct.objects.exists():
        return
    products = list(Product.objects.alive().filter(active=True).order_by("pk")[:12])
    agent = User.objects.filter(username="agent").first()
    today = world.now.date()
    for number, order in enumerate(orders):
        actor = Actor(order.owner, "demo")
        if products:
            _name_products(order, products, number)
        signed = order.contract.signed_on if order.contract else None
        if number % 3 < 2 and signed:
            services.deliver(order, actor=actor, delivered_on=min(today, signed + timedelta(days=15)))
        elif agent is not None and number < 12:
            kick_off = today + timedelta(days=3)
            handover.hand_over(
                order,
                actor=actor,
                delivery_owner=agent,
                kick_off_on=kick_off,
                checklist=CHECKLIST,
                note="客户希望周末安装。",
            )
    _end_soon(world)


def _name_products(order: Order, products: list[Product], number: int) -> None:
    """What was sold before there was a catalogue is one of its products."""
    for place, line in enumerate(OrderLine.objects.alive().filter(document=order, product__isnull=True)):
        line.product = products[(number + place) % len(products)]
        records.save(line, actor=Actor(order.owner, "demo"))


def _end_soon(world: World) -> None:
    """Some services end within the next weeks, so that renewals are due."""
    rows = list(CustomerProduct.objects.alive().filter(until__isnull=False).order_by("pk")[:3])
    for place, row in enumerate(rows):
        row.until = world.now.date() + timedelta(days=14 + 10 * place)
        row.since = min(row.since or world.now.date(), row.until)
        row.quantity = Decimal(row.quantity)
    records.save_many(rows, actor=Actor(None, "demo"))
