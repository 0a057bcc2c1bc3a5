"""Registered first: a customer whom somebody is after is kept for them for a while, before there is any record of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.lib.company_names import read_company
from crm.lib.lookups import any_of
from crm.matching import rules
from crm.matching.claims import refuse
from crm.matching.holders import stage_of
from crm.matching.keys import (
    Key,
    company_keys,
    email_key,
    is_matched,
    keys_of,
    match_keys,
    matched,
    phone_key,
    same_keys,
    tax_key,
)
from crm.matching.models import MatchKey, MatchRule, Registration
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.hooks import WriteBatch, before_write

LABEL = "matching.registration"
LOCK = "select pg_advisory_xact_lock(hashtextextended(key, 0)) from unnest(%s::text[]) key order by key"


@match_keys(LABEL, name="title", group="customers", holds=lambda registration: registration.is_active)
def registration_keys(registration: Registration) -> Iterator[Key | None]:
    """Name, number, address and tax id, as of the record it is to become."""
    yield from company_keys(registration.title)
    yield phone_key(registration.phone)
    yield email_key(registration.email)
    yield tax_key(registration.tax_id)


@stage_of(LABEL)
def registered_until(registrations: list[Registration]) -> dict[int, str]:
    """Instead of a stage: that it is registered, and until when."""
    said = _("registered until %(day)s")
    return {r.pk: said % {"day": f"{timezone.localtime(r.until):%Y-%m-%d}"} for r in registrations}


@before_write
def heed_registrations(batch: WriteBatch) -> None:
    """Nobody else enters what somebody has registered; of two who register at once the first one has it."""
    label = batch.model._meta.label_lower
    if not is_matched(label) or batch.undoing:
        return
    if batch.model is not Registration and not MatchKey.objects.filter(entity=LABEL).exists():
        return  # nothing is registered: keys of many rows need not be worked out for it
    fresh: dict[Key, Any] = {}
    for before, after in zip(batch.before, batch.after, strict=True):
        alive = before is not None and before.deleted_at is None
        if after.deleted_at is None and not (alive and same_keys(before, after)):
            old = keys_of(before) if before is not None and before.deleted_at is None else frozenset()
            fresh |= {key: after for key in keys_of(after) - old if key.kind in MatchRule.BLOCKING}
    if not fresh:
        return
    if batch.model is Registration:
        with connection.cursor() as cursor:
            cursor.execute(LOCK, [[f"{kind}:{value}" for kind, value in sorted(fresh)]])
    against = [(found, key) for found, key in _registered(fresh) if found.owner_id != fresh[key].owner_id]
    if against:
        raise refuse(against, batch.actor.user)


def holders_of(record: Any) -> list[Registration]:
    """The active registrations of what the record is, saved or not, whoever made them; itself is none of them."""
    keys = {key: record for key in keys_of(record) if key.kind in MatchRule.BLOCKING}
    return list({found.pk: found for found, _key in _registered(keys)}.values()) if keys else []


def _registered(keys: dict[Key, Any]) -> list[tuple[Registration, Key]]:
    """The active registrations that carry one of the keys; one query where there is none."""
    rows = MatchKey.objects.filter(entity=LABEL, kind__in={key.kind for key in keys})
    found = rows.filter(any_of("value", {key.value for key in keys})).values_list("record_id", "kind", "value")
    places = [(pk, Key(kind, value)) for pk, kind, value in found if Key(kind, value) in keys]
    if not places:
        return []
    active = Registration._base_manager.filter(pk__in={pk for pk, _key in places}, deleted_at__isnull=True)
    loaded = {r.pk: r for r in active if r.is_active}
    near = [(loaded[pk], key) for pk, key in places if pk in loaded and _near(loaded[pk], keys[key], key)]
    return [(found, key) for found, key in near if not (type(keys[key]) is Registration and found.pk == keys[key].pk)]


def _near(registration: Registration, record: Any, key: Key) -> bool:
    """Companies that are called alike in two places are two."""
    if key.kind != MatchKey.Kind.COMPANY:
        return True
    name = str(getattr(record, matched(record._meta.label_lower).name) or "")
    places = {read_company(registration.title).place, read_company(name).place} - {""}
    return len(places) < 2


def protect(registration: Registration, now: datetime | None = None) -> None:
    """Give a new registration its time."""
    if registration.until is None:
        days = rules.current().policy(LABEL).protect_days
        registration.until = (now or timezone.now()) + timedelta(days=days)


def end_protection(now: datetime | None = None) -> int:
    """Close registrations whose time is over; returns how many. They have kept nobody out since then."""
    now = now or timezone.now()
    over = Registration._base_manager.filter(state=Registration.State.ACTIVE, until__lte=now, deleted_at__isnull=True)
    ended = 0
    for registration in over.order_by("until")[:500]:
        registration.state = Registration.State.EXPIRED
        records.save(registration, actor=Actor(None, "registration:over"))
        ended += 1
    return ended
