"""Contracts of the demo company: who approves them, some on their way, most of them in force, some about to end."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.timezone import get_current_timezone

from crm.approvals import services as approvals
from crm.approvals import writing
from crm.approvals.models import ApprovalInstance, ApprovalProcess
from crm.approvals.nodes import fresh_node
from crm.demo.steps import World, bench_page, demo_step
from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import User
from sales.catalogue.models import OpportunityLine, Product
from sales.contracts import making, services
from sales.contracts.models import Contract, ContractTemplate
from sales.contracts.samples import TEMPLATES
from sales.models import Opportunity, StageGate
from sales.quotes import services as quotes
from sales.quotes.making import quote_of_deal
from sales.quotes.models import Quote

TERMS = (
    "30% 签约后 7 天, 60% 验收, 10% 质保 12 个月",
    "首付30%，余款发货前付清",
    "一次性付清",
    "3 期，每月 1 日",
    "50% 签约, 50% 验收后 30 天",
)
LARGE = {"all": [{"field": "amount", "op": "gte", "value": "500000"}]}
HUGE = {"all": [{"field": "amount", "op": "gte", "value": "2000000"}]}
MADE = 40
WAITING = 3
OPEN = {"opens": ["title", "account", "amount", "payment_terms", "clauses", "starts_on", "ends_on"]}


@demo_step(97, "contract approval")
def make_process(world: World) -> None:
    """Lawyers and finance sign each contract; large ones the superior too, huge ones the manager. The stage starts it."""
    people = {
        user.username: user for user in User.objects.filter(username__in=("admin", "manager", "legal", "finance"))
    }
    if len(people) < 4 or ApprovalProcess.objects.filter(entity="contracts.contract").exists():
        return
    process = ApprovalProcess.objects.create(
        entity="contracts.contract", name="合同审批", principal=people["admin"], by_hand=False, verb="approve"
    )
    both = [people["legal"].pk, people["finance"].pk]
    nodes = [
        fresh_node() | {"name": "直属上级", "by": "superior", "hours": 8, "remind": 2, "late": "tell", "when": LARGE},
        fresh_node() | {"name": "法务与财务会签", "by": "people", "people": both, "mode": "all", **OPEN},
        fresh_node() | {"name": "销售经理", "by": "people", "people": [people["manager"].pk], "when": HUGE},
    ]
    writing.save_version(process, {"nodes": nodes}, actor=Actor(people["admin"]))
    writing.switch(process, True)
    changed = ApprovalProcess.objects.create(
        entity="contracts.contractchange", name="合同变更审批", principal=people["admin"], by_hand=False, verb="apply"
    )
    opened = {"opens": ["title", "contract", "amount", "reason"]}
    asked = [fresh_node() | {"name": "法务与财务会签", "by": "people", "people": both, "mode": "all", **opened}]
    writing.save_version(changed, {"nodes": asked}, actor=Actor(people["admin"]))
    writing.switch(changed, True)
    gate = StageGate.objects.filter(to_stage__name="合同谈判").order_by("pk").first()
    if gate is not None and gate.principal_id:
        gate.effects = [*gate.effects, {"effect": "submit_contract", "params": {}}]
        gate.save(update_fields=["effects"])


@demo_step(96, "contract templates")
def make_templates(world: World) -> None:
    """What lawyers wrote for sales and for services; contracts that are made later begin with it."""
    writer = User.objects.filter(username="legal").first() or User.objects.filter(is_active=True).first()
    if writer is None or ContractTemplate.objects.exists():
        return
    rows = [ContractTemplate(owner=writer, **values) for values in TEMPLATES]
    records.save_many(rows, actor=Actor(writer, "demo"))


@demo_step(98, "contracts")
def make_contracts(world: World) -> None:
    """Of deals that were won; the last few are being approved, the others were signed soon after they were won, some end soon."""
    won = Opportunity.objects.alive().filter(state="won", account__isnull=False, amount__gt=0)
    deals = list(won.select_related("owner", "account").order_by("-close_date", "-pk")[:MADE])
    if Contract.objects.exists():
        return
    for number, deal in enumerate(deals):
        with transaction.atomic():
            _make(world, number, deal)


def _make(world: World, number: int, deal: Opportunity) -> None:
    actor, today = Actor(deal.owner, "demo"), world.now.date()
    signed = min(today, deal.close_date + timedelta(days=2 + number % 6))
    _name_products(deal, number, actor)
    if number % 3:
        _quote(deal, signed - timedelta(days=9 + 5 * number % 23), actor)
    contract = making.contract_of_deal(deal, actor=actor)
    contract.payment_terms = TERMS[number % len(TERMS)]
    contract.starts_on, contract.ends_on = signed, signed + timedelta(days=364)
    if number % 8 == 5:
        contract.ends_on = today + timedelta(days=20)
    if number < WAITING:
        contract.starts_on, contract.ends_on = today, today + timedelta(days=364)
    records.save(contract, actor=actor)
    if number < WAITING:
        services.submit_contract(contract, actor=actor, note="客户已确认文本，请审批。")
        return
    contract = (
        _pass(contract, signed, number, actor) if number % 2 else services.approve_contract(contract, actor=actor)
    )
    if number == WAITING:
        return
    contract = services.sign_contract(contract, actor=actor, signed_on=signed)
    if number % 3 == 0:
        services.accept_contract(contract, actor=actor, accepted_on=min(today, signed + timedelta(days=20)))


def _name_products(deal: Opportunity, number: int, actor: Actor) -> None:
    """What was sold: two products of the catalogue for about the whole amount, where nobody has said so yet."""
    products = list(Product.objects.alive().filter(active=True, list_price__gt=0).order_by("pk")[:14])
    if len(products) < 2 or OpportunityLine.objects.alive().filter(document=deal).exists():
        return
    main, small = products[5 * number % len(products)], products[(5 * number + 3) % len(products)]
    rest = deal.amount
    for product, part in ((main, Decimal("0.7")), (small, Decimal(1))):
        each = (product.list_price * Decimal("0.97")).quantize(Decimal("0.01"))
        taken = max(1, int(rest * part / each))
        rest = max(Decimal(0), rest - taken * each)
        line = OpportunityLine(
            document=deal, product=product, quantity=taken, unit_price=each, tax_rate=product.tax_rate
        )
        records.save(line, actor=actor)


def _quote(deal: Opportunity, day: date, actor: Actor) -> None:
    """What the customer agreed to before."""
    quote = quotes.submit_quote(quote_of_deal(deal, actor=actor), actor=actor)
    if quote.state != Quote.State.APPROVED:
        return
    quotes.hand_over(quote, actor=actor)
    quotes.accept_quote(quote, actor=actor, answer="客户已回签报价。")
    Quote.objects.filter(pk=quote.pk).update(
        created_at=datetime.combine(day, time(9, 30), tzinfo=get_current_timezone())
    )


def _pass(contract: Contract, signed: date, number: int, actor: Actor) -> Contract:
    """Everybody who is asked agrees, within some days."""
    services.submit_contract(contract, actor=actor)
    asked = ApprovalInstance.objects.get(entity=contract.entity_label(), record_id=contract.pk)
    while task := asked.tasks.filter(state="open", kind="sign").order_by("pk").first():
        approvals.approve(task, actor=Actor(task.user, "demo"))
    ended = datetime.combine(signed - timedelta(days=1), time(16), tzinfo=get_current_timezone())
    took = timedelta(hours=5 + 19 * number % 70)
    ApprovalInstance.objects.filter(pk=asked.pk).update(made_at=ended - took, ended_at=ended)
    return Contract.objects.get(pk=contract.pk)


@bench_page("contracts: list", goal=2.5)
def list_contracts(user: User) -> tuple[str, str, None]:
    """Those in force, the largest first."""
    return "GET", "/sales/contracts/?state=active&sort=-amount", None


@bench_page("contract: 360°", goal=3)
def contract_page(user: User) -> tuple[str, str, None] | None:
    """With its plan."""
    pk = Contract.objects.restrict(user).filter(state=Contract.State.ACTIVE).values_list("pk", flat=True).last()
    return ("GET", f"/sales/contracts/{pk}/", None) if pk else None
