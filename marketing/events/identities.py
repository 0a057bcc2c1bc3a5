"""Whose an identity is: found among what we know, joined with what came along, and listed where two people claim it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.apps import apps
from django.db.models import Q

from crm.lib.folding import fold
from crm.lib.phone import normalise_phone
from crm.matching.models import DuplicateCandidate, MatchKey
from customers.models import Account, Contact
from marketing.events.behaviour import refresh_behaviour
from marketing.models import BehaviourEvent, IdentityLink
from sales.models import Lead

Kind = IdentityLink.Kind
Person = tuple[str, int]
# The surest first; a number of 100.
CONFIDENCE = {
    Kind.PHONE: 95,
    Kind.EMAIL: 95,
    Kind.UNIONID: 90,
    Kind.OPENID: 90,
    Kind.CARD: 90,
    Kind.DEVICE: 60,
    Kind.VISITOR: 50,
}
# Machines are shared: that two people use one says nothing.
SHARED = frozenset({Kind.DEVICE, Kind.VISITOR})
IN_KEYS = (Kind.PHONE, Kind.EMAIL)
# Whom a number belongs to first, where several records have it.
MODELS = (Contact, Account, Lead)
REASON, POINTS = "identity", 80


class Identity(NamedTuple):
    """One value by which somebody is known."""

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


def identity_of(kind: str, value: Any) -> Identity | None:
    """The identity, its value made comparable; None for nonsense."""
    if kind not in Kind.values or not isinstance(value, str | int) or isinstance(value, bool):
        return None
    text = str(value).strip()
    if kind == Kind.PHONE:
        text = normalise_phone(text[:60]) or ""
    elif kind == Kind.EMAIL:
        text = fold(text[:140]) if "@" in text else ""
    if not text or len(text) > 140 or not text.isprintable() or any("\ud800" <= sign <= "\udfff" for sign in text):
        return None
    return Identity(kind, text)


def whose(identities: Collection[Identity]) -> dict[Identity, Person]:
    """The person of each identity that is known, as a link or as a number of a record. Three queries for any number."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for one in identities:
        by_kind[one.kind].append(one.value)
    where = Q(pk__in=[])
    for kind, values in by_kind.items():
        where |= Q(kind=kind, value__in=values)
    found: dict[Identity, Person] = {}
    for row in IdentityLink.objects.filter(where).order_by("confidence", "last_seen", "pk"):
        found[Identity(row.kind, row.value)] = (row.on_entity, row.on_id)  # the surest and latest comes last
    missing = [one for one in identities if one not in found and one.kind in IN_KEYS]
    return found | _by_keys(missing)


def _by_keys(identities: Collection[Identity]) -> dict[Identity, Person]:
    if not identities:
        return {}
    where = Q(pk__in=[])
    for kind in IN_KEYS:
        where |= Q(kind=kind, value__in=[one.value for one in identities if one.kind == kind])
    order = [model._meta.label_lower for model in MODELS]
    rows = list(MatchKey.objects.filter(where, entity__in=order).values_list("kind", "value", "entity", "record_id"))
    people = set(
        Account._base_manager.filter(
            pk__in=[pk for _k, _v, entity, pk in rows if entity == "customers.account"], is_person=True
        ).values_list("pk", flat=True)
    )
    rows = [row for row in rows if row[2] != "customers.account" or row[3] in people]
    rows.sort(key=lambda row: (order.index(row[2]), row[3]), reverse=True)  # the best comes last
    return {Identity(kind, value): (entity, pk) for kind, value, entity, pk in rows}


def person_of(identities: Iterable[Identity], known: dict[Identity, Person]) -> Person | None:
    """Whom the surest of the identities names."""
    for one in sorted(identities, key=lambda one: -CONFIDENCE[one.kind]):
        if one in known:
            return known[one]
    return None


def join(joined: dict[Person, Iterable[Identity]], at: datetime) -> int:
    """Note that these people are known by these identities; what was done under them before becomes theirs.

    Returns how many events found their person. One identity on two people, unless machines share it, is a pair for stewards.
    """
    rows = [
        IdentityLink(
            kind=one.kind,
            value=one.value,
            on_entity=person[0],
            on_id=person[1],
            confidence=CONFIDENCE[one.kind],
            first_seen=at,
            last_seen=at,
        )
        for person, identities in sorted(joined.items())
        for one in sorted(set(identities))
    ]
    IdentityLink.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["kind", "value", "on_entity", "on_id"],
        update_fields=["last_seen"],
        batch_size=1000,
    )
    _list_conflicts({Identity(row.kind, row.value) for row in rows if row.kind not in SHARED})
    return _adopt(joined)


def _adopt(joined: dict[Person, Iterable[Identity]]) -> int:
    count, people = 0, []
    for person, identities in joined.items():
        names = [str(one) for one in identities]
        lost = BehaviourEvent.objects.filter(on_id__isnull=True, identities__overlap=names)
        if found := lost.update(on_entity=person[0], on_id=person[1]):
            count += found
            people.append(person)
    refresh_behaviour(people)
    return count


def _list_conflicts(identities: Collection[Identity]) -> None:
    where = Q(pk__in=[])
    for one in identities:
        where |= Q(kind=one.kind, value=one.value)
    holders: dict[tuple[Identity, str], set[int]] = defaultdict(set)
    for row in IdentityLink.objects.filter(where):
        holders[Identity(row.kind, row.value), row.on_entity].add(row.on_id)
    pairs = set()
    for (_one, label), ids in holders.items():
        if len(ids) > 1:
            model = apps.get_model(label)
            alive = model._base_manager.filter(pk__in=ids, deleted_at__isnull=True).order_by("pk")
            first, *others = alive.values_list("pk", flat=True)[:10] or [0]
            pairs |= {(label, first, other) for other in others}
    DuplicateCandidate.objects.bulk_create(
        [
            DuplicateCandidate(entity=label, first_id=first, second_id=second, score=POINTS, reasons=[[REASON, None]])
            for label, first, second in sorted(pairs)
        ],
        ignore_conflicts=True,
    )
