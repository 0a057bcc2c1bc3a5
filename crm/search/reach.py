"""Which rows of the index a person may hope for: the scope of their grants, told in the columns that the index repeats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q

from crm.access import policy
from crm.access.policy import Scope
from crm.access.snapshot import Access
from crm.entities.bound import bind
from crm.entities.entity import Entity, registry
from crm.search.grams import Term
from crm.search.index import mark, own_gram, search_fields

# Everything a field's text may hold is none of these, so that a pattern stays within the field.
_MARKS = "\ue000-\uf8ff"
_SPECIAL = set("\\.^$*+?{}[]|()-")


@dataclass(frozen=True)
class Reach:
    """Entities that a person reaches equally far. No owners, no departments: all rows of the entities."""

    labels: tuple[str, ...]
    everything: bool = False
    owners: tuple[int, ...] = ()
    departments: tuple[int, ...] = ()
    shared: tuple[int, ...] = ()

    @property
    def condition(self) -> Q:
        """The rows within it. Sharing is by record: its ids belong to the one entity of this reach."""
        found = Q(entity__in=self.labels)
        if self.everything:
            return found
        own = Q(owner_id=self.owners[0]) if len(self.owners) == 1 else Q(owner_id__in=self.owners)
        if self.departments:
            own |= Q(department_id__in=self.departments)
        return found & (own | Q(record_id__in=self.shared) if self.shared else own)

    def holds(self, entity: str, owner: int | None, department: int | None) -> bool:
        """Whether a row lies within, shares apart."""
        return entity in self.labels and (self.everything or owner in self.owners or department in self.departments)


def reaches(user, labels: Sequence[str] = ()) -> tuple[list[Reach], list[str], list[str]]:
    """How far the user sees into the entities that are searched, or into those of ``labels``.

    Beside it the entities where owner and department do not tell: records that hang on others, correspondence, grants with a
    condition. There the policy judges what is found. And the entities of which records also reach who takes part in them.
    """
    access = policy.access_of(user)
    alike: dict[tuple, list[str]] = {}
    judged: list[str] = []
    joined: list[str] = []
    for label, entity in registry.items():
        if (labels and label not in labels) or not search_fields(entity) or not policy.can(user, label, "view"):
            continue
        if not isinstance(entity.model.access, policy.Owned) or access.conditions_of(label, "view"):
            judged.append(label)
        else:
            key = _by_owner(access, label, user.pk)
            alike.setdefault((*key, label if key[3] else ""), []).append(label)
            if policy.has_joined(access, entity.model) and not key[0]:
                joined.append(label)
    return [Reach(tuple(found), *key[:4]) for key, found in alike.items()], judged, joined


def _by_owner(access: Access, label: str, own: int) -> tuple:
    """(everything, owners, departments, shared ids)"""
    scope = access.scope(label, "view")
    if scope == Scope.ALL:
        return True, (), (), ()
    owners = tuple(access.team_ids) if scope >= Scope.TEAM else (own,)
    departments = tuple(access.department_ids) if scope == Scope.DEPARTMENT else ()
    return False, owners, departments, tuple(access.shared_ids(label, "view"))


def within(reach: Sequence[Reach], user, words: Sequence[Term]) -> Q:
    """The condition on rows: in reach, and no guarded field told by what is found."""
    guards = {label: guard for each in reach for label in each.labels if (guard := known(registry[label], user, words))}
    found = Q()
    for each in reach:
        free = tuple(label for label in each.labels if label not in guards)
        parts = [(free, Q())] if free else []
        parts += [((label,), guards[label]) for label in each.labels if label in guards]
        for labels, guard in parts:
            found |= Reach(labels, each.everything, each.owners, each.departments, each.shared).condition & guard
    return found


def of_entities(labels: Sequence[str], user, words: Sequence[Term]) -> Q:
    """The condition on rows of entities that the policy has still to judge."""
    found = within([Reach(tuple(labels), everything=True)], user, words)
    own = [own_gram(label) for label in labels if not isinstance(registry[label].model.access, policy.Owned)]
    return found & Q(grams__overlap=own) if len(own) == len(labels) else found


def allowed_rows(label: str, user) -> Q:
    """The condition on rows that holds where the policy lets the user see the record."""
    return Q(record_id__in=bind(registry[label], user).records().values("pk"))


def joined_rows(label: str, user) -> Q:
    """The condition on rows of records in which the user takes part."""
    return Q(record_id__in=policy.joined_records(policy.access_of(user), registry[label].model).values("pk"))


def known(entity: Entity, user, words: Sequence[Term]) -> Q:
    """Where a rule guards a searched field, each word must stand in a field whose true value the user may know."""
    names = dict.fromkeys(name for _kind, name in search_fields(entity))
    readable = bind(entity, user).readable(names)
    everywhere = _standing_in(readable, words) if len(readable) < len(names) else Q()
    opened = [name for name, field in readable.items() if field.guard is None]
    if len(opened) == len(readable):
        return everywhere
    # What lies in a pool has no owner.
    return everywhere & (Q(owner_id__isnull=False) | _standing_in(opened, words))


def _standing_in(names: Iterable[str], words: Sequence[Term]) -> Q:
    """Each word stands in one of the fields."""
    marks = "|".join(map(mark, names))
    if not marks:
        return Q(pk__in=[])
    return Q(*(Q(haystack__regex=f"({marks})\n[^{_MARKS}]*{_literal(word.text)}") for word in words))


def _literal(text: str) -> str:
    return "".join(f"\\{character}" if character in _SPECIAL else character for character in text)
