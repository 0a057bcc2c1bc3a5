"""Who wants to hear of a record: its owner and those who follow it, unless they said no."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from crm.activities.models import Follow
from crm.records.models import Record

OWNER = "owner"
LIMIT = 500


def follow(record: Record, user: Any, *, on: bool = True) -> Follow:
    """Follow a record, or expressly not any more."""
    key = {"entity": record.entity_label(), "record_id": record.pk, "user": user}
    return Follow.objects.update_or_create(**key, defaults={"on": on, "cause": Follow.Cause.CHOSEN})[0]


def auto_follow(record: Record, users: Iterable[Any], cause: str) -> None:
    """Let people follow what they take part in, unless they decided already."""
    rows = [Follow(entity=record.entity_label(), record_id=record.pk, user=user, cause=cause) for user in users if user]
    Follow.objects.bulk_create(rows, ignore_conflicts=True)


def follows(record: Record, user: Any) -> bool:
    """Whether the user hears of the record: by their own choice, else because it is theirs."""
    chosen = Follow.objects.filter(entity=record.entity_label(), record_id=record.pk, user=user).first()
    return chosen.on if chosen is not None else record.owner_id == user.pk


def followers(record: Record) -> dict[int, str]:
    """The ids of those who hear of the record, each with why: a cause of ``Follow`` or “owner”."""
    return followers_of(record.entity_label(), {record.pk: record.owner_id})[record.pk]


def followers_of(label: str, owners: dict[int, int | None]) -> dict[int, dict[int, str]]:
    """For each record id (with its owner's id) who hears of it and why; one query."""
    found: dict[int, dict[int, str]] = defaultdict(dict)
    for pk, owner in owners.items():
        found[pk] = {owner: OWNER} if owner else {}
    for row in Follow.objects.filter(entity=label, record_id__in=list(owners)).order_by("pk"):
        if not row.on:
            found[row.record_id].pop(row.user_id, None)
        else:
            found[row.record_id].setdefault(row.user_id, row.cause)
    return found


def follower_list(record: Record) -> Sequence[Follow]:
    """The rows of those who follow, the longest first."""
    rows = Follow.objects.filter(entity=record.entity_label(), record_id=record.pk, on=True, user__is_active=True)
    return list(rows.select_related("user").order_by("since")[:LIMIT])
