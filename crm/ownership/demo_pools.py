"""The pools of the demo company: leads by region, accounts by branch; some lie there, some will soon. The room's demo.py makes them a step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.apps import apps

from crm.ownership.kinds import RELEASED
from crm.ownership.models import HoldingLimit, Pool, PoolMember, RecycleRule
from crm.ownership.pools import into_pool
from crm.ownership.recycler import recycle
from crm.records.actor import Actor
from crm.reference.models import Region
from crm.users.models import Department, User

LEAD, ACCOUNT = "sales.lead", "customers.account"
REASONS = ("客户暂无预算", "多次联系未果", "区域调整", "业务员转岗")
MOST = 240


def make_pools(world: Any) -> None:
    """Lead pools by region and a public pool for each branch, with rules; records in them and some that will soon go."""
    if Pool.objects.exists():
        return
    _lead_pools()
    _account_pools()
    HoldingLimit.objects.create(entity=LEAD, most=80)
    HoldingLimit.objects.create(entity=ACCOUNT, most=300)
    for label, share, keep in ((LEAD, 0.12, {"status": "new"}), (ACCOUNT, 0.08, {"kind": "prospect"})):
        _fill(world, label, share, keep)
        _soon(world, label)
    recycle(world.now)


def _pool(name: str, members: list[Any], keepers: list[Any], **values: Any) -> Pool:
    pool = Pool.objects.create(name=name, **values)
    PoolMember.objects.bulk_create(PoolMember(pool=pool, department=one) for one in members)
    PoolMember.objects.bulk_create(PoolMember(pool=pool, user=one, keeper=True) for one in keepers)
    return pool


def _people(*names: str) -> list[User]:
    return list(User.objects.filter(username__in=names))


def _lead_pools() -> None:
    sales = list(Department.objects.filter(name="销售中心"))
    east = Region.objects.filter(name="华东").first()
    within = {"all": [{"field": "region", "op": "under", "value": [str(east.pk)]}]} if east else {}
    common: dict[str, Any] = {
        "entity": LEAD, "hidden": ["mobile", "phone", "email", "wechat"], "per_day": 5, "views_per_day": 30,
        "cool_down_days": 7, "takes_unassigned": True,
    }  # fmt: skip
    keepers = _people("manager", "lead")
    pools = [_pool("华东线索池", sales, keepers, position=10, condition=within, **common)]
    pools.append(_pool("全国线索池", sales, keepers, position=20, **common))
    hot = {"all": [{"field": "rating", "op": "in", "value": ["hot"]}]}
    for pool in pools:
        RecycleRule.objects.create(pool=pool, counted_from="activity", days=15, unit="working_days", exempt=hot)


def _account_pools() -> None:
    vip = {"all": [{"field": "level", "op": "in", "value": ["vip"]}]}
    common: dict[str, Any] = {
        "entity": ACCOUNT,
        "hidden": ["phone", "email", "address"],
        "per_day": 3,
        "cool_down_days": 30,
    }
    for position, branch in enumerate(Department.objects.filter(kind=Department.Kind.BRANCH), 1):
        name = f"{branch.name.removesuffix('分公司')}客户公海"
        pool = _pool(name, [branch], _people("manager", "lead"), position=position * 10, **common)
        RecycleRule.objects.create(pool=pool, counted_from="activity", days=90, warn_days=5, exempt=vip)


def _fill(world: Any, label: str, share: float, keep: dict[str, Any]) -> None:
    """Put some records into the pools that take them."""
    model = apps.get_model(label)
    rows = model._base_manager.filter(deleted_at__isnull=True, pool__isnull=True, **keep).order_by("pk")
    records = list(rows.select_related("owner")[: MOST * 4])
    chosen = [record for record in records if world.random.random() < share * 3][:MOST]
    pools = list(Pool.objects.filter(entity=label).order_by("position"))
    for pool in pools:
        mine = [one for number, one in enumerate(chosen) if pools[number % len(pools)] == pool]
        reason = world.random.choice(REASONS)
        if mine:
            into_pool(mine, pool, actor=Actor(None, "demo"), kind=RELEASED, data={"reason": reason})


def _soon(world: Any, label: str) -> None:
    """Some of what 林晓 owns has been left alone for nearly too long."""
    model, rule = apps.get_model(label), RecycleRule.objects.filter(pool__entity=label).first()
    rows = model._base_manager.filter(owner__username="rep", deleted_at__isnull=True).order_by("-pk")
    rows = rows.filter(status="contacted") if label == LEAD else rows.exclude(level="vip")
    for number, record in enumerate(rows.exclude(rating="hot")[:3] if label == LEAD else rows[:4]):
        days = 20 if label == LEAD else rule.days - 1 - number
        since = world.now - timedelta(days=days, hours=world.random.randrange(8))
        model._base_manager.filter(pk=record.pk).update(held_since=since, last_activity_at=None)
