"""Fit scores of leads, and a segment by value."""

from __future__ import annotations

from crm.customfields import definitions
from crm.demo.steps import World, demo_step
from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import User
from marketing.scoring.models import Of, ScoreModel, ScoreRule
from marketing.scoring.services import score
from marketing.segments.models import Segment
from marketing.segments.services import set_conditions

RULES = (
    ("意向高", {"all": [{"field": "rating", "op": "in", "value": ["hot"]}]}, 50, "", None),
    ("留有手机", {"all": [{"field": "mobile", "op": "filled"}]}, 20, "", None),
    ("近期有联系", {}, 30, "last_activity_at", 30),
)
BEST = {"all": [{"field": "rfm.class", "op": "in", "value": ["champion", "develop"]}]}


@demo_step(98, "scores and segments")
def make_scores(world: World) -> None:
    """Nobody is told of what was hot from the beginning."""
    if ScoreRule.objects.exists():
        return
    for position, (name, condition, points, dated, half) in enumerate(RULES, 1):
        ScoreRule.objects.create(
            of=Of.LEAD, name=name, condition=condition, points=points, dated_by=dated, half_life=half, position=position
        )
    ScoreModel.objects.get_or_create(of=Of.LEAD, defaults={"hot_from": 85})
    definitions.look_again()
    score(Of.LEAD, tell=False)
    admin = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if admin is not None:
        segment = Segment(name="重要客户", owner=admin)
        records.save(segment, actor=Actor(admin, "demo"))
        set_conditions(segment, actor=Actor(admin, "demo"), condition=BEST, without={})
