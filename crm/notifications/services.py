"""The one door by which people are told something."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone, translation

from crm.access import policy
from crm.notifications.models import Choice, Hours, Notification
from crm.notifications.quiet import next_moment
from crm.notifications.registry import APP, DIGEST, channels, kinds
from crm.records.actor import Actor
from crm.records.models import Record
from crm.users.models import User

COUNTED = 99


@transaction.atomic
def notify(
    users: Iterable[Any],
    kind: str,
    *,
    actor: Actor | None = None,
    record: Record | None = None,
    subject: Record | None = None,
    text: Any = "",
    data: dict[str, Any] | None = None,
    url: str = "",
    why: str | dict[int, str] = "",
    key: str = "",
    now: datetime | None = None,
) -> list[Notification]:
    """Tell ``users`` (people or ids) of something, by the ways that each of them chose for its kind.

    Whoever did it is not told of it, nor is anybody who may not see ``record``. ``text`` replaces the sentence of the kind (a
    lazy translation, or plain words). ``data`` fills the sentence: counts and names that are no secret, never values of records.
    ``url`` is where it leads when that is not the record. The same ``key`` tells a person once.
    """
    chosen = _ways(kind, _receivers(users, actor, record))
    now = now or timezone.now()
    rows = [
        Notification(
            user=user,
            kind=kind,
            actor=actor.user if actor else None,
            entity=record.entity_label() if record else "",
            record_id=record.pk if record else None,
            subject_entity=subject.entity_label() if subject else "",
            subject_id=subject.pk if subject else None,
            text=_untranslated(text),
            data=data or {},
            url=url,
            why=why.get(user.pk, "") if isinstance(why, dict) else why,
            key=key,
            at=now,
            in_app=APP in ways,
            in_digest=DIGEST in ways,
        )
        for user, ways in chosen.items()
        if ways
    ]
    made = _insert(rows)
    _deliver(made, chosen, now)
    return made


def channels_of(kind: str, chosen: Sequence[str] | None) -> set[str]:
    """The ways by which a kind goes: those chosen, else its own."""
    return set(kinds[kind].channels if chosen is None else chosen)


def unread_count(user: Any) -> int:
    """How many notifications the person has not read, counted up to one more than is shown; one indexed query."""
    return Notification.objects.filter(user=user, in_app=True, read_at__isnull=True)[: COUNTED + 1].count()


def mark_read(user: Any, ids: Iterable[int] | None = None) -> int:
    """Mark these, or all, as read; returns how many were not."""
    rows = Notification.objects.filter(user=user, read_at__isnull=True)
    return (rows if ids is None else rows.filter(pk__in=list(ids))).update(read_at=timezone.now())


def _receivers(users: Iterable[Any], actor: Actor | None, record: Record | None) -> list[User]:
    ids = {getattr(user, "pk", user) for user in users} - {None}
    if actor is not None and actor.user is not None:
        ids.discard(actor.user.pk)
    people = list(User.objects.filter(pk__in=ids, is_active=True).order_by("pk")) if ids else []
    return people if record is None else [p for p in people if policy.can_record(p, record, "view")]


def _ways(kind: str, people: list[User]) -> dict[User, set[str]]:
    chosen = (
        dict(Choice.objects.filter(kind=kind, user__in=people).values_list("user_id", "channels")) if people else {}
    )
    return {person: channels_of(kind, chosen.get(person.pk)) & channels.keys() for person in people}


def _insert(rows: list[Notification]) -> list[Notification]:
    """Insert what was not told yet; those that were inserted."""
    keyed = [row for row in rows if row.key]
    told: set[int] = set()
    if keyed:
        known = Notification.objects.filter(user__in=[r.user_id for r in keyed], key=keyed[0].key)
        told = set(known.values_list("user_id", flat=True))
    fresh = [row for row in rows if row.user_id not in told]
    Notification.objects.bulk_create(fresh, ignore_conflicts=True)
    # Where another transaction told it first the row has no id here: that one delivers it.
    if any(row.pk is None for row in fresh):
        made = Notification.objects.filter(user__in=[r.user_id for r in fresh], at=fresh[0].at, kind=fresh[0].kind)
        return list(made.filter(key=fresh[0].key).select_related("user"))
    return fresh


def _deliver(rows: list[Notification], chosen: dict[User, set[str]], now: datetime) -> None:
    out = {user: [channels[w] for w in ways if channels[w].deliver is not None] for user, ways in chosen.items()}
    if not any(out.values()):
        return
    hours = {h.user_id: h for h in Hours.objects.filter(user__in=[u for u, ways in out.items() if ways])}
    for row in rows:
        user = next(u for u in out if u.pk == row.user_id)
        own = hours.get(user.pk) or Hours(user=user)
        own.user = user
        for channel in out[user]:
            if channel.deliver is not None and channel.reaches(user):
                channel.deliver(row, next_moment(own, now))


def _untranslated(text: Any) -> str:
    """The words as they stand in the source, so that each reader gets them in their own language."""
    with translation.override(None):
        return str(text)[:500]
