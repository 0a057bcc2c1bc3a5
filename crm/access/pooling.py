"""What pools are to a user beyond which rows reach them: what is hidden there until a record is claimed, who keeps them."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.db.models import Q

from crm.access.models import Scope
from crm.access.snapshot import access_of


def outside(pools: Iterable[int], link: str = "") -> Q:
    """The condition that a record, or the one that ``link`` leads to, lies in none of the pools."""
    name = f"{link}__pool_id" if link else "pool_id"
    return Q(**{f"{name}__isnull": True}) | ~Q(**{f"{name}__in": sorted(pools)})


def closures(user, steps: Iterable[tuple[str, str]]) -> tuple[tuple[int, frozenset[int]], ...]:
    """Where on a path of (entity, field) steps pools hide what follows until a record is claimed: (number of the step, pools)."""
    access = access_of(user)
    if access.superuser or not access.pools:
        return ()
    found = ((number, access.closed(label, name)) for number, (label, name) in enumerate(steps))
    return tuple((number, pools) for number, pools in found if pools)


def is_shut(user, record: models.Model) -> bool:
    """Whether the record lies in a pool that hides anything of it from the user until it is claimed."""
    pool = getattr(record, "pool_id", None)
    return pool is not None and pool in access_of(user).shut(record._meta.label_lower)


def may_note(user, record: models.Model) -> bool:
    """Whether the user, who sees the record, may write about it: in a pool keepers may, who sees all, and members where it says so."""
    pool_id, label = getattr(record, "pool_id", None), record._meta.label_lower
    access = access_of(user)
    if pool_id is None or access.superuser or access.scope(label, "view") == Scope.ALL:
        return True
    reach = access.pools.get(label, {}).get(pool_id)
    return reach is not None and reach.member and (reach.keeper or reach.notes)


def sees_all(user, label: str) -> bool:
    """Whether every record of the entity reaches the user by the scope of a grant."""
    return access_of(user).scope(label, "view") == Scope.ALL


def keeps_pool(user, label: str, pool_id: int) -> bool:
    """Whether the user keeps the pool: gives records of it to its members and others they may assign to."""
    return access_of(user).superuser or pool_id in access_of(user).pool_ids(label, keeper=True)
