"""The stage gates of the demo company: what a deal needs before its contract is negotiated."""

from __future__ import annotations

from crm.approvals import services, writing
from crm.approvals.models import ApprovalProcess
from crm.approvals.nodes import fresh_node
from crm.demo.steps import World, demo_step
from crm.records.actor import Actor
from crm.users.models import User
from sales.models import Opportunity, Stage, StageGate

LARGE = {"all": [{"field": "amount", "op": "gte", "value": "1000000"}]}
PROCESS = "大额合同评审"
TASK = {"subject": "准备合同文本", "to": "owner", "kind": "task", "priority": "high", "days": "3", "working": "on"}
NOTES = ("方案与报价已确认，请评审后进入合同谈判。", "客户已发出中标通知，合同文本随附。")


@demo_step(96, "stage gates")
def make_gates(world: World) -> None:
    """Amount, close date and product before the contract is negotiated; large ones only after a review, two of which are under way."""
    people = {user.username: user for user in User.objects.filter(username__in=("admin", "lead", "rep", "finance"))}
    stage = Stage.objects.filter(name="合同谈判").order_by("pipeline__position", "pk").first()
    if stage is None or len(people) < 4 or StageGate.objects.exists():
        return
    gate = StageGate.objects.create(
        pipeline=stage.pipeline,
        to_stage=stage,
        needs=["amount", "close_date", "product_text"],
        approval=_review(people["admin"], people["finance"]),
        effects=[{"effect": "create_task", "params": TASK}],
        principal=people["admin"],
    )
    for name, note in zip(("rep", "lead"), NOTES, strict=True):
        _ask(gate, people[name], note)


def _review(admin: User, finance: User) -> ApprovalProcess:
    """The superior, then finance, who sees no more of it than is needed; smaller deals pass without."""
    process = ApprovalProcess.objects.create(entity="sales.opportunity", name=PROCESS, principal=admin, by_hand=False)
    nodes = [
        fresh_node()
        | {"name": "直属上级", "by": "superior", "hours": 8, "remind": 2, "late": "tell"}
        | {"edits": ["close_date"]},
        fresh_node()
        | {"name": "财务复核", "by": "people", "people": [finance.pk], "mode": "all"}
        | {"opens": ["name", "amount", "close_date", "product_text"]},
    ]
    writing.save_version(process, {"condition": LARGE, "nodes": nodes}, actor=Actor(admin))
    writing.switch(process, True)
    return process


def _ask(gate: StageGate, person: User, note: str) -> None:
    """One request for the move of a large deal that stands right before the gate."""
    deals = Opportunity.objects.filter(owner=person, state="open", amount__gte=1_000_000, product_text__gt="")
    deals = deals.filter(stage__pipeline=gate.pipeline_id, stage__position__lt=gate.to_stage.position)
    deal = next((one for one in deals.order_by("-stage__position", "-pk") if services.open_instance(one) is None), None)
    if deal is not None:
        carry = {"effect": "do:move", "params": {"stage": str(gate.to_stage_id)}}
        services.start(gate.approval, deal, actor=Actor(person, "demo"), note=note, carry=carry)
