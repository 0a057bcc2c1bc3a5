"""Who takes part in an activity: colleagues, who answer, and people among the customers, for whom the owner does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.activities.kinds import ANSWERED, INVITED, UNINVITED
from crm.activities.models import Participant, Task
from crm.activities.reminders import plan_reminders
from crm.entities.entity import Entity, registry
from crm.entities.refs import Ref, refs
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Record
from crm.users.models import User

LABEL = "activities.task"
MOST = 200


@dataclass(frozen=True)
class Guest:
    """A participant as the reader may know them."""

    row: Participant
    name: str
    url: str = ""


def people_entities(user: Any) -> list[Entity]:
    """Entities whose records are people that the user may see: contacts, leads."""
    return [
        e for e in registry.values() if {"person", "phone"} <= e.search.keys() and policy.can(user, e.label, "view")
    ]


def guests_of(task: Task, reader: Any) -> list[Guest]:
    """Who takes part, colleagues first; people whom the reader may not see have no name."""
    rows = list(task.participants.select_related("user").order_by("-acts", "pk")[:MOST])
    found = refs(reader, {(row.entity, row.record_id) for row in rows if row.record_id})
    return [Guest(row, str(row.user)) if row.user_id else _guest(row, found[row.entity, row.record_id]) for row in rows]


def _guest(row: Participant, ref: Ref) -> Guest:
    return Guest(row, ref.name, ref.url)


@transaction.atomic
def invite(
    task: Task, *, actor: Actor, user: User | None = None, person: Record | None = None, acts: bool = False
) -> Participant:
    """Let a colleague or a person take part. ValidationError where that opens nothing to them, or makes no sense."""
    if user is not None and user.pk == task.owner_id:
        raise ValidationError({"user": _("%(user)s is the owner already.") % {"user": user}})
    if user is not None and not policy.can(user, LABEL, "view"):
        text = _("No role of %(user)s includes tasks: they would not see it. Ask an administrator.")
        raise ValidationError({"user": text % {"user": user}})
    if user is not None and acts and not policy.can_assign(actor.user, LABEL, user):
        raise ValidationError({"user": _("You may not give tasks to %(user)s.") % {"user": user}})
    if task.participants.count() >= MOST:
        raise ValidationError(_("That is the most who can take part."))
    key = {
        "task": task,
        "user": user,
        "entity": person.entity_label() if person else "",
        "record_id": person and person.pk,
    }
    row, made = Participant.objects.get_or_create(**key, defaults={"acts": acts})
    if not made and row.acts == acts:
        return row
    row.acts = acts
    row.save(update_fields=["acts"])
    if user is not None:
        records.log(task, INVITED, actor=actor, user=user.pk, name=str(user), acts=acts)
        plan_reminders([task])
    else:
        records.log(task, INVITED, actor=actor, entity=row.entity, person=row.record_id)
    return row


@transaction.atomic
def uninvite(row: Participant, *, actor: Actor) -> None:
    """They don't take part any more."""
    task = Task._base_manager.get(pk=row.task_id)
    told = (
        {"user": row.user_id, "name": str(row.user)} if row.user_id else {"entity": row.entity, "person": row.record_id}
    )
    row.delete()
    records.log(task, UNINVITED, actor=actor, **told)
    task.reminders.filter(user_id=told.get("user"), sent_at__isnull=True).delete()


@transaction.atomic
def answer(row: Participant, state: str, *, actor: Actor) -> Participant:
    """Accept, perhaps, or decline: for oneself, or by whoever may change the activity for a person among the customers."""
    if state not in Participant.State.values:
        raise ValidationError(_("Choose one of the answers."))
    task = Task._base_manager.get(pk=row.task_id)
    mine = row.user_id is not None and row.user_id == actor.user.pk
    if not mine and (row.user_id is not None or not policy.can_record(actor.user, task, "change")):
        raise PermissionDenied(_("Everybody answers for themselves."))
    if row.state != state:
        row.state, row.answered_at = state, timezone.now()
        row.save(update_fields=["state", "answered_at"])
        told = {"user": row.user_id} if row.user_id else {"entity": row.entity, "person": row.record_id}
        records.log(task, ANSWERED, actor=actor, answer=state, **told)
        plan_reminders([task])
    return row
