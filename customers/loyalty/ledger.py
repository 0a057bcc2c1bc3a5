"""The only way points move: balance, entry and lots in one transaction.

The balance is changed by one statement that holds the member's row until the transaction ends, and refuses what it can't
cover; so whatever follows for that member happens one after the other. Σ entries = balance = Σ lots, always.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from dateutil.relativedelta import relativedelta
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.records.actor import Actor
from customers.loyalty.models import (
    MOST,
    AccountMembership,
    ContactMembership,
    LoyaltyProgram,
    Membership,
    PointsEntry,
    PointsLot,
)

Kind = PointsEntry.Kind
MEMBERSHIPS: dict[str, type[Membership]] = {
    "customers.account": AccountMembership,
    "customers.contact": ContactMembership,
}
BATCH = 500

# The level follows from all that was ever earned; who has points is a member.
_MOVE = """
update {table} set balance = balance + %(points)s, earned = earned + %(earned)s, joined_at = coalesce(joined_at, %(now)s),
    level_id = (select id from loyalty_memberlevel where threshold <= earned + %(earned)s order by threshold desc limit 1)
where record_id = %(id)s and balance + %(points)s between 0 and {most} returning balance
"""
_SPEND = """
with lots as (
    select entry_id, "left", sum("left") over (order by expires_on nulls last, entry_id) - "left" as before
    from loyalty_pointslot where entity = %(entity)s and record_id = %(id)s and "left" > 0)
update loyalty_pointslot l set "left" = l."left" - least(l."left", %(points)s - lots.before)
from lots where l.entry_id = lots.entry_id and lots.before < %(points)s
"""


class TooFew(ValidationError):
    """More points than there are."""


@dataclass(frozen=True)
class Move:
    """What is asked for: ``points`` above zero are given, below zero taken. ``earned`` counts for the level beside what is earned."""

    kind: str
    points: int
    reason: str = ""
    key: str = ""
    rule: Any = None
    expires_on: date | None = None
    earned: int = 0


@transaction.atomic
def move(record: Any, asked: Move, *, actor: Actor, now: datetime | None = None) -> PointsEntry:
    """Do it, or return the entry that the same key made before. TooFew where the balance does not cover it."""
    now = now or timezone.now()
    if asked.key and (known := PointsEntry.objects.filter(key=asked.key).first()):
        return known
    if not asked.points or abs(asked.points) > MOST:
        raise ValidationError(_("Enter a number of points."))
    try:
        with transaction.atomic():
            return _written(record.entity_label(), record.pk, asked, actor, now)
    except _Known as known_now:
        return PointsEntry.objects.get(key=known_now.args[0])


class _Known(Exception):
    """Somebody else did it with the same key, while this waited for the member's row."""


def _written(label: str, pk: int, asked: Move, actor: Actor, now: datetime) -> PointsEntry:
    balance = _balance(label, pk, asked.points, asked.points if asked.kind == Kind.EARN else asked.earned, now)
    if asked.key and PointsEntry.objects.filter(key=asked.key).exists():
        raise _Known(asked.key)
    entry = PointsEntry.objects.create(
        at=now, entity=label, record_id=pk, kind=asked.kind, points=asked.points, balance=balance,
        reason=asked.reason[:300], key=asked.key or None, rule=asked.rule, expires_on=asked.expires_on,
        actor=actor.user, cause=actor.cause,
    )  # fmt: skip
    if asked.points > 0:
        PointsLot.objects.create(
            entry=entry, entity=label, record_id=pk, left=asked.points, expires_on=asked.expires_on
        )
    elif asked.kind != Kind.EXPIRE:
        with connection.cursor() as cursor:
            cursor.execute(_SPEND, {"entity": label, "id": pk, "points": -asked.points})
    return entry


def _balance(label: str, pk: int, points: int, earned: int, now: datetime) -> int:
    """The balance after the move; the row is held from here on."""
    table = MEMBERSHIPS[label]._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(_MOVE.format(table=table, most=MOST), {"points": points, "earned": earned, "now": now, "id": pk})
        row = cursor.fetchone()
    if row is None:
        have = MEMBERSHIPS[label].objects.filter(pk=pk).values_list("balance", flat=True).first() or 0
        raise TooFew(_("There are only %(points)s points.") % {"points": have} if points < 0 else _("Too many points."))
    return row[0]


def good_until(today: date) -> date | None:
    """The last day of points given today; None: they never expire."""
    months = LoyaltyProgram.current().months
    return today + relativedelta(months=months) if months else None


def give(record: Any, points: int, *, actor: Actor, reason: str = "", key: str = "", rule: Any = None, now: datetime | None = None) -> PointsEntry:  # fmt: skip
    """Points earned: they count for the level, and expire."""
    until = good_until(timezone.localdate(now))
    return move(record, Move(Kind.EARN, points, reason, key, rule, until), actor=actor, now=now)


def redeem(record: Any, points: int, *, actor: Actor, reason: str = "", key: str = "") -> PointsEntry:
    """Points spent."""
    if points <= 0:
        raise ValidationError(_("Enter a number of points."))
    return move(record, Move(Kind.BURN, -points, reason, key), actor=actor)


def adjust(record: Any, points: int, *, actor: Actor, reason: str, key: str = "") -> PointsEntry:
    """A correction by hand, up or down, which needs a reason; it does not count for the level."""
    if not reason.strip():
        raise ValidationError({"reason": _("Say why.")})
    until = good_until(timezone.localdate()) if points > 0 else None
    return move(record, Move(Kind.ADJUST, points, reason, key, None, until), actor=actor)


@transaction.atomic
def take_back(record: Any, points: int, *, actor: Actor, reason: str, key: str) -> PointsEntry | None:
    """What was given wrongly, as far as it is still there; None where nothing is left."""
    model = MEMBERSHIPS[record.entity_label()]
    have = model.objects.select_for_update().filter(pk=record.pk).values_list("balance", flat=True).first() or 0
    points = min(points, have)
    return move(record, Move(Kind.ADJUST, -points, reason, key), actor=actor) if points else None


def expire_due(today: date, *, actor: Actor, now: datetime | None = None) -> int:
    """Take what was good until before ``today``; how many lots expired. Can be called at any time, and twice at once."""
    now, count = now or timezone.now(), 0
    while True:
        due = PointsLot.objects.filter(left__gt=0, expires_on__lt=today).order_by("entity", "record_id", "entry_id")
        lots = list(due.values_list("entity", "record_id", "entry_id")[:BATCH])
        if not lots:
            return count
        for label, pk, entry in lots:
            count += _expire(label, pk, entry, actor, now)


@transaction.atomic
def _expire(label: str, pk: int, entry: int, actor: Actor, now: datetime) -> bool:
    # The member's row first, as every other move does: then the lot stays as it is read.
    MEMBERSHIPS[label].objects.select_for_update().filter(pk=pk).first()
    lot = PointsLot.objects.filter(pk=entry, left__gt=0).first()
    if lot is None:
        return False
    _written(label, pk, Move(Kind.EXPIRE, -lot.left, key=f"expire:{entry}"), actor, now)
    PointsLot.objects.filter(pk=entry).update(left=0)
    return True


def relevel(labels: Iterable[str] = MEMBERSHIPS) -> int:
    """Give every member the level that follows from what they earned, after the levels were changed."""
    count = 0
    for label in labels:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""update {MEMBERSHIPS[label]._meta.db_table} m set level_id = w.level from (
                      select record_id, (select id from loyalty_memberlevel where threshold <= earned
                                         order by threshold desc limit 1) as level
                      from {MEMBERSHIPS[label]._meta.db_table} where joined_at is not null) as w
                    where m.record_id = w.record_id and m.level_id is distinct from w.level"""
            )
            count += cursor.rowcount
    return count
