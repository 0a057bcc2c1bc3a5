"""Random worlds for any entity, and the oracle that says from the words of the design who reaches what in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from django.utils import timezone

from crm.access.models import Grant, RecordShare, Role, Scope
from crm.access.policy import Via, ViaBoth
from crm.entities.entity import registry
from crm.entities.testing import GRANTED, LABELS, factory_of
from crm.records import services
from crm.records.actor import Actor
from crm.records.models import Record
from crm.users.models import Department, Membership, Team, User

MATES = {"all": [{"field": "owner", "op": "my_team"}]}
# No scope of its own, and the stored condition that the owner is of one's team.
BY_CONDITION = -1


@dataclass
class World:
    """Everything the oracle may look at: it never asks the policy."""

    label: str
    users: list[User]
    teams: list[set[int]]
    above: dict[int, int | None]
    grants: dict[int, dict[tuple[str, str], list[int]]] = field(default_factory=dict)
    shares: list[RecordShare] = field(default_factory=list)

    @property
    def children(self) -> list[str]:
        """Entities that show as a tab of this one."""
        return [child.label for child in registry[self.label].related() if child.label in LABELS]

    def records(self, label: str = "") -> list[Any]:
        """Every row of the entity, those in the trash too."""
        return list(registry[label or self.label].model._base_manager.order_by("pk"))

    # The oracle

    def granted(self, user: User, label: str, action: str) -> bool:
        return user.is_superuser or bool(self.grants[user.pk].get((label, action)))

    def may(self, user: User, record: Record, action: str) -> bool:
        """Nobody does anything to what they may not see."""
        return self._reaches(user, record, "view") and self._reaches(user, record, action)

    def seen(self, user: User, label: str = "", action: str = "view", *, trash: bool = False) -> set[int]:
        return {r.pk for r in self.records(label) if bool(r.deleted_at) == trash and self.may(user, r, action)}

    def _reaches(self, user: User, record: Record, action: str) -> bool:
        label = type(record)._meta.label_lower
        if user.is_superuser:
            return True
        if not self.granted(user, label, action):
            return False
        if isinstance(record.access, Via):
            if isinstance(record.access, ViaBoth) and not self.may(user, getattr(record, record.access.other), "view"):
                return False
            whole = getattr(record, record.access.parent)
            return self.may(user, whole, "view" if action in {"view", "export"} else "change")
        scopes = self.grants[user.pk][label, action]
        if action in getattr(record.access, "by_turn", ()):  # whose it is says nothing; here it is nobody's turn
            scopes = [scope for scope in scopes if scope in (BY_CONDITION, Scope.ALL)]
        return any(self._covers(user, record, scope) for scope in scopes) or any(
            self._opens(share, user, record, action) for share in self.shares
        )

    def _covers(self, user: User, record: Any, scope: int) -> bool:
        mates = {user.pk}.union(*(team for team in self.teams if user.pk in team))
        if scope == BY_CONDITION:
            return record.owner_id in mates
        return (
            scope == Scope.ALL
            or (scope >= Scope.OWN and record.owner_id == user.pk)
            or (scope >= Scope.TEAM and record.owner_id in mates)
            or (scope == Scope.DEPARTMENT and self._below(record.department_id, user.department_id))
        )

    def _below(self, department: int | None, above: int | None) -> bool:
        while department is not None:
            if department == above:
                return True
            department = self.above[department]
        return False

    def _opens(self, share: RecordShare, user: User, record: Record, action: str) -> bool:
        if (share.entity, share.record_id) != (type(record)._meta.label_lower, record.pk):
            return False
        if share.until and share.until <= timezone.now():
            return False
        return share.user_id == user.pk and action in ({"view"} if share.level == "read" else {"view", "change"})


def make_world(label: str, seed: int) -> World:
    """Three departments, four people, two teams, roles at random, records of the entity and of what hangs on it."""
    random = Random(f"{label} {seed}")
    departments: list[Department] = []
    for number in range(3):
        above = random.choice(departments) if departments and random.random() < 0.8 else None
        departments.append(Department.objects.create(name=f"D{number}", parent=above))
    users = [
        User.objects.create(
            username=f"u{number}", name=f"U{number}", language="en", department=random.choice([None, *departments]),
            is_superuser=number == 3 and random.random() < 0.3,
        )
        for number in range(4)
    ]  # fmt: skip
    world = World(label, users, list(_teams(random, users)), {d.pk: d.parent_id for d in departments})
    world.grants = {user.pk: {} for user in users}
    chain = [label, *_wholes(label), *world.children]
    for number in range(3):
        _role(random, world, number, chain)
    _records(random, world)
    return world


def _wholes(label: str) -> Iterator[str]:
    access = registry[label].model.access
    if isinstance(access, Via):
        whole = registry[label].model._meta.get_field(access.parent).related_model._meta.label_lower
        yield whole
        yield from _wholes(whole)


def _teams(random: Random, users: list[User]) -> Iterator[set[int]]:
    for number in range(2):
        team, members = Team.objects.create(name=f"T{number}"), random.sample(users, random.randint(1, 2))
        Membership.objects.bulk_create(Membership(team=team, user=user) for user in members)
        yield {user.pk for user in members}


def _role(random: Random, world: World, number: int, labels: list[str]) -> None:
    """A role at random; the first lets somebody see their own records, so that each world has what is seen and what is not."""
    role, holders = Role.objects.create(name=f"R{number}", code=f"r{number}"), random.sample(world.users[:3], 2)
    first = {world.label, *_wholes(world.label)} if number == 0 else set()
    role.users.set(holders)
    for label in dict.fromkeys(labels):
        for action in dict.fromkeys(registry[label].granted):
            sees = label in first and action == "view"
            if not sees and random.random() < (0.4 if action == "view" else 0.6):
                continue
            scope = Scope.OWN if sees else random.choice([BY_CONDITION, *Scope, *Scope])
            owned = not isinstance(registry[label].model.access, Via)
            stored = MATES if scope == BY_CONDITION and owned else {}
            if scope == BY_CONDITION and not owned:
                scope = Scope.OWN
            Grant.objects.create(role=role, entity=label, action=action, scope=max(scope, Scope.NONE), condition=stored)
            for user in holders:
                if scope != Scope.NONE:
                    world.grants[user.pk].setdefault((label, action), []).append(scope)


def _records(random: Random, world: World) -> None:
    make, made = factory_of(world.label), []
    for number in range(5):
        owner = world.users[number] if number < 4 else random.choice(world.users)
        made.append(make(owner))
        if number == 4:
            services.delete(made[-1], actor=Actor(None if world.label in GRANTED else owner, "test"))
    for child in world.children[:2]:
        holder = random.choice(made[:4])
        name = next((n for n in registry[child].shows_on.values() if _leads_to(child, n, world.label)), None)
        if name:
            factory_of(child)(random.choice(world.users), **{name: holder})
    until = random.choice([None, timezone.now() + timedelta(days=1), timezone.now() - timedelta(days=1)])
    share = RecordShare(
        entity=world.label, record_id=made[0].pk, level=random.choice(["read", "edit"]), until=until,
        user=random.choice(world.users[:3]),
    )  # fmt: skip
    if not isinstance(made[0].access, Via):
        share.save()
        world.shares.append(share)


def _leads_to(child: str, name: str, label: str) -> bool:
    model = registry[child].model
    return "__" not in name and "." not in name and model._meta.get_field(name).related_model is registry[label].model
