"""Asking about a record that one may not see, and settling it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.access.models import RecordShare
from crm.matching import rules
from crm.matching.cases import kinds
from crm.matching.cases.models import DECIDE, CollisionCase
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Record
from crm.records.telling import tell
from crm.users.models import User

State, Kind = CollisionCase.State, CollisionCase.Kind
BATCH = 200


@transaction.atomic
def open_case(record: Record, *, title: str, kind: str, reason: str, actor: Actor, told: str = "") -> CollisionCase:
    """Ask the holder of ``record`` to let the actor work along, or dispute that it is theirs. Who asks twice gets the first case.

    ValidationError for what lies in a pool: there is nobody to ask.
    """
    if record.owner is None:
        raise ValidationError(_("It lies in a pool now: there is nobody to ask. Whoever keeps the pool can assign it."))
    on = {"on_entity": record.entity_label(), "on_id": record.pk}
    known = CollisionCase._base_manager.filter(
        owner=actor.user, state__in=CollisionCase.RUNNING, deleted_at__isnull=True, **on
    ).first()
    if known is not None:
        return known
    rule = rules.current().policy(record.entity_label())
    case = CollisionCase(
        owner=actor.user,
        title=title[:300],
        kind=kind,
        reason=reason[:500],
        told=told[:300],
        holder=record.owner,
        arbiter=arbiter_of(record.owner, rule.arbiter, actor.user),
        due_at=timezone.now() + timedelta(hours=rule.answer_hours),
        **on,
    )
    records.save(case, actor=actor)
    _tell([case.holder_id], "collision_asked", case, actor)
    return case


def arbiter_of(holder: User, named: User | None, asker: User | None) -> User | None:
    """Who decides when the holder does not: whoever the policy names, else the next head above the holder who has no part in it."""
    if named is not None and named.is_active:
        return named
    department = holder.department
    while department is not None:
        head = department.head
        if head is not None and head.is_active and head not in (holder, asker):
            return head
        department = department.parent
    return None


@transaction.atomic
def accept_case(case: CollisionCase, *, actor: Actor, answer: str = "") -> CollisionCase:
    """Let the asker in: as a collaborator, or as the owner where that was disputed. Nobody gives away what is no longer the
    holder's who was asked."""
    case = _deciding(case, actor)
    record = subject_of(case, lock=True)
    if record is None:
        raise ValidationError(_("The record is gone. Reject the request and say so."))
    if record.owner_id is None or record.owner_id != case.holder_id:
        raise ValidationError(_("It has changed hands since. Reject the request; it can be asked anew."))
    if case.kind == Kind.DISPUTE:
        record.owner = case.owner
        records.save(record, actor=Actor(actor.user, f"collision:{case.pk}"))
    else:
        _share(record, case, actor)
    return _close(case, State.ACCEPTED, kinds.ACCEPTED, actor, answer)


@transaction.atomic
def reject_case(case: CollisionCase, *, actor: Actor, answer: str = "") -> CollisionCase:
    """Everything stays as it is."""
    return _close(_deciding(case, actor), State.REJECTED, kinds.REJECTED, actor, answer)


@transaction.atomic
def withdraw_case(case: CollisionCase, *, actor: Actor) -> CollisionCase:
    """Whoever asked thinks better of it."""
    case = _locked(case)
    if actor.user is None or case.owner_id != actor.user.pk:
        raise PermissionDenied
    return _close(case, State.WITHDRAWN, kinds.WITHDRAWN, actor, "")


def move_on(now: datetime | None = None) -> int:
    """What is due goes from the holder to the arbiter, and from there to its end; returns how many moved. Safe to run at any time."""
    now, moved = now or timezone.now(), 0
    due = CollisionCase._base_manager.filter(state__in=CollisionCase.RUNNING, due_at__lte=now, deleted_at__isnull=True)
    for pk in list(due.order_by("due_at").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            case = due.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()
            if case is None:
                continue
            _move(case, now)
            moved += 1
    return moved


def _move(case: CollisionCase, now: datetime) -> None:
    actor = Actor(None, "collision:due")
    if case.state == State.OPEN and case.arbiter_id is not None:
        hours = rules.current().policy(case.on_entity).answer_hours
        case.state, case.due_at = State.ESCALATED, now + timedelta(hours=hours)
        records.save(case, actor=actor, kind=kinds.ESCALATED)
        _tell([case.arbiter_id], "collision_asked", case, actor)
        return
    case.state, case.decided_at = State.EXPIRED, now
    records.save(case, actor=actor, kind=kinds.EXPIRED)
    _tell([case.owner_id, case.holder_id], "collision_settled", case, actor)


def subject_of(case: CollisionCase, *, lock: bool = False) -> Any:
    """The living record that a case is about; locked until the transaction ends, if asked."""
    if not case.on_entity or case.on_id is None:
        return None
    rows = apps.get_model(case.on_entity)._base_manager.filter(pk=case.on_id, deleted_at__isnull=True)
    return (rows.select_for_update(of=("self",)) if lock else rows).first()


def _locked(case: CollisionCase) -> CollisionCase:
    found = CollisionCase._base_manager.select_for_update(of=("self",)).get(pk=case.pk)
    if not found.is_running or found.deleted_at:
        raise ValidationError(_("This has been settled already."))
    return found


def _deciding(case: CollisionCase, actor: Actor) -> CollisionCase:
    """The locked case, for whoever's turn it is."""
    found = _locked(case)
    if actor.user is None or not policy.can_record(actor.user, found, DECIDE):
        raise PermissionDenied
    return found


def _share(record: Record, case: CollisionCase, actor: Actor) -> None:
    """The asker becomes a collaborator."""
    reason = _("Collision: %(title)s") % {"title": case.title}
    RecordShare.objects.update_or_create(
        entity=record.entity_label(),
        record_id=record.pk,
        user=case.owner,
        team=None,
        department=None,
        defaults={"level": RecordShare.Level.EDIT, "until": None, "reason": reason[:200], "created_by": actor.user},
    )
    told = {"to": str(case.owner), "level": "edit", "until": "", "reason": reason[:200], "user": case.owner_id}
    records.log(record, kinds.SHARED, actor=actor, **told, team=None, department=None)


def _close(case: CollisionCase, state: str, kind: str, actor: Actor, answer: str) -> CollisionCase:
    case.state, case.answer = state, answer[:500]
    case.decided_by, case.decided_at = actor.user, timezone.now()
    voice = _voice(case, actor)
    records.save(case, actor=voice, kind=kind)
    _tell([case.owner_id, case.holder_id], "collision_settled", case, voice)
    return case


def _voice(case: CollisionCase, actor: Actor) -> Actor:
    """Who the history says it was: nobody by name where the house does not tell the asker whose the record is."""
    told = actor.user is not None and (
        actor.user.pk == case.owner_id or rules.current().policy(case.on_entity).tell_owner
    )
    return actor if told else Actor(None, actor.cause)


def _tell(people: list[int | None], kind: str, case: CollisionCase, actor: Actor) -> None:
    who = [person for person in people if person is not None]
    data = {"outcome": str(case.get_state_display()), "title": case.title}
    tell(who, kind, actor=actor, record=case, data=data, key=f"{kind}:{case.pk}:{case.state}")
