"""What a lead did and is known by goes to the person that it becomes, and back to the lead when the conversion is undone."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.dateparse import parse_datetime

from crm.records.hooks import WriteBatch, on, on_written
from crm.records.models import Entry
from customers.tracing import Touch, carry_touches, refresh_traces
from marketing.events.behaviour import refresh_behaviour
from marketing.models import BehaviourEvent, Carried, IdentityLink
from sales.kinds import CONVERTED
from sales.models import Lead

SEEN = ("first_seen", "last_seen")


@on("sales.lead.converted", name="marketing.converted")
def follow_conversion(entry: Entry) -> None:
    """What a lead did is what the person did that it became."""
    lead = Lead._base_manager.filter(pk=entry.record_id).first()
    if lead is not None:
        carry(lead, entry)


def carry(lead: Lead, entry: Entry) -> None:
    """Give events and identities of a converted lead to its person. Safe to repeat."""
    person = lead.converted_contact or lead.converted_account
    if person is None:
        return
    old, new = _on(lead), _on(person)
    events = list(BehaviourEvent.objects.filter(**old).values_list("pk", flat=True))
    links, dropped = list(IdentityLink.objects.filter(**old)), []
    held = set(IdentityLink.objects.filter(**new).values_list("kind", "value"))
    for link in links:
        if (link.kind, link.value) in held:
            dropped.append(_kept(link))
            link.delete()
    moved = [link.pk for link in links if link.pk is not None]
    IdentityLink.objects.filter(pk__in=moved).update(**new)
    BehaviourEvent.objects.filter(**old).update(**new)
    kept = Carried.objects.filter(lead=lead).first() or Carried(lead=lead, **new, made=_made(person, entry))
    kept.events, kept.links, kept.dropped = kept.events + events, kept.links + moved, kept.dropped + dropped
    kept.save()
    refresh_behaviour([tuple(old.values()), tuple(new.values())])


@on_written
def follow_undo(batch: WriteBatch) -> None:
    """A lead whose conversion is taken back has its traces again; one whose undoing is undone gives them away anew."""
    if batch.model is not Lead:
        return
    done = Lead.Status.CONVERTED
    for before, after in zip(batch.before, batch.after, strict=True):
        if before is None or (before.status == done) == (after.status == done):
            continue
        entry = (
            Entry.objects.filter(kind=CONVERTED, entity=after.entity_label(), record_id=after.pk)
            .order_by("-pk")
            .first()
        )
        if after.status != done:
            take_back(before, entry)
        elif batch.undoing and entry is not None:
            carry_touches(after, [after.converted_account, after.converted_contact])
            carry(after, entry)


@transaction.atomic
def take_back(lead: Lead, entry: Entry | None) -> None:
    """``lead`` as it was when it was converted: what it brought leaves the person, wherever a merge has put it since."""
    here, person = _on(lead), lead.converted_contact or lead.converted_account
    copies = entry.data.get("touches", []) if entry is not None else []
    gone = Touch.objects.filter(pk__in=copies)
    touched = {tuple(row) for row in gone.values_list("on_entity", "on_id")}
    gone.delete()
    kept = Carried.objects.filter(lead=lead.pk).first()
    if kept is not None:
        _give_back(kept, here)
        touched.add((kept.on_entity, kept.on_id))
        kept.delete()
    elif person is not None:
        touched.add(tuple(_on(person).values()))
    for label in {label for label, _pk in touched}:
        refresh_traces(label, [pk for other, pk in touched if other == label])
    refresh_traces(here["on_entity"], [lead.pk])
    refresh_behaviour([*touched, (here["on_entity"], lead.pk)])


def _give_back(kept: Carried, here: dict[str, Any]) -> None:
    there = {"on_entity": kept.on_entity, "on_id": kept.on_id}
    theirs = {"on_entity__in": ("customers.contact", "customers.account")}  # never what was taken from its person since
    BehaviourEvent.objects.filter(pk__in=kept.events, **theirs).update(**here)
    IdentityLink.objects.filter(pk__in=kept.links, **theirs).update(**here)
    if kept.made:
        BehaviourEvent.objects.filter(**there).update(**here)
        known = set(IdentityLink.objects.filter(**here).values_list("kind", "value"))
        for link in IdentityLink.objects.filter(**there):
            if (link.kind, link.value) not in known:
                IdentityLink.objects.filter(pk=link.pk).update(**here)
        Touch.objects.filter(**there).update(**here)
    rows = [IdentityLink(**here, **row | {name: parse_datetime(row[name]) for name in SEEN}) for row in kept.dropped]
    IdentityLink.objects.bulk_create(rows, ignore_conflicts=True)


def _on(record: Any) -> dict[str, Any]:
    return {"on_entity": record.entity_label(), "on_id": record.pk}


def _kept(link: IdentityLink) -> dict[str, Any]:
    seen = {name: getattr(link, name).isoformat() for name in SEEN}
    return {"kind": link.kind, "value": link.value, "confidence": link.confidence, **seen}


def _made(person: Any, entry: Entry) -> bool:
    """Whether the conversion itself made the person."""
    own = Entry.objects.filter(entity=person.entity_label(), record_id=person.pk, kind__endswith=".created")
    return bool(entry.change_set_id) and own.filter(change_set_id=entry.change_set_id).exists()
