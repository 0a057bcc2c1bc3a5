"""Who is asked at a node, and who stands in for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist

from crm.access.models import Role
from crm.fields.field import resolve
from crm.records.models import Record
from crm.users.models import Department, User, away

FARTHEST = 10


@dataclass
class Asked:
    """The people of a node, in order; ``why`` tells where they do not follow from the node itself, ``passed`` who agreed already.

    ``skipped`` says why nobody is asked at all.
    """

    people: list[User] = field(default_factory=list)
    why: str = ""
    passed: dict[int, str] = field(default_factory=dict)
    skipped: str = ""


def ask(
    node: Mapping[str, Any], record: Record, requester: User, *, agreed: Iterable[int] = (), once: bool = True
) -> Asked:
    """Whom a node asks; ``agreed`` are the ids of people who approved earlier on the way.

    Empty without ``skipped`` only when there is no administrator either.
    """
    found = _active(named(node, record, requester))
    if node.get("self") != "sign" and requester in found:
        found, alone = _without(requester, found, node)
        if alone:
            return Asked(skipped="self")
    if not found:
        return _nobody(node, requester)
    known = set(agreed) if once else set()
    return Asked(found, passed={person.pk: "once" for person in found if person.pk in known})


def named(node: Mapping[str, Any], record: Record, requester: User) -> list[User]:
    """The people that a node names, before anything is asked about them."""
    match node.get("by"):
        case "people":
            chosen = User.objects.in_bulk([int(pk) for pk in node.get("people") or ()])
            return [chosen[int(pk)] for pk in node["people"] if int(pk) in chosen]
        case "role":
            return _of_role(node, record, requester)
        case "superior":
            return [boss] if (boss := superior(requester, int(node.get("level") or 1))) else []
        case "head":
            return [boss] if (boss := head_above(requester.department, requester)) else []
        case "field":
            return _of_field(node, record)
    return []


def superior(person: User, level: int = 1) -> User | None:
    """The superior of the superior …, ``level`` times; nobody twice."""
    seen = {person.pk}
    boss: User | None = person
    for _step in range(min(level, FARTHEST)):
        boss = boss.manager if boss else None
        if boss is None or boss.pk in seen:
            return None
        seen.add(boss.pk)
    return boss


def head_above(department: Department | None, person: User) -> User | None:
    """The head of the department, or of the nearest one above that has another than the person."""
    for one in _upwards(department):
        if one.head_id is not None and one.head_id != person.pk and one.head.is_active:
            return one.head
    return None


def _upwards(department: Department | None) -> list[Department]:
    """The department and those above it, the nearest first."""
    if department is None:
        return []
    ids = [int(part) for part in department.path.strip("/").split("/") if part] or [department.pk]
    return list(Department.objects.filter(pk__in=ids).select_related("head").order_by("-path"))


def _of_role(node: Mapping[str, Any], record: Record, requester: User) -> list[User]:
    role = Role.objects.filter(pk=node.get("role")).first()
    if role is None:
        return []
    holders = role.users.filter(is_active=True).order_by("name", "pk")
    if not node.get("near"):
        return list(holders)
    for department in _upwards(record.department or requester.department):
        if found := list(holders.filter(department=department)):
            return found
    return []


def _of_field(node: Mapping[str, Any], record: Record) -> list[User]:
    try:
        value = resolve(type(record), str(node.get("field"))).raw(record)
    except (FieldDoesNotExist, LookupError):
        return []
    pk = getattr(value, "pk", value)
    return list(User.objects.filter(pk=pk)) if isinstance(pk, int) else []


def _active(people: Iterable[User]) -> list[User]:
    return [person for person in dict.fromkeys(people) if person.is_active]


def _without(requester: User, found: list[User], node: Mapping[str, Any]) -> tuple[list[User], bool]:
    """The people without the requester, or their superior in their place; and whether nobody else was asked."""
    if node.get("self") == "skip":
        rest = [person for person in found if person != requester]
        return rest, not rest
    boss = superior(requester)
    boss = boss if boss and boss.is_active else None
    return list(dict.fromkeys(p for p in (boss if p == requester else p for p in found) if p is not None)), False


def _nobody(node: Mapping[str, Any], requester: User) -> Asked:
    """What the node says for that case. Nobody approves their own request this way while there is an administrator beside them."""
    if node.get("nobody") == "skip":
        return Asked(skipped="nobody")
    if node.get("nobody") == "person":
        instead = _active(User.objects.filter(pk=node.get("instead") or 0).exclude(pk=requester.pk))
        if instead:
            return Asked(instead, why="instead")
    admins = list(User.objects.filter(is_superuser=True, is_active=True).order_by("pk"))
    return Asked([person for person in admins if person != requester] or admins, why="admin")


# Deputies


def deputy_of(person_id: int, gone: Mapping[int, int | None]) -> int | None:
    """Who decides for a person who is away: their deputy, or the deputy's deputy who is there."""
    seen = {person_id}
    deputy = gone.get(person_id)
    while deputy is not None and deputy not in seen:
        if deputy not in gone:
            return deputy
        seen.add(deputy)
        deputy = gone.get(deputy)
    return None


def stands_for(user: User, now: datetime) -> set[int]:
    """The ids of the people for whom the user decides at the moment, themselves included; one query."""
    gone = away(now)
    return {user.pk, *(person for person in gone if deputy_of(person, gone) == user.pk)}


def receivers(person_ids: Iterable[int], now: datetime) -> set[int]:
    """The people and, of those who are away, their deputies too."""
    ids, gone = set(person_ids), away(now)
    return ids | {deputy for pk in ids if (deputy := deputy_of(pk, gone)) is not None}
