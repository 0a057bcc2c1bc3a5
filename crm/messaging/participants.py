"""Who is in a mail: our own people, and the customers whose addresses are in it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q
from django.db.models.functions import Lower

from crm.entities.entity import registry
from crm.matching.keys import email_key
from crm.matching.models import MatchKey
from crm.messaging.access import holders
from crm.messaging.models import MailAccount, MailLink, MailMessage
from crm.records.models import Record
from crm.users.models import User

MOST_LINKS = 20
MOST_OF_ONE_ADDRESS = 5


def our_people(addresses: Iterable[str]) -> list[int]:
    """The users whom some of the addresses belong to."""
    wanted = [address.lower() for address in addresses]
    users = User.objects.annotate(lower=Lower("email")).filter(lower__in=wanted)
    accounts = MailAccount.objects.annotate(lower=Lower("address")).filter(lower__in=wanted, shared=False)
    return sorted({*users.values_list("pk", flat=True), *accounts.values_list("owner", flat=True)})


def strangers(addresses: Iterable[str]) -> list[str]:
    """The addresses that are not our own."""
    wanted = list(dict.fromkeys(address.lower() for address in addresses))
    users = User.objects.annotate(lower=Lower("email")).filter(lower__in=wanted).values_list("lower", flat=True)
    accounts = MailAccount.objects.annotate(lower=Lower("address")).filter(lower__in=wanted)
    ours = {*users, *accounts.values_list("lower", flat=True)}
    return [address for address in wanted if address not in ours]


def records_of(addresses: Iterable[str]) -> list[Record]:
    """The records that have one of the addresses; none for an address that stands in many."""
    values = {key.value: None for address in strangers(addresses) if (key := email_key(address))}
    labels = {model._meta.label_lower for model in holders()} & registry.keys()
    rows = MatchKey.objects.filter(kind=MatchKey.Kind.EMAIL, value__in=values, entity__in=labels).order_by(
        "entity", "record_id"
    )
    by_value: dict[tuple[str, str], list[int]] = {}
    for value, label, pk in rows.values_list("value", "entity", "record_id")[:500]:
        by_value.setdefault((value, label), []).append(pk)
    found: list[Record] = []
    for (_value, label), pks in by_value.items():
        if len(pks) <= MOST_OF_ONE_ADDRESS:
            found += registry[label].model._base_manager.filter(pk__in=pks, deleted_at__isnull=True)
    return list(dict.fromkeys(found))[:MOST_LINKS]


def link_by_address(message: MailMessage) -> None:
    """Link a new mail to the records that have its addresses, and to those its thread was linked to by hand."""
    links = [
        MailLink(message=message, entity=record.entity_label(), record_id=record.pk)
        for record in records_of(message.addresses)
    ]
    known = MailLink.objects.filter(
        Q(message__thread=message.thread_id), how__in=[MailLink.How.HAND, MailLink.How.THREAD]
    ).exclude(message=message)
    for entity, pk in known.values_list("entity", "record_id").distinct()[:MOST_LINKS]:
        links.append(MailLink(message=message, entity=entity, record_id=pk, how=MailLink.How.THREAD))
    MailLink.objects.bulk_create(links, ignore_conflicts=True)
