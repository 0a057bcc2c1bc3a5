"""Which pools there are and what each is to a person: what the policy is told."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Q, QuerySet

from crm.access.snapshot import PoolReach, pool_sources
from crm.ownership.models import Pool, PoolMember
from crm.users.models import User

# What an import kept beside the fields may hold what is hidden.
WITH_THEM = ("extras",)


def pools_of(user: Any) -> dict[str, dict[int, PoolReach]]:
    """Entity → pool → what it is to ``user``; two queries, one where there are no pools."""
    pools = list(Pool.objects.order_by("position", "id").values_list("pk", "entity", "name", "hidden", "takes_notes"))
    if not pools:
        return {}
    keeps: dict[int, bool] = {}
    for pk, keeper in PoolMember.objects.filter(membership(user)).values_list("pool_id", "keeper"):
        keeps[pk] = keeps.get(pk, False) or keeper
    found: dict[str, dict[int, PoolReach]] = defaultdict(dict)
    for pk, entity, name, hidden, notes in pools:
        closed = frozenset([*hidden, *WITH_THEM] if hidden else ())
        found[entity][pk] = PoolReach(name, pk in keeps, keeps.get(pk, False), closed, notes)
    return dict(found)


def membership(user: Any) -> Q:
    """The condition on rows of members that keeps those which mean ``user``."""
    above = [int(pk) for pk in user.department.path.strip("/").split("/")] if user.department_id else []
    return Q(user=user) | Q(role__users=user) | Q(department__in=above)


def people_of(pools: Any) -> QuerySet:
    """The active people who are of any of the pools."""
    rows = list(PoolMember.objects.filter(pool__in=pools).select_related("department"))
    who = Q(pk__in=[row.user_id for row in rows if row.user_id])
    who |= Q(roles__in=[row.role_id for row in rows if row.role_id])
    for row in rows:
        if row.department is not None:
            who |= Q(department__path__startswith=row.department.path)
    return User.objects.filter(pk__in=User.objects.filter(who, is_active=True).values("pk"))


pool_sources[:] = [pools_of]
