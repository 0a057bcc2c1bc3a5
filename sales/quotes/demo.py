"""Quotes of the demo company on their way: drafts, some in approval, sent, accepted and declined ones."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.core.files.base import ContentFile
from django.utils.timezone import localdate

from crm.approvals import writing
from crm.approvals.models import ApprovalProcess
from crm.approvals.nodes import fresh_node
from crm.demo.steps import World, demo_step
from crm.documents.keeping import create_document
from crm.documents.library import Document
from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import User
from sales.catalogue.filling import prices_for
from sales.catalogue.models import Product
from sales.models import Opportunity
from sales.quotes import services
from sales.quotes.models import Quote, QuoteLine

MOST = 24
TERMS = "1. 合同签订并收到预付款后 30 天内发货。\n2. 报价含税，含运费。"
PAYMENT = "30% 签约后 7 天, 60% 验收, 10% 质保 12 个月"


@demo_step(60, "quotes")
def make_quotes(world: World) -> None:
    """A quote for some of the open opportunities of people who are signed in with."""
    products = list(Product.objects.alive().filter(list_price__isnull=False).exclude(kind="bundle").order_by("pk"))
    deals = (
        Opportunity.objects.alive()
        .filter(state="open", account__isnull=False, owner__manager__isnull=False)
        .select_related("account", "owner")
    )
    if not products:
        return
    _process()
    for number, deal in enumerate(deals.order_by("-pk")[:MOST]):
        _quote(world, number, deal, products)


def _process() -> None:
    """Who agrees to more discount than a seller may give: the superior."""
    admin = User.objects.filter(username="admin").first()
    if admin is None or ApprovalProcess.objects.filter(entity=Quote.entity_label()).exists():
        return
    process = ApprovalProcess.objects.create(entity=Quote.entity_label(), name="折扣审批", principal=admin)
    nodes = [fresh_node() | {"name": "直属上级", "by": "superior"}]
    writing.save_version(process, {"nodes": nodes}, actor=Actor(admin, "demo"))
    writing.switch(process, True)


def _quote(world: World, number: int, deal: Opportunity, products: list[Product]) -> None:
    actor = Actor(deal.owner, "demo")
    quote = Quote(
        title=deal.name, account=deal.account, opportunity=deal, owner=deal.owner, terms=TERMS, payment_terms=PAYMENT,
        valid_until=localdate(world.now) + timedelta(days=7 + number),
    )  # fmt: skip
    records.save(quote, actor=actor)
    asked = [(p, Decimal(world.random.choice((1, 1, 2, 4, 6)))) for p in world.random.sample(products, 3 + number % 4)]
    found = prices_for(quote, asked)
    lines = [
        QuoteLine(
            document=quote, owner=quote.owner, position=place * 10, product=product, name=product.name,
            unit=product.unit.name if product.unit else "", quantity=quantity, list_price=price.list_price,
            unit_price=price.price or 0, tax_rate=product.tax_rate, optional=place > 3 and place % 4 == 0,
            discount_percent=Decimal(12) if number % 6 == 1 and place == 1 else Decimal(world.random.choice((0, 0, 2, 5))),
            price_reason=list(price.steps),
        )
        for place, ((product, quantity), price) in enumerate(zip(asked, found, strict=True), 1)
    ]  # fmt: skip
    records.save_many(lines, actor=actor)
    quote = Quote.objects.get(pk=quote.pk)
    if number % 4 == 0:
        return
    services.submit_quote(quote, actor=actor)
    if quote.state == Quote.State.APPROVED and number % 4 != 1:
        services.hand_over(quote, actor=actor)
        if number % 8 == 3:
            services.accept_quote(quote, actor=actor, answer="客户已口头确认，等待合同。")
        elif number % 8 == 6:
            services.reject_quote(quote, actor=actor, answer="价格高于预算")


MINUTES = "会议纪要\n\n一、客户确认改造范围与停机窗口。\n二、我方两周内提交方案与报价。\n三、下次会议：方案评审。\n"


@demo_step(131, "documents of deals")
def bring_minutes(world: World) -> None:
    """Minutes of a meeting, with some deals of people who are signed in with."""
    if Document.objects.filter(on_entity="sales.opportunity").exists():
        return
    deals = Opportunity.objects.alive().filter(state="open", owner__manager__isnull=False).select_related("owner")
    for deal in deals.order_by("-pk")[:6]:
        upload = ContentFile(MINUTES.encode(), name="需求沟通会议纪要.txt")
        create_document(upload, actor=Actor(deal.owner, "demo"), record=deal)
