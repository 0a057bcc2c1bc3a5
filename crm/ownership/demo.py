"""How the demo company gives new leads to its people."""

from __future__ import annotations

from crm.demo.steps import World, demo_step
from crm.ownership import demo_pools
from crm.ownership.models import AssignmentMember, AssignmentRule
from crm.reference.models import Region
from crm.users.models import User

LEADS = "sales.lead"


@demo_step(85, "assignment rules")
def make_assignment_rules(world: World) -> None:
    """Leads of the east in turn within the branch, foreign ones to who speaks English, all others to who has least to do."""
    if AssignmentRule.objects.exists():
        return
    fallback = User.objects.filter(username="lead").first()
    east = Region.objects.filter(name="华东").first()
    here = [user for user in world.sellers if user.department and user.department.name.startswith("华东")]
    rules = (
        (
            "外语线索",
            {"all": [{"field": "language", "op": "in", "value": ["en", "ja", "ko"]}]},
            "weighted",
            world.sellers[:3],
        ),
        (
            "华东线索轮流",
            {"all": [{"field": "region", "op": "under", "value": [str(east.pk)]}]} if east else {},
            "turn",
            here,
        ),
        ("其余线索给最空闲的人", {}, "least_busy", world.sellers),
    )
    for position, (name, condition, strategy, people) in enumerate(rules, 1):
        rule = AssignmentRule.objects.create(
            entity=LEADS,
            name=name,
            position=position * 10,
            condition=condition,
            strategy=strategy,
            measure="won_90_days" if strategy == "weighted" else "",
            fallback=fallback,
        )
        AssignmentMember.objects.bulk_create(
            AssignmentMember(rule=rule, user=user, position=i, capacity=200) for i, user in enumerate(people[:20])
        )


@demo_step(90, "pools")
def make_pools(world: World) -> None:
    """Lead pools by region and a public pool for each branch, with rules; records in them and some that will soon go."""
    demo_pools.make_pools(world)
