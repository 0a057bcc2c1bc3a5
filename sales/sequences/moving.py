"""What goes on with people in sequences: steps when they are due, pausing, stopping, the end."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.activities.models import Task
from crm.activities.services import add_task
from crm.messaging.consent import Unwanted
from crm.messaging.mails import queue_mail, take_back
from crm.messaging.merging import merge, values_for
from crm.messaging.mime.headers import Address
from crm.messaging.models import MailMessage
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.wake import wake_outgoing
from crm.reference.calendars import worktime_of
from sales.sequences import kinds
from sales.sequences.entering import MAIL, begin, check_person, others_of, purpose_of, steps_of
from sales.sequences.models import Enrolment, SequenceStep, StepRun
from sales.sequences.timing import due_after

logger = structlog.get_logger(__name__)

State, Reason = Enrolment.State, Enrolment.Reason
BATCH = 50
LATER = timedelta(minutes=15)
# Which column keeps that it happened, for the figures.
NOTED = {Reason.REPLIED: "replied_at", Reason.MET: "met_at", Reason.BOUNCED: "bounced_at"}


def turn(*, seconds: float = 50) -> int:
    """Take every step that is due; returns how many enrolments moved. Any number may run at once: each holds its own rows."""
    end, moved = time.monotonic() + seconds, 0
    while time.monotonic() < end and (some := _turn_batch()):
        moved += some
    return moved


@transaction.atomic
def _turn_batch() -> int:
    due = Enrolment.objects.alive().filter(state=State.ACTIVE, next_at__lte=timezone.now())
    rows = due.order_by("next_at", "pk").select_for_update(skip_locked=True, of=("self",))
    found = list(rows.select_related("sequence", "owner", "lead", "contact", "opportunity", "mailbox")[:BATCH])
    for enrolment in found:
        try:
            with transaction.atomic():
                advance(enrolment)
        except Exception:  # noqa: BLE001 - told in the log, tried again later; the others go on
            logger.exception("sequence_step_failed", enrolment=enrolment.pk)
            Enrolment.objects.filter(pk=enrolment.pk).update(next_at=timezone.now() + LATER)
    if found:
        transaction.on_commit(wake_outgoing)
    return len(found)


def advance(enrolment: Enrolment) -> None:
    """Take the next step of an enrolment whose row is held, or say why not."""
    actor = Actor(enrolment.owner, f"sequence:{enrolment.sequence_id}")
    person = enrolment.person
    step = next_step(enrolment)
    if step is None:
        _end(enrolment, State.FINISHED, actor)
        return
    try:
        if person is None or person.deleted_at:
            raise _Over(Reason.TRASHED)
        if others_of(person).filter(pk__lt=enrolment.pk).exists():
            raise _Over(Reason.TWICE)
        check_person(person, enrolment.sequence)
        with transaction.atomic():
            message = _take(enrolment, step, actor)
    except _Over as over:
        stop_many([enrolment], over.reason, actor=actor)
    except Unwanted:
        stop_many([enrolment], Reason.UNWANTED, actor=actor)
    except ValidationError as error:
        enrolment.state, enrolment.note = State.PAUSED, "; ".join(error.messages)[:500]
        records.save(enrolment, actor=actor, kind=kinds.PAUSED, why=enrolment.note)
    else:
        _note_step(enrolment, step, message, actor)


class _Over(Exception):
    """The enrolment ends before the step."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def next_step(enrolment: Enrolment) -> SequenceStep | None:
    """The first step behind the last one taken, however the steps were put in order since."""
    taken = {run.step_id: run.position for run in enrolment.runs.all()}
    steps = steps_of(enrolment.sequence)
    here = {step.pk: step.position for step in steps}
    last = max((here.get(pk, was) for pk, was in taken.items()), default=-1)
    return next((step for step in steps if step.position > last and step.pk not in taken), None)


def _take(enrolment: Enrolment, step: SequenceStep, actor: Actor) -> MailMessage | None:
    person, about = enrolment.person, enrolment.opportunity or enrolment.person
    values = values_for(enrolment.owner, person)
    subject, body = (merge(text, values) for text in step.texts())
    if step.kind != MAIL:
        kind = Task.Kind.CALL if step.kind == SequenceStep.Kind.CALL else Task.Kind.TASK
        today = timezone.localdate()
        add_task(about, subject=subject or str(step), actor=actor, due_on=today, kind=kind, description=body)
        return None
    if enrolment.mailbox is None:
        raise ValidationError(_("There is no mailbox to send from."))
    before = _first_mail(enrolment) if enrolment.sequence.thread_replies else None
    if before is not None:
        subject = f"Re: {before.subject}"
    return queue_mail(
        account=enrolment.mailbox,
        to=[Address(str(person), person.email.lower())],
        subject=subject or str(step),
        text="\n\n".join(filter(None, (body, enrolment.mailbox.signature))),
        actor=actor,
        answers=before,
        about=about,
        at=timezone.now(),
        key=f"sequence-{enrolment.pk}-{step.pk}",
        person=person,
        purpose=purpose_of(enrolment.sequence),
    )


def _first_mail(enrolment: Enrolment) -> MailMessage | None:
    runs = enrolment.runs.filter(message__isnull=False).select_related("message")
    return next((run.message for run in runs), None)


def _note_step(enrolment: Enrolment, step: SequenceStep, message: MailMessage | None, actor: Actor) -> None:
    now = timezone.now()
    StepRun.objects.create(enrolment=enrolment, step=step, position=step.position, at=now, message=message)
    following = next_step(enrolment)
    kind = kinds.MAILED if message else kinds.TASKED
    enrolment.step, enrolment.next_at = following, None
    if following is None:
        enrolment.state, enrolment.ended_at = State.FINISHED, now
    else:
        enrolment.next_at = due_after(now, following, enrolment.sequence.hours, worktime_of(enrolment.owner))
    records.save(enrolment, actor=actor, kind=kind, step=str(step)[:300], place=enrolment.runs.count())


def _end(enrolment: Enrolment, state: str, actor: Actor) -> None:
    enrolment.state, enrolment.step, enrolment.next_at = state, None, None
    enrolment.ended_at = timezone.now()
    records.save(enrolment, actor=actor, kind=kinds.FINISHED)


@transaction.atomic
def stop_many(rows: Iterable[Enrolment], reason: str, *, actor: Actor, at: datetime | None = None) -> int:
    """End enrolments that are not over, and take back their mails that still wait; returns how many ended."""
    held = Enrolment.objects.alive().select_for_update(of=("self",)).filter(pk__in=[row.pk for row in rows])
    found = list(held.filter(state__in=Enrolment.RUNNING).select_related("sequence").order_by("pk"))
    now = timezone.now()
    for enrolment in found:
        enrolment.state, enrolment.reason = State.STOPPED, reason
        enrolment.step, enrolment.next_at, enrolment.ended_at = None, None, now
    # Outside of any set that could be undone: what was stopped goes on only by a new enrolment.
    alone = Actor(actor.user, actor.cause)
    records.save_many(found, actor=alone, kind=kinds.STOPPED, data=lambda row: {"reason": row.reason})
    if column := NOTED.get(Reason(reason)):
        Enrolment.objects.filter(pk__in=[row.pk for row in found]).update(**{column: at or now})
    waiting = StepRun.objects.filter(enrolment__in=found, message__state=MailMessage.State.QUEUED)
    for run in waiting.select_related("message"):
        take_back(run.message)
    return len(found)


# The verbs


def stop(enrolment: Enrolment, *, actor: Actor) -> Enrolment:
    """Nothing more is done with the person."""
    stop_many([enrolment], Reason.HAND, actor=actor)
    enrolment.refresh_from_db()
    return enrolment


def pause(enrolment: Enrolment, *, actor: Actor) -> Enrolment:
    """Nothing is done until it is resumed."""
    enrolment.state = State.PAUSED
    records.save(enrolment, actor=actor, kind=kinds.PAUSED)
    return enrolment


@transaction.atomic
def resume(enrolment: Enrolment, *, actor: Actor) -> Enrolment:
    """Go on where it was paused; what is overdue is done at once. Asked is what enrolling asks."""
    begin(enrolment, actor=actor, kind=kinds.RESUMED)
    return enrolment
