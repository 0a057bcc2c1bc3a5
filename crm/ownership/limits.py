"""What stands against a claim, each in words that say what to do: limits a day, holdings, cool-down, new data."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.db.models import Q
from django.utils import formats
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from crm.access import policy, pooling
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.ownership.models import HoldingLimit, Pool, PooledRecord, PoolUse
from crm.records.models import Entry, EntryLink, Record

What = PoolUse.What


def one_at_a_time(user: Any) -> None:
    """Let one claim of a person wait for the other, until the transaction ends: else two would both be the last one allowed."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('crm.ownership.claim'), %s)", [user.pk])


def check_claim(user: Any, record: PooledRecord, pool: Pool, now: datetime) -> None:
    """ValidationError when the person may not claim the record now, with the reason."""
    label = record.entity_label()
    if not policy.can_record(user, record, "claim"):
        raise ValidationError(_("You are not a member of the pool “%(pool)s”.") % {"pool": pool})
    free = record.created_at + timedelta(hours=pool.fresh_hours)
    if pool.fresh_hours and now < free:
        raise ValidationError(_("It has just come in and may be claimed from %(when)s on.") % {"when": said(free)})
    if pool.cool_down_days:
        _check_cool_down(user, record, pool, now)
    if pool.per_day is not None:
        taken = used(user, pool, What.CLAIM, now)
        if taken >= pool.per_day:
            text = _("You have claimed %(taken)s today; the limit is %(limit)s.")
            raise ValidationError(text % {"taken": taken, "limit": pool.per_day})
    most = capacity(user, label)
    if most is not None and (held := holding(user, label)) >= most:
        raise ValidationError(_("You hold %(held)s; the limit is %(limit)s.") % {"held": held, "limit": most})


def used(user: Any, pool: Pool, what: str, now: datetime) -> int:
    """How many records of the pool the person has claimed, or opened, today."""
    return PoolUse.objects.filter(user=user, what=what, day=localtime(now).date(), pool=pool).count()


def note(user: Any, pool_id: int, what: str, record: Record, now: datetime) -> None:
    """Count a claim or a look; each record once a day."""
    use = PoolUse(user=user, pool_id=pool_id, what=what, day=localtime(now).date(), record_id=record.pk, at=now)
    PoolUse.objects.bulk_create([use], ignore_conflicts=True)


def _check_cool_down(user: Any, record: PooledRecord, pool: Pool, now: datetime) -> None:
    """Who had it lately must wait: the log knows until when they had it."""
    since = now - timedelta(days=pool.cool_down_days)
    label = record.entity_label()
    links = EntryLink.objects.filter(entity=label, record_id=record.pk, at__gt=since).values("entry_id")
    left = Entry.objects.filter(pk__in=links, at__gt=since, entity=label, record_id=record.pk)
    last = left.filter(changes__owner__0=user.pk).order_by("-at").values_list("at", flat=True).first()
    if last is not None:
        again = last + timedelta(days=pool.cool_down_days)
        text = _("You had it until %(left)s and may claim it again from %(again)s on.")
        raise ValidationError(text % {"left": said(last), "again": said(again)})


def capacity(user: Any, label: str) -> int | None:
    """How many records of the entity the person may hold: the largest limit that fits; None where none does."""
    above = [int(pk) for pk in user.department.path.strip("/").split("/")] if user.department_id else []
    fits = Q(role__users=user) | Q(department__in=above) | Q(role__isnull=True, department__isnull=True)
    return max(HoldingLimit.objects.filter(fits, entity=label).values_list("most", flat=True), default=None)


def holding(user: Any, label: str) -> int:
    """How many records of the entity the person holds: those still worked on, where the entity says which these are."""
    entity = registry[label]
    rows = entity.model._base_manager.filter(owner=user, deleted_at__isnull=True)
    if entity.workload:
        bound = bind(entity, user)
        rows = rows.filter(bound.condition(entity.workload).q(bound.reader()))
    return rows.count()


class QuotaSpent(PermissionDenied):
    """A member has opened as many records of the pool today as they may before claiming any."""


def open_in_pool(user: Any, record: Record, now: datetime) -> None:
    """Count that a member opens a record in a pool; QuotaSpent where that is one too many."""
    pool_id, label = getattr(record, "pool_id", None), record.entity_label()
    reach = policy.access_of(user).pools.get(label, {}).get(pool_id) if pool_id else None
    if reach is None or reach.keeper or not reach.member or pooling.sees_all(user, label):
        return
    pool = Pool.objects.get(pk=pool_id)
    if pool.views_per_day is None:
        return
    today = PoolUse.objects.filter(user=user, what=What.VIEW, day=localtime(now).date(), pool=pool)
    if today.filter(record_id=record.pk).exists():
        return
    one_at_a_time(user)
    opened = today.count()
    if opened >= pool.views_per_day:
        text = _(
            "You have opened %(opened)s records of “%(pool)s” today; the limit is %(limit)s. Claim one to work on it."
        )
        raise QuotaSpent(text % {"opened": opened, "pool": pool, "limit": pool.views_per_day})
    note(user, pool.pk, What.VIEW, record, now)


def said(moment: datetime) -> str:
    """A moment as people read it."""
    return formats.date_format(localtime(moment), "SHORT_DATETIME_FORMAT")
