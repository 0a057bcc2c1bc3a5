"""Events come in by the batch: one transaction, a few statements, each event once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.timezone import localdate

from crm.inbound.models import Connection
from crm.records.actor import Actor
from crm.records.log import log_many
from crm.reference.models import ExchangeRate
from marketing import kinds
from marketing.events.behaviour import refresh_behaviour
from marketing.events.identities import SHARED, Identity, Person, join, person_of, whose
from marketing.events.reading import Told, read_event
from marketing.models import BehaviourEvent

MOST = 2000


def take_events(source: Connection | None, data: Sequence[Any], now: datetime | None = None) -> dict[str, Any]:
    """Keep a batch of events: how many were kept, known before, and refused with the reason by their number."""
    told, errors = [], {}
    for number, one in enumerate(data):
        try:
            told.append(read_event(one, now))
        except ValidationError as error:
            errors[str(number)] = error.message_dict
    return _keep(source, told) | {"refused": len(errors), "errors": dict(list(errors.items())[:100])}


@transaction.atomic
def _keep(source: Connection | None, told: list[Told]) -> dict[str, Any]:
    _one_after_the_other(source)
    fresh = _unknown(source, told)
    for one in fresh:
        one.event.source = source
    joined = _assign(fresh)
    _price([one.event for one in fresh])
    made = _insert([one.event for one in fresh])
    if joined:
        join(joined, timezone.now())
    people = {(event.on_entity, event.on_id) for event in made if event.on_id}
    refresh_behaviour(people)
    _tell(source, made)
    return {"kept": len(made), "known": len(told) - len(made)}


def _assign(fresh: list[Told]) -> dict[Person, set[Identity]]:
    """Give each event to whom it names, and note by what else they are known: also by what the same batch tells."""
    known = whose({identity for one in fresh for identity in one.identities})
    joined: dict[Person, set[Identity]] = defaultdict(set)
    for _round in range(2):
        for one in fresh:
            if (person := person_of(one.identities, known)) is None:
                continue
            one.event.on_entity, one.event.on_id = person
            # What came along is theirs too. Where it is surely somebody else's already, two people claim it.
            joined[person] |= {i for i in one.identities if i.kind not in SHARED or known.get(i, person) == person}
        known = {i: person for person, identities in joined.items() for i in identities} | known
    return joined


def _one_after_the_other(source: Connection | None) -> None:
    """Two calls of one program that hold the same events keep each once."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('marketing.events'), %s)", [source.pk if source else 0])


def _unknown(source: Connection | None, told: list[Told]) -> list[Told]:
    """Those that did not come before, in this batch or another one."""
    first = {one.event.key: one for one in reversed(told)}
    if not first:
        return []
    moments = [one.event.at for one in first.values()]
    there = BehaviourEvent.objects.filter(
        source=source, key__in=list(first), at__range=(min(moments), max(moments))
    ).values_list("key", "at")
    gone = {key for key, at in there if first[key].event.at == at}
    return [one for key, one in first.items() if key not in gone]


def _insert(events: list[BehaviourEvent]) -> list[BehaviourEvent]:
    """The events with their ids."""
    return BehaviourEvent.objects.bulk_create(events, batch_size=500) if events else []


def _price(events: list[BehaviourEvent]) -> None:
    """The amounts in CNY at the rate of the day."""
    rates: dict[tuple[str, Any], Decimal | None] = {}
    for event in events:
        if event.amount is None:
            continue
        key = (event.currency, localdate(event.at))
        if key not in rates:
            rates[key] = Decimal(1) if event.currency == "CNY" else ExchangeRate.objects.rate_of(*key)
        if (rate := rates[key]) is not None:
            event.base_amount = (event.amount * rate).quantize(Decimal("0.01"))


def _tell(source: Connection | None, events: list[BehaviourEvent]) -> None:
    """Purchases stand on the timeline; what people merely look at does not."""
    by_label: dict[str, list[BehaviourEvent]] = defaultdict(list)
    for event in events:
        if event.on_id and event.kind in BehaviourEvent.PURCHASES:
            by_label[event.on_entity].append(event)
    cause = f"inbound:{source.pk}" if source else "events"
    for label, bought in by_label.items():
        records = apps.get_model(label)._base_manager.in_bulk({event.on_id for event in bought})
        bought = [event for event in bought if event.on_id in records]
        for event in bought:
            told = {
                "title": event.title,
                "kind": event.kind,
                "amount": str(event.amount) if event.amount is not None else "",
                "currency": event.currency,
                "place": event.place,
            }
            log_many([records[event.on_id]], kinds.BOUGHT, actor=Actor(None, cause), data=[told], at=event.at)


def ensure_months() -> None:
    """Make the partitions of this month and the next three."""
    with connection.cursor() as cursor:
        cursor.execute("select marketing_add_event_months(now()::date, (now() + interval '3 months')::date)")
