"""What ends a sequence: an answer, a meeting, a mail that came back, a withdrawal, and whatever becomes of the record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q

from crm.activities.models import Task
from crm.messaging import kinds as mail_kinds
from crm.messaging.consent import EMAIL, Unwanted, ask
from crm.messaging.models import MailMessage
from crm.privacy import kinds as privacy_kinds
from crm.records.actor import Actor
from crm.records.hooks import WriteBatch, on, on_written
from crm.records.models import Entry
from customers.models import Account, Contact
from sales.models import Lead, Opportunity
from sales.sequences.entering import purpose_of
from sales.sequences.models import Enrolment, Sequence, StepRun
from sales.sequences.moving import NOTED, Reason, stop_many

LINKS = {
    Lead.entity_label(): "lead",
    Contact.entity_label(): "contact",
    Opportunity.entity_label(): "opportunity",
    Account.entity_label(): "account",
}
FACE_TO_FACE = (Task.Kind.MEETING, Task.Kind.VISIT)
# So long after its end an answer still counts for the sequence.
AFTERWARDS = timedelta(days=60)


def _happened(where: Q, reason: str, entry: Entry, at: Any = None) -> None:
    """Stop those under way, and note on those just finished that it worked."""
    at = at or entry.at
    rows = Enrolment.objects.alive().filter(where, created_at__lte=at).distinct()
    column = NOTED[reason]
    late = rows.filter(state=Enrolment.State.FINISHED, ended_at__gte=at - AFTERWARDS, **{f"{column}__isnull": True})
    Enrolment.objects.filter(pk__in=list(late.values_list("pk", flat=True))).update(**{column: at})
    running = list(rows.filter(state__in=Enrolment.RUNNING).only("pk"))
    stop_many(running, reason, actor=Actor(entry.actor, f"entry:{entry.pk}"), at=at)


@on(mail_kinds.RECEIVED, name="sequences.replied")
def replied(entry: Entry) -> None:
    """Somebody answered; what programs answer is another kind and stops nothing."""
    message = MailMessage._base_manager.filter(pk=entry.record_id, direction="in").first()
    if message is None or not message.sender:
        return
    where = Q(lead__email__iexact=message.sender) | Q(contact__email__iexact=message.sender)
    where |= Q(pk__in=StepRun.objects.filter(message__thread=message.thread_id).values("enrolment"))
    accounts = Contact.objects.filter(email__iexact=message.sender, account__isnull=False).values("account")
    where |= Q(account__in=accounts, sequence__whole_account=True)
    _happened(where, Reason.REPLIED, entry, message.sent_at)


@on(mail_kinds.BOUNCED, name="sequences.bounced")
def bounced(entry: Entry) -> None:
    """A mail of the sequence came back for good."""
    if entry.data.get("final"):
        _happened(Q(runs__message=entry.record_id), Reason.BOUNCED, entry)


@on("activities.followup.meeting", "activities.followup.visit", name="sequences.met")
def met(entry: Entry) -> None:
    """Somebody met the person."""
    if link := LINKS.get(entry.entity):
        _happened(Q(**{link: entry.record_id}), Reason.MET, entry)


@on("activities.task.created", name="sequences.booked")
def booked(entry: Entry) -> None:
    """A meeting or visit is in the calendar."""
    task = Task._base_manager.filter(pk=entry.record_id, kind__in=FACE_TO_FACE, deleted_at__isnull=True).first()
    if task is not None and (link := LINKS.get(task.on_entity)):
        _happened(Q(**{link: task.on_id}), Reason.MET, entry)


@on(privacy_kinds.CONSENT, name="sequences.withdrawn")
def withdrawn(entry: Entry) -> None:
    """Somebody said no to what the sequence is for."""
    if (link := LINKS.get(entry.entity)) is None:
        return
    rows = Enrolment.objects.alive().filter(**{link: entry.record_id}, state__in=Enrolment.RUNNING)
    actor = Actor(entry.actor, f"entry:{entry.pk}")
    for enrolment in rows.select_related("sequence", "lead", "contact"):
        try:
            if enrolment.person is not None:
                ask(enrolment.person, purpose_of(enrolment.sequence), EMAIL)
        except Unwanted:
            stop_many([enrolment], Reason.UNWANTED, actor=actor)


@on_written
def follow_records(batch: WriteBatch) -> None:
    """In the transaction that ends a record's course, its sequences end."""
    if batch.model is Sequence:
        link, became = "sequence", _sequence_became
    elif batch.model in (Lead, Contact, Opportunity):
        link, became = LINKS[batch.model._meta.label_lower], _record_became
    else:
        return
    reasons: dict[str, list[int]] = {}
    for before, after in zip(batch.before, batch.after, strict=True):
        if before is not None and (reason := became(before, after)):
            reasons.setdefault(reason, []).append(after.pk)
    for reason, ids in reasons.items():
        rows = Enrolment.objects.alive().filter(**{f"{link}__in": ids}, state__in=Enrolment.RUNNING)
        stop_many(rows.only("pk"), reason, actor=batch.actor)


def _sequence_became(before: Sequence, after: Sequence) -> str:
    return Reason.OFF if before.active and not after.active else ""


def _record_became(before: Any, after: Any) -> str:
    """Why its sequences end; nothing where they don't."""
    if after.deleted_at and not before.deleted_at:
        return Reason.TRASHED
    if isinstance(after, Lead) and after.status != before.status:
        ends = {Lead.Status.CONVERTED: Reason.CONVERTED, Lead.Status.INVALID: Reason.LOST}
        if after.status in ends:
            return ends[after.status]
    moved = isinstance(after, Opportunity) and after.stage_id != before.stage_id
    if moved and (after.stage.is_won or after.stage.is_lost):
        return Reason.WON if after.stage.is_won else Reason.LOST
    return Reason.POOLED if before.owner_id and not after.owner_id else ""
