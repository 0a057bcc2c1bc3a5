"""Collaborators: opening one record to a person, a team or a department, for a while and for a reason."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.access.models import RecordShare
from crm.access.policy import Owned
from crm.activities.kinds import SHARE_ENDED, SHARED
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Record
from crm.users.models import Department, Team, User

SHARE = "share"
BATCH = 200


def shareable(record: Record) -> bool:
    """Whether single records of its kind can be opened to somebody: parts follow their whole instead."""
    return isinstance(type(record).access, Owned)


def may_share(user: Any, record: Record) -> bool:
    """Who may change the record, and owns it or holds the grant to share it."""
    if not shareable(record) or not policy.can_record(user, record, "change"):
        return False
    return record.owner_id == user.pk or policy.can_record(user, record, SHARE)


def shares_of(record: Record, now: datetime | None = None) -> list[RecordShare]:
    """The shares that last, the latest first."""
    rows = RecordShare.objects.filter(entity=record.entity_label(), record_id=record.pk)
    found = rows.select_related("user", "team", "department", "created_by").order_by("-created_at", "-pk")
    now = now or timezone.now()
    return [share for share in found if share.until is None or share.until > now]


@transaction.atomic
def share_record(
    record: Record,
    *,
    actor: Actor,
    user: User | None = None,
    team: Team | None = None,
    department: Department | None = None,
    level: str = RecordShare.Level.READ,
    until: datetime | None = None,
    reason: str = "",
) -> RecordShare:
    """Open the record to one person, team or department; who had a share already gets the new terms.

    The caller has asked ``may_share``. ValidationError where it would have no effect.
    """
    if until is not None and until <= timezone.now():
        raise ValidationError({"until": _("The last day must lie ahead.")})
    if user is not None and not policy.can(user, record.entity_label(), "view"):
        text = _("No role of %(user)s includes %(entity)s: a share alone would open nothing. Ask an administrator.")
        raise ValidationError({"user": text % {"user": user, "entity": record._meta.verbose_name_plural}})
    key = {
        "entity": record.entity_label(),
        "record_id": record.pk,
        "user": user,
        "team": team,
        "department": department,
    }
    terms = {"level": level, "until": until, "reason": reason[:200], "created_by": actor.user}
    share, _made = RecordShare.objects.update_or_create(**key, defaults=terms)
    records.log(record, SHARED, actor=actor, **_told(share))
    return share


@transaction.atomic
def end_share(share: RecordShare, *, actor: Actor) -> None:
    """Close the record to them again; the history says so."""
    record = apps.get_model(share.entity)._base_manager.filter(pk=share.record_id).first()
    told = _told(share)
    share.delete()
    if record is not None:
        records.log(record, SHARE_ENDED, actor=actor, **told)


def end_expired(now: datetime | None = None) -> int:
    """End the shares whose time is over (they open nothing any more since then); returns how many."""
    ended = 0
    while found := list(RecordShare.objects.filter(until__lte=now or timezone.now()).order_by("pk")[:BATCH]):
        for share in found:
            end_share(share, actor=Actor(None, "share:expired"))
        ended += len(found)
    return ended


def receivers(share: dict[str, Any]) -> list[User]:
    """The active people whom an entry of sharing names: one, or those of a team or of a department and below."""
    people = User.objects.filter(is_active=True)
    if share.get("user"):
        return list(people.filter(pk=share["user"]))
    if share.get("team"):
        return list(people.filter(teams=share["team"]))
    return list(people.filter(department=share.get("department")))


def _told(share: RecordShare) -> dict[str, Any]:
    return {
        "to": str(share.user or share.team or share.department),
        "level": share.level,
        "until": share.until.isoformat() if share.until else "",
        "reason": share.reason,
        "user": share.user_id,
        "team": share.team_id,
        "department": share.department_id,
    }
