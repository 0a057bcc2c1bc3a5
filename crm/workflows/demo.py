"""The rules of the demo company, switched on: what automation looks like before one has written any."""

from __future__ import annotations

from typing import Any

from crm.demo.steps import World, demo_step
from crm.records.actor import Actor
from crm.users.models import User
from crm.workflows import services
from crm.workflows.models import Rule

LARGE = {"all": [{"field": "amount", "op": "gte", "value": "1000000"}]}


def effect(name: str, **params: str) -> dict[str, Any]:
    """One step that does something."""
    return {"do": "effect", "effect": name, "params": params}


def task(subject: str, days: str, to: str = "owner", kind: str = "call") -> dict[str, Any]:
    """A task in working days."""
    return effect("create_task", subject=subject, to=to, kind=kind, priority="high", days=days, working="on")


def tell(to: str, text: str) -> dict[str, Any]:
    """A notification."""
    return effect("notify", to=to, text=text)


# The first contact: a task, a reminder while it is still new on the last day, the superior when it is late.
STILL_NEW = {"all": [{"field": "status", "op": "in", "value": ["new"]}]}
BEGUN = {"all": [{"field": "status", "op": "not_in", "value": ["new"]}]}
FIRST_CONTACT: list[dict[str, Any]] = [
    task("3 天内首次联系", "3"),
    {"do": "wait", "for": "condition", "when": BEGUN, "days": "2", "working": True, "late": "go_on"},
    {"do": "if", "when": BEGUN, "then": [effect("finish_tasks"), {"do": "stop"}], "else": []},
    tell("owner", "这条新线索还没有首次联系，明天到期"),
    {"do": "wait", "for": "condition", "when": BEGUN, "days": "1", "working": True, "late": "go_on"},
    {"do": "if", "when": BEGUN, "then": [effect("finish_tasks"), {"do": "stop"}], "else": []},
    tell("manager", "新线索超过 3 天未首次联系"),
]

LEAD, DEAL = "sales.lead", "sales.opportunity"
RULES: tuple[tuple[str, str, dict[str, Any], dict[str, Any], list[dict[str, Any]]], ...] = (
    (LEAD, "新线索：3 天内首次联系", {"on": "created"}, STILL_NEW, FIRST_CONTACT),
    (LEAD, "领取线索：3 天内首次联系", {"on": "kind", "kinds": ["ownership.claimed"]}, STILL_NEW, FIRST_CONTACT),
    (
        DEAL,
        "大额商机：主管参与",
        {"on": "changed", "field": "amount"},
        LARGE,
        [tell("manager", "商机金额达到 100 万元"), task("参与大额商机的方案评审", "3", to="manager", kind="meeting")],
    ),
    (
        DEAL,
        "成交前三天提醒",
        {"on": "date", "field": "close_date", "days": "-3", "at": "09:00", "working": True},
        {"all": [{"field": "state", "op": "in", "value": ["open"]}]},
        [task("确认合同与付款安排", "1")],
    ),
    (
        DEAL,
        "大单赢单：通报主管",
        {"on": "kind", "kinds": ["sales.opportunity.won"]},
        LARGE,
        [tell("manager", "百万大单赢下了")],
    ),
    (
        DEAL,
        "赢单后两周回访",
        {"on": "kind", "kinds": ["sales.opportunity.won"]},
        {},
        [{"do": "wait", "for": "time", "days": "14"}, task("回访：交付是否顺利", "2", kind="visit")],
    ),
)


@demo_step(90, "rules")
def make_rules(world: World) -> None:
    """They act as the administrator."""
    principal = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if principal is None or Rule.objects.exists():
        return
    for position, (entity, name, trigger, condition, steps) in enumerate(RULES, 1):
        rule = Rule.objects.create(name=name, entity=entity, principal=principal, position=position * 10)
        services.save_version(rule, trigger=trigger, condition=condition, steps=steps, actor=Actor(principal))
        services.switch(rule, True, actor=Actor(principal))
