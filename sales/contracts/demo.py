"""Contracts of the demo company: who approves them, some on their way, most of them in force, some about to end."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.db import transaction

from crm.approvals import writing
from crm.approvals.models import ApprovalProcess
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

TERMS = (
    "30% 签约后 7 天, 60% 验收, 10% 质保 12 个月",
    "首付30%，余款发货前付清",
    "一次性付清",
    "3 期，每月 1 日",
    "50% 签约, 50% 验收后 30 天",
)
LARGE = {"all": [{"field": "amount", "op": "gte", "value": "500000"}]}
HUGE = {"all": [{"field": "amount", "op": "gte", "value": "2000000"}]}
MADE = 24
WAITING = 4
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
    """Of deals that were won; the last few are being approved, others are signed, in force or end soon."""
    won = Opportunity.objects.alive().filter(state="won", account__isnull=False, amount__gt=0)
    deals = list(won.select_related("owner", "account").order_by("-close_date", "-pk")[:MADE])
    if Contract.objects.exists():
        return
    for number, deal in enumerate(deals):
        with transaction.atomic():
            _make(world, number, deal)


def _make(world: World, number: int, deal: Opportunity) -> None:
    actor, today = Actor(deal.owner, "demo"), world.now.date()
    _name_product(deal, number, actor)
    contract = making.contract_of_deal(deal, actor=actor)
    signed = today - timedelta(days=12 * number + 3)
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
    contract = services.approve_contract(contract, actor=actor)
    if number == WAITING:
        return
    contract = services.sign_contract(contract, actor=actor, signed_on=signed)
    if number % 3 == 0 and contract.amount > Decimal(0):
        services.accept_contract(contract, actor=actor, accepted_on=min(today, signed + timedelta(days=20)))


def _name_product(deal: Opportunity, number: int, actor: Actor) -> None:
    """What was sold: a product of the catalogue for the whole amount, where nobody has said so yet."""
    products = list(Product.objects.alive().filter(active=True).order_by("pk")[:12])
    if not products or OpportunityLine.objects.alive().filter(document=deal).exists():
        return
    product = products[number % len(products)]
    line = OpportunityLine(document=deal, product=product, unit_price=deal.amount or 0, tax_rate=product.tax_rate)
    records.save(line, actor=actor)


@bench_page("contracts: list", goal=2.5)
def list_contracts(user: User) -> tuple[str, str, None]:
    """Those in force, the largest first."""
    return "GET", "/sales/contracts/?state=active&sort=-amount", None


@bench_page("contract: 360°", goal=3)
def contract_page(user: User) -> tuple[str, str, None] | None:
    """With its plan."""
    pk = Contract.objects.restrict(user).filter(state=Contract.State.ACTIVE).values_list("pk", flat=True).last()
    return ("GET", f"/sales/contracts/{pk}/", None) if pk else None
