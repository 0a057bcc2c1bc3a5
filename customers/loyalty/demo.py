"""A programme with three levels, what it gives points for, and its first members."""

from __future__ import annotations

from decimal import Decimal

from crm.demo.steps import World, demo_step
from crm.records.actor import Actor
from customers.levels.models import LevelRule
from customers.loyalty.ledger import give, redeem
from customers.loyalty.models import EarnRule, LoyaltyProgram, MemberLevel
from customers.models import Contact

LEVELS = (
    (0, "普卡", "Basic", "slate", "生日礼", "A birthday gift"),
    (500, "银卡", "Silver", "blue", "生日礼\n优先客服", "A birthday gift\nPriority service"),
    (
        2000,
        "金卡",
        "Gold",
        "amber",
        "生日礼\n优先客服\n专属活动",
        "A birthday gift\nPriority service\nEvents of their own",
    ),
)
RULES = (
    ("vip", "近两年购买满 500 万", {"all": [{"field": "rfm.amount", "op": "gte", "value": "5000000"}]}),
    ("a", "近两年购买满 100 万", {"all": [{"field": "rfm.amount", "op": "gte", "value": "1000000"}]}),
)
MEMBERS = 40


@demo_step(97, "levels and membership")
def make_members(world: World) -> None:
    """The rules are there to be tried: nobody's level is changed by them yet."""
    LoyaltyProgram.objects.get_or_create(pk=1)
    for threshold, chinese, english, colour, zh, en in LEVELS:
        names = {"name_zh": chinese, "name_en": english, "colour": colour, "benefits_zh": zh, "benefits_en": en}
        MemberLevel.objects.get_or_create(threshold=threshold, defaults=names)
    EarnRule.objects.get_or_create(
        name="成交送积分", event="sales.opportunity.won", defaults={"per_yuan": Decimal("0.001")}
    )
    for position, (value, name, condition) in enumerate(RULES, 1):
        LevelRule.objects.get_or_create(
            name=name, defaults={"value": value, "condition": condition, "position": position}
        )
    actor = Actor(None, "demo")
    for contact in Contact.objects.order_by("pk")[:MEMBERS]:
        give(contact, world.random.randrange(1, 30) * 100, actor=actor, reason="开卡礼", now=world.now)
        if world.random.random() < 0.4:
            redeem(contact, 100, actor=actor, reason="保温杯")
