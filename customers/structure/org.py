"""Who reports to whom at an account, as one reader may know it: people out of reach are not there, nor is a gap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction

from crm.access import policy
from crm.entities.bound import BoundEntity, BoundField, bind
from crm.entities.constraints import refusal
from crm.entities.entity import registry
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Entry
from customers.kinds import LINE_MOVED
from customers.models import Account, Contact

MOST = 500
LABEL, AFFILIATION = "customers.contact", "customers.accountcontact"
FACTS = ("job_title",)
PILLS = ("decision_role", "influence", "attitude")


@dataclass
class Place:
    """One person in the chart with those who report to them."""

    contact: Contact
    movable: bool
    reports: list[Place] = field(default_factory=list)

    def all(self) -> Iterator[Place]:
        """The place and everything below it."""
        yield self
        for place in self.reports:
            yield from place.all()


@dataclass
class Chart:
    """The people of an account as trees."""

    entity: BoundEntity
    tops: list[Place]
    facts: list[BoundField]
    pills: list[BoundField]
    count: int
    more: bool

    @property
    def movable(self) -> bool:
        return any(place.movable for place in self.places())

    def places(self) -> Iterator[Place]:
        for top in self.tops:
            yield from top.all()

    def place_of(self, pk: int) -> Place | None:
        return next((place for place in self.places() if place.contact.pk == pk), None)

    def above(self, pk: int) -> list[Contact]:
        """Those to whom the person could report: everybody but they themselves and those below them."""
        place = self.place_of(pk)
        below = {one.contact.pk for one in place.all()} if place else set()
        return [one.contact for one in self.places() if one.contact.pk not in below]


def people_of(account: Account, user: Any) -> Any:
    """The people of the account whom the user may see; those with a further job there as far as they see such jobs."""
    rows = bind(registry[LABEL], user).records()
    return rows.of(account) if policy.can(user, AFFILIATION, "view") else rows.filter(account=account)


def chart_of(account: Account, user: Any) -> Chart:
    """The chart of an account: two queries, whatever its size."""
    bound = bind(registry[LABEL], user)
    found = list(people_of(account, user).order_by("name_key", "pk")[: MOST + 1])
    may = bound.reachable([c.pk for c in found], "change") if bound.can("change") else set()
    places = {c.pk: Place(c, c.pk in may) for c in found[:MOST]}
    tops = []
    for pk, place in places.items():
        above = places.get(place.contact.reports_to_id)
        (above.reports if above is not None and above.contact.pk != pk else tops).append(place)
    weight = {"decider": 0, "champion": 1, "influencer": 2}
    if "decision_role" in bound.readable(["decision_role"]):
        tops.sort(key=lambda p: (not p.reports, weight.get(p.contact.decision_role, 3)))
    return Chart(bound, tops, bound.visible(FACTS), bound.visible(PILLS), len(places), len(found) > MOST)


@transaction.atomic
def move_line(contact: Contact, superior: Contact | None, *, actor: Actor) -> Entry | None:
    """Let a person report to somebody else, or to nobody. ValidationError where it would lead round in a circle."""
    if contact.reports_to_id == (superior.pk if superior else None):
        return None
    contact.reports_to = superior
    try:
        with transaction.atomic():
            return records.save(contact, actor=actor, kind=LINE_MOVED)
    except IntegrityError as error:
        raise refusal(Contact, error) from error


@dataclass(frozen=True)
class Lines:
    """Whom a person reports to and who reports to them, as far as the reader sees those."""

    superior: Contact | None
    reports: list[Contact]


def superior_of(contact: Contact, user: Any) -> Lines:
    """The lines up and down from one person."""
    rows = bind(registry[LABEL], user).records()
    above = rows.filter(pk=contact.reports_to_id).first() if contact.reports_to_id else None
    return Lines(above, list(rows.filter(reports_to=contact).order_by("name_key", "pk")[:MOST]))
