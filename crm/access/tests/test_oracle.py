"""Random roles, trees and records: the policy against a slow obvious oracle that decides again from the words of the design."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import transaction

from conftest import forget_access
from crm.access import policy
from crm.access.models import Grant, RecordShare, Role, Scope
from crm.ownership.models import Pool, PoolMember
from crm.users.models import Department, Membership, Team, User
from sales.models import Lead

pytestmark = pytest.mark.django_db
LABEL = "sales.lead"
ACTIONS = ("view", "change", "delete", "export", "assign")
ASKED = (*ACTIONS, "claim")
# Every world has three roles: 500 and more of them in all.
WORLDS, PART = 168, 12
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)

# Stored conditions, with what they mean in plain words of Python. The last can't be understood: it reaches nothing.
CONDITIONS: list[tuple[dict, Any]] = [
    ({}, None),
    ({}, None),
    ({"all": [{"field": "rating", "op": "in", "value": ["hot"]}]}, lambda lead, user, mates: lead.rating == "hot"),
    (
        {"any": [{"field": "score", "op": "gte", "value": "50"}, {"field": "company", "op": "contains", "value": "泵"}]},
        lambda lead, user, mates: (lead.score or 0) >= 50 or "泵" in lead.company,
    ),
    (
        {"all": [{"field": "owner", "op": "my_team"}, {"field": "rating", "op": "not_in", "value": ["hot"]}]},
        lambda lead, user, mates: lead.owner_id in mates and lead.rating != "hot",
    ),
    ({"all": [{"field": "owner__department__name", "op": "is", "value": "D1"}]}, lambda lead, user, mates: bool(lead.owner and lead.owner.department and lead.owner.department.name == "D1")),
    ({"all": [{"field": "no_such_field", "op": "is", "value": "x"}]}, lambda lead, user, mates: False),
]  # fmt: skip


@dataclass
class World:
    """Departments in a tree, people in them and in teams, roles with grants, leads, shares."""

    users: list[User]
    roles: dict[int, list[tuple[str, Scope, Any]]]
    held: dict[int, list[int]]
    leads: list[Lead]
    teams: list[set[int]]
    above: dict[int, int | None]
    shares: list[RecordShare]
    pools: list[list[PoolMember]]


def build(random: Random) -> World:
    departments: list[Department] = []
    for i in range(5):
        departments.append(
            Department.objects.create(name=f"D{i}", parent=random.choice([None, *departments]) if departments else None)
        )
    users = [
        User.objects.create(
            username=f"u{i}", name=f"U{i}", language="en", department=random.choice([None, *departments]),
            is_active=random.random() > 0.1, is_superuser=random.random() < 0.05,
        )
        for i in range(5)
    ]  # fmt: skip
    teams = []
    for i in range(2):
        team, members = Team.objects.create(name=f"T{i}"), random.sample(users, random.randint(0, 3))
        Membership.objects.bulk_create(Membership(team=team, user=user) for user in members)
        teams.append({user.pk for user in members})
    roles, held = {}, {user.pk: [] for user in users}
    for i in range(3):
        role = Role.objects.create(name=f"R{i}", code=f"r{i}")
        cells = []
        for action in random.sample(ACTIONS, random.randint(1, 5)):
            stored, meaning = random.choice(CONDITIONS)
            scope = random.choice(list(Scope))
            Grant.objects.create(role=role, entity=LABEL, action=action, scope=scope, condition=stored)
            cells.append((action, scope, meaning))
        roles[role.pk] = cells
        for user in random.sample(users, random.randint(0, 3)):
            role.users.add(user)
            held[user.pk].append(role.pk)
    pools = [_pool(random, users, departments, list(roles)) for _i in range(random.choice([0, 2]))]
    leads = Lead.objects.bulk_create(_lead(random, random.choice(users), departments, i) for i in range(6))
    for lead in leads[:3] if pools else []:
        lead.pool, lead.owner, lead.department = random.choice(pools), None, None
        lead.save()
    shares = [_share(random, lead, users, departments) for lead in random.sample(leads, 2)]
    above = {d.pk: d.parent_id for d in departments}
    members = [list(pool.members.all()) for pool in pools]
    return World(users, roles, held, leads, teams, above, RecordShare.objects.bulk_create(shares), members)


def _pool(random: Random, users: list[User], departments: list[Department], roles: list[int]) -> Pool:
    pool = Pool.objects.create(entity=LABEL, name=f"P{Pool.objects.count()}", hidden=random.choice([[], ["mobile"]]))
    for _n in range(random.randint(0, 3)):
        who = random.choice(
            [
                {"user": random.choice(users)},
                {"department": random.choice(departments)},
                {"role_id": random.choice(roles)},
            ]
        )
        PoolMember.objects.create(pool=pool, keeper=random.random() < 0.4, **who)
    return pool


def _lead(random: Random, owner: User, departments: list[Department], i: int) -> Lead:
    """The department is stamped when a record is written: the owner may have moved since."""
    department = random.choice([owner.department, *departments])
    return Lead(
        owner=owner, department=department, name=f"L{i}", title=f"L{i}", title_key=f"l{i}",
        rating=random.choice(["", "hot", "cold"]), score=random.choice([None, 10, 90]),
        company=random.choice(["", "江南泵业", "云帆"]), deleted_at=NOW if random.random() < 0.1 else None,
    )  # fmt: skip


def _share(random: Random, lead: Lead, users: list[User], departments: list[Department]) -> RecordShare:
    until = random.choice([None, datetime.now(UTC) + timedelta(days=1), NOW - timedelta(days=1)])
    receiver = {"user": random.choice(users)} if random.random() < 0.6 else {"department": random.choice(departments)}
    return RecordShare(entity=LABEL, record_id=lead.pk, level=random.choice(["read", "edit"]), until=until, **receiver)


def oracle(world: World, user: User, action: str, lead: Lead) -> bool:
    """Nobody does anything to what they may not see."""
    return reaches(world, user, "view", lead) and reaches(world, user, action, lead)


def is_of(world: World, user: User, member: PoolMember) -> bool:
    if member.role_id:
        return member.role_id in world.held[user.pk]
    return member.user_id == user.pk or bool(
        member.department_id and lies_below(world, user.department_id, member.department_id)
    )


def in_pool(world: World, user: User, action: str, lead: Lead) -> bool | None:
    """What the pool that the lead lies in says: who is of it looks and claims, who keeps it does what their grants let
    them do at all, and assigns; whoever else does not see all only looks. None: the other words decide."""
    mine = [m for members in world.pools for m in members if m.pool_id == lead.pool_id and is_of(world, user, m)]
    cells = [cell for role in world.held[user.pk] for cell in world.roles[role]]
    granted = {name for name, scope, meaning in cells if scope or meaning}
    if action == "claim":
        return bool(mine)
    if action == "view":
        return True if mine and "view" in granted else None
    if any(name == "view" and scope == Scope.ALL for name, scope, _m in cells):
        return None
    keeps = any(member.keeper for member in mine)
    # Whoever keeps one pool assigns; which records, that pool decides.
    return keeps and (action in granted or action == "assign")


def reaches(world: World, user: User, action: str, lead: Lead) -> bool:
    """The words of the design, one after the other."""
    if not user.is_active:
        return False
    if user.is_superuser:
        return True
    if lead.pool_id or action == "claim":
        said = in_pool(world, user, action, lead)
        if said is not None:
            return said
    mates = {user.pk}.union(*(team for team in world.teams if user.pk in team))
    granted = False
    for role in world.held[user.pk]:
        for granted_action, scope, meaning in world.roles[role]:
            if granted_action != action or not (scope or meaning):
                continue
            granted = True
            if scope == Scope.ALL:
                return True
            if scope >= Scope.OWN and lead.owner_id == user.pk:
                return True
            if scope >= Scope.TEAM and lead.owner_id in mates:
                return True
            if scope == Scope.DEPARTMENT and lies_below(world, lead.department_id, user.department_id):
                return True
            if meaning and meaning(lead, user, mates):
                return True
    return granted and any(opens(share, user, action, lead, world) for share in world.shares)


def lies_below(world: World, department: int | None, above: int | None) -> bool:
    while department is not None:
        if department == above:
            return True
        department = world.above[department]
    return False


def opens(share: RecordShare, user: User, action: str, lead: Lead, world: World) -> bool:
    if share.record_id != lead.pk or (share.until and share.until <= datetime.now(UTC)):
        return False
    if action not in ({"view"} if share.level == "read" else {"view", "change"}):
        return False
    return share.user_id == user.pk or (share.department_id is not None and share.department_id == user.department_id)


@pytest.mark.parametrize("part", range(WORLDS // PART))
def test_the_policy_decides_as_the_oracle(part):
    for seed in range(part * PART, (part + 1) * PART):
        with transaction.atomic():
            world = build(Random(seed))
            for user in world.users:
                for action in ASKED:
                    forget_access(user)
                    found = set(Lead.objects.reachable(user, action).values_list("pk", flat=True))
                    expected = {lead.pk for lead in world.leads if oracle(world, user, action, lead)}
                    assert found == expected, (seed, user.username, action)
                    assert policy.visible_ids(user, Lead, [lead.pk for lead in world.leads], action) == expected
            transaction.set_rollback(True)
