"""Taking records out of pools, putting them there, moving them between pools: each in one transaction, under the record's lock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy, pooling
from crm.entities.bound import BoundEntity
from crm.entities.entity import registry
from crm.fields.conditions import Group, Reader, parse
from crm.fields.field import AnyField
from crm.ownership import kinds, limits
from crm.ownership.membership import people_of
from crm.ownership.models import Pool, PooledRecord
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import ChangeSet, Entry, EntryLink
from crm.users.models import User

# So long those of a pool are told who was faster.
TOLD_FOR = timedelta(days=1)


def is_pooled(model: Any) -> bool:
    """Whether records of the model may lie in a pool, to be claimed there."""
    access = getattr(model, "access", None)
    return isinstance(access, policy.Pooled) and not isinstance(access, policy.PooledWith)


def in_pool(record: Any) -> bool:
    return getattr(record, "pool_id", None) is not None


def is_owned(record: Any) -> bool:
    return getattr(record, "pool_id", None) is None and not getattr(record, "converted_at", None)


@transaction.atomic
def claim(record: PooledRecord, *, actor: Actor, now: datetime | None = None) -> PooledRecord:
    """Take a record out of its pool. ValidationError with who has it now, or with the limit that stands against it."""
    now = now or timezone.now()
    limits.one_at_a_time(actor.user)
    current = _locked(record)
    if current.pool_id is None:
        raise ValidationError(who_has(current), code="taken")
    pool = current.pool
    limits.check_claim(actor.user, current, pool, now)
    current.owner, current.pool = actor.user, None
    records.save(current, actor=actor, kind=kinds.CLAIMED, pool=pool.name, pool_id=pool.pk)
    limits.note(actor.user, pool.pk, limits.What.CLAIM, current, now)
    return _now_as(record, current)


@transaction.atomic
def release(record: PooledRecord, *, actor: Actor, pool: Pool, reason: str = "") -> PooledRecord:
    """Put an owned record into a pool."""
    current = _locked(record)
    if current.pool_id is not None:
        raise ValidationError(_("It lies in the pool “%(pool)s” already.") % {"pool": current.pool})
    _fits(pool, current)
    into_pool([current], pool, actor=actor, kind=kinds.RELEASED, data={"reason": reason})
    return _now_as(record, current)


@transaction.atomic
def give(record: PooledRecord, *, actor: Actor, owner: User) -> PooledRecord:
    """Give a record of a pool to somebody: to its members if one keeps it, and to whom one may assign."""
    current = _locked(record)
    if current.pool_id is None:
        raise ValidationError(who_has(current), code="taken")
    pool, label = current.pool, current.entity_label()
    keeps = pooling.keeps_pool(actor.user, label, pool.pk) and people_of([pool.pk]).filter(pk=owner.pk).exists()
    if not owner.is_active or not (keeps or policy.can_assign(actor.user, label, owner)):
        raise ValidationError(_("You may not make %(name)s the owner.") % {"name": owner})
    current.owner, current.pool = owner, None
    records.save(current, actor=actor, kind=kinds.GIVEN, pool=pool.name, pool_id=pool.pk)
    return _now_as(record, current)


@transaction.atomic
def move(record: PooledRecord, *, actor: Actor, pool: Pool, reason: str = "") -> PooledRecord:
    """Move a record from its pool to another one."""
    current = _locked(record)
    if current.pool_id is None:
        raise ValidationError(who_has(current), code="taken")
    _fits(pool, current)
    if current.pool_id == pool.pk:
        raise ValidationError(_("It lies in the pool “%(pool)s” already.") % {"pool": pool})
    into_pool([current], pool, actor=actor, kind=kinds.MOVED_POOL, data={"reason": reason})
    return _now_as(record, current)


def into_pool(
    batch: Sequence[PooledRecord],
    pool: Pool,
    *,
    actor: Actor,
    kind: str,
    data: Any = None,
    changes: ChangeSet | None = None,
) -> None:
    """Take records from their owners, or from other pools, into ``pool``; inside the caller's transaction.

    ``data`` is kept on the entries: the same for all, or made by a function of the record.
    """
    for record in batch:
        record.owner, record.pool = None, pool
    common = {"pool": pool.name, "pool_id": pool.pk}
    kept = data if callable(data) else lambda _record: data or {}
    records.save_many(batch, actor=actor, kind=kind, changes=changes, data=lambda one: {**kept(one), **common})


def who_has(record: PooledRecord) -> str:
    """Who has a record that lay in a pool, and since when."""
    if record.deleted_at:
        return _("It was deleted meanwhile.")
    if record.owner is None:
        return _("It lies in the pool “%(pool)s” again.") % {"pool": record.pool}
    return _("%(owner)s has it since %(when)s.") % {"owner": record.owner, "when": limits.said(record.held_since)}


def gone_from_pool(bound: BoundEntity, pk: int) -> str:
    """What those of a pool are told of a record that was taken from it lately, though they don't reach it any more."""
    pools = policy.access_of(bound.user).pool_ids(bound.label)
    if not pools and not bound.user.is_superuser:
        return ""
    since = timezone.now() - TOLD_FOR
    links = EntryLink.objects.filter(entity=bound.label, record_id=pk, at__gt=since, kind__in=kinds.OUT)
    entry = Entry.objects.filter(pk__in=links.values("entry_id"), at__gt=since).order_by("-at", "-id").first()
    if entry is None or entry.data.get("pool_id") not in pools:
        return ""
    record = bound.model._base_manager.filter(pk=pk).first()
    return who_has(record) if record is not None else ""


def pools_for(label: str) -> QuerySet:
    """The pools in use of an entity, in the order in which they are asked."""
    return Pool.objects.filter(entity=label, active=True).order_by("position", "id")


class Placing:
    """Which pool takes a record: the first in use whose conditions it fulfils."""

    def __init__(self, label: str, now: datetime, pools: Iterable[Pool] | None = None) -> None:
        self.reader = Reader(0, (), now)
        self.pools = [(pool, takes(pool)) for pool in (pools_for(label) if pools is None else pools)]

    def pool_of(self, record: PooledRecord) -> Pool | None:
        return next((p for p, fits in self.pools if fits is not None and fits.holds(record, self.reader)), None)


def takes(pool: Pool) -> Group | None:
    """The condition of what a pool takes; None when it can't be understood any more: such a pool takes nothing by itself."""
    return read(pool.entity, pool.condition)


def read(label: str, stored: dict) -> Group | None:
    """A stored condition over any field of the entity."""
    try:
        return parse(stored or {"all": []}, AnyField(registry[label].model))
    except (ValidationError, KeyError):
        return None


def _locked(record: PooledRecord) -> PooledRecord:
    """The record as it is now, locked until the transaction ends."""
    rows = type(record)._base_manager.select_for_update(of=("self",)).select_related("pool", "owner")
    found = rows.filter(pk=record.pk, deleted_at__isnull=True).first()
    if found is None:
        raise ValidationError(_("It was deleted meanwhile."))
    return found


def _now_as(record: PooledRecord, current: PooledRecord) -> PooledRecord:
    """Make the caller's copy what was written."""
    record.__dict__.update(current.__dict__)
    return record


def _fits(pool: Pool, record: PooledRecord) -> None:
    if pool.entity != record.entity_label() or not pool.active:
        raise ValidationError(_("The pool “%(pool)s” does not take that.") % {"pool": pool})
