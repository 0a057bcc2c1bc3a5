"""What somebody did, as their page tells it: by the day, the pages that they looked at folded into one line."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.db.models import Q
from django.utils.timezone import localtime

from crm.access import policy
from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import registry
from crm.lib.phone import mask_email, mask_phone
from crm.records.models import Record
from customers.models import Account, Contact
from customers.structure.org import people_of
from customers.tracing import BEHAVIOUR
from marketing.models import BehaviourEvent, IdentityLink

CONTACT = "customers.contact"
SHOWN, PEOPLE = 300, 200


def days_of(record: Record, user: Any) -> list[dict[str, Any]]:
    """The latest events by day; those of a company's people are its own, as far as ``user`` may know them."""
    people = _people_of(record, user)
    own = Q(on_entity=record.entity_label(), on_id=record.pk)
    rows = BehaviourEvent.objects.filter(own | Q(on_entity=CONTACT, on_id__in=list(people)) if people else own)[:SHOWN]
    by_day = groupby(rows, lambda event: localtime(event.at).date())
    return [{"date": day, "lines": _folded(list(events), people)} for day, events in by_day]


def _people_of(record: Record, user: Any) -> dict[int, Contact]:
    if not isinstance(record, Account) or record.is_person or not policy.can(user, CONTACT, "view"):
        return {}
    bound = bind(registry[CONTACT], user)
    if set(bound.readable(("name", *BEHAVIOUR))) != {"name", *BEHAVIOUR}:
        return {}
    return {one.pk: one for one in people_of(record, user).order_by("-last_visit_at", "-pk")[:PEOPLE]}


def _folded(events: list[BehaviourEvent], people: dict[int, Contact]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    told = groupby(events, lambda event: (event.kind == BehaviourEvent.Kind.PAGE_VIEW, event.on_entity, event.on_id))
    for (looking, entity, pk), some in told:
        who = people.get(pk) if entity == CONTACT else None
        if looking:
            pages = list(some)
            lines.append({"pages": pages, "at": pages[0].at, "who": who})
        else:
            lines += [{"event": event, "who": who} for event in some]
    return lines


def known_by(record: Record, bound: BoundEntity) -> list[dict[str, Any]]:
    """The identities of the person; numbers and addresses as the reader sees those of the record."""
    found = []
    fields = {"phone": ("mobile", "phone"), "email": ("email",)}
    rows = IdentityLink.objects.filter(on_entity=record.entity_label(), on_id=record.pk).order_by("-confidence", "pk")
    for row in rows[:50]:
        value = row.value
        if row.kind in fields:
            names = [name for name in fields[row.kind] if name in bound.field_names]
            if len(bound.visible(names)) < len(names):
                continue
            if set(bound.readable(names)) != set(names):
                value = mask_phone(value) if row.kind == "phone" else mask_email(value)
        found.append({"kind": row.get_kind_display(), "value": value, "confidence": row.confidence})
    return found
