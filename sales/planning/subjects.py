"""The tree of departments and people as far as somebody may see or plan them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from crm.access import policy
from crm.access.models import Grant, Scope
from crm.users.models import Department, User

MOST = 40
"""More subjects than this are shown a department at a time."""


@dataclass
class Subject:
    """A department or a person; ``children`` stand below it. ``units`` are the department's ids with all below."""

    key: str
    name: str
    depth: int
    pk: int
    parent: str = ""
    units: frozenset[int] = frozenset()
    children: list[str] = field(default_factory=list)

    @property
    def is_unit(self) -> bool:
        return self.key[0] == "d"

    @property
    def query(self) -> dict[str, Any]:
        """What the address of a list says for what belongs to it."""
        return {"department": sorted(self.units)} if self.is_unit else {"owner": self.pk}

    @property
    def keys(self) -> list[tuple[str, int]]:
        """Under which keys of ``split`` its records are."""
        return [("d", pk) for pk in self.units] if self.is_unit else [("u", self.pk)]

    @property
    def rows(self) -> Q:
        """The condition on records that belong to it: the same as ``query``."""
        return Q(department_id__in=self.units) if self.is_unit else Q(owner_id=self.pk)


def sees(user: Any, label: str) -> bool:
    """Whether the user sees any of these figures."""
    return policy.can(user, label, "view")


def people_within(user: Any, label: str, action: str = "view", pk: str = "pk", department: str = "department") -> Q:
    """The condition on the columns of people whose figures of the entity are within reach."""
    access = policy.access_of(user)
    scope = access.scope(label, action)
    if scope == Scope.ALL:
        return Q(**{f"{pk}__isnull": False})
    if scope == Scope.NONE:
        return Q(**{f"{pk}__in": []})
    reach = Q(**{pk: user.pk})
    if scope >= Scope.TEAM:
        reach |= Q(**{f"{pk}__in": access.team_ids})
    if scope == Scope.DEPARTMENT:
        reach |= Q(**{f"{department}__in": access.department_ids})
    return reach


def tree(user: Any, label: str, action: str = "view", people: Collection[int] = ()) -> list[Subject]:
    """The subjects whose figures of the entity are within reach: each department before its people and those below it.

    People are who sell (whose role lets them add opportunities) and those of ``people``; departments without any are left out.
    """
    access = policy.access_of(user)
    scope = access.scope(label, action)
    if scope == Scope.NONE:
        return []
    sellers = Grant.objects.filter(entity="sales.opportunity", action="add", scope__gt=0).values("role__users")
    wanted = Q(pk__in=sellers, is_active=True) | Q(pk__in=people)
    if scope < Scope.ALL:
        wanted |= Q(pk=user.pk)
    named = User.objects.only("name", "username", "department")
    found = list(named.filter(people_within(user, label, action), wanted).distinct().order_by("name", "pk"))
    units = Department.objects.none()
    if scope == Scope.ALL:
        units = Department.objects.all()
    elif scope == Scope.DEPARTMENT:
        units = Department.objects.filter(pk__in=access.department_ids)
    return _placed(list(units.order_by("path")), found)


def level(subjects: list[Subject], of: str) -> tuple[list[Subject], list[Subject]]:
    """What a page shows of many: the department with the key ``of`` (else the heads) and what stands directly below it.

    The only head opens by itself. The second list is the way down to that department. Few subjects are shown all at once.
    """
    if len(subjects) <= MOST:
        return subjects, []
    known = {subject.key: subject for subject in subjects}
    focus = known.get(of)
    heads = {focus.key} if focus is not None and focus.is_unit else {one.key for one in subjects if not one.parent}
    units = {key for key in heads if known[key].is_unit}
    opened = units if len(units) == 1 else set()
    way: list[Subject] = []
    above = focus and known.get(focus.parent)
    while above:
        way.insert(0, above)
        above = known.get(above.parent)
    return [one for one in subjects if one.key in heads or one.parent in opened], way


def _placed(units: list[Department], people: list[User]) -> list[Subject]:
    paths = {unit.pk: unit.path for unit in units}
    peopled = {unit.path for unit in units if any(p.department_id == unit.pk for p in people)}
    kept = [unit for unit in units if any(path.startswith(unit.path) for path in peopled)]
    made: dict[str, Subject] = {}

    def add(subject: Subject) -> None:
        made[subject.key] = subject
        if subject.parent:
            made[subject.parent].children.append(subject.key)

    for unit in kept:
        parent = f"d{unit.parent_id}" if f"d{unit.parent_id}" in made else ""
        below = frozenset(pk for pk, path in paths.items() if path.startswith(unit.path))
        depth = made[parent].depth + 1 if parent else 0
        add(Subject(f"d{unit.pk}", unit.name, depth, unit.pk, parent, below))
        for person in people:
            if person.department_id == unit.pk:
                add(Subject(f"u{person.pk}", str(person), depth + 1, person.pk, f"d{unit.pk}"))
    for person in people:
        if f"u{person.pk}" not in made:
            add(Subject(f"u{person.pk}", str(person), 0, person.pk))
    return _ordered(made)


def _ordered(made: dict[str, Subject]) -> list[Subject]:
    """Each before what stands below it."""
    found: list[Subject] = []

    def walk(subject: Subject) -> None:
        found.append(subject)
        for key in subject.children:
            walk(made[key])

    for subject in made.values():
        if not subject.parent:
            walk(subject)
    return found
