"""An approval process of the demo company, and a few requests on their way."""

from __future__ import annotations

from django.apps import apps

from crm.approvals import services, writing
from crm.approvals.models import ApprovalProcess
from crm.approvals.nodes import fresh_node
from crm.demo.steps import World, demo_step
from crm.records.actor import Actor
from crm.users.models import User

DEAL = "sales.opportunity"
REQUESTS = (
    ("客户要求本周内确认九折价格，请尽快审批。", ""),
    ("年度框架合同，付款周期 90 天。", "同意，付款周期请控制在 60 天以内。"),
    ("竞争对手已报价，申请特批折扣。", ""),
)


@demo_step(95, "approvals")
def make_approvals(world: World) -> None:
    """Who agrees to special prices: the superior, for large deals the lawyers and the accountants too."""
    people = {user.username: user for user in User.objects.filter(username__in=("admin", "rep", "finance", "legal"))}
    admin = people.get("admin")
    if admin is None or not {"rep", "finance", "legal"} <= people.keys():
        return
    process = ApprovalProcess.objects.create(entity=DEAL, name="特价审批", principal=admin)
    large = {"all": [{"field": "amount", "op": "gte", "value": "1000000"}]}
    both = [people["legal"].pk, people["finance"].pk]
    nodes = [
        fresh_node() | {"name": "直属上级", "by": "superior", "hours": 8, "remind": 2, "late": "tell"},
        fresh_node()
        | {"name": "法务与财务会签", "by": "people", "people": both, "mode": "all", "when": large}
        | {"opens": ["name", "amount", "close_date", "product_text"]},
    ]
    writing.save_version(process, {"nodes": nodes, "locks": ["amount"]}, actor=Actor(admin))
    writing.switch(process, True)
    rep = people["rep"]
    deals = apps.get_model(DEAL).objects.filter(owner=rep, state="open", deleted_at__isnull=True).order_by("-pk")
    for deal, (note, answer) in zip(deals[: len(REQUESTS)], REQUESTS, strict=False):
        instance = services.start(process, deal, actor=Actor(rep, "demo"), note=note)
        task = instance.tasks.filter(state="open").select_related("user").first()
        if answer and task is not None:
            services.approve(task, actor=Actor(task.user, "demo"), comment=answer)
