"""What partners tell us, and what becomes of it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from crm.notifications.services import notify
from crm.records import services as records
from crm.records.actor import Actor
from sales.partners import kinds, mails
from sales.partners.models import PartnerFeedback, PartnerPerson
from sales.partners.notices import FEEDBACK
from sales.partners.once import said_before

State = PartnerFeedback.State


@transaction.atomic
def give_feedback(
    feedback: PartnerFeedback, *, actor: Actor, person: PartnerPerson | None = None, **options: Any
) -> PartnerFeedback:
    """Write a new feedback and tell its owner and the partner manager; the same from the same person at once is one."""
    feedback.submitted_by = person
    if person is not None:
        same = {"title": feedback.title, "text": feedback.text, "topic": feedback.topic, "submitted_by": person}
        if known := said_before(PartnerFeedback.objects.all(), feedback.partner, **same):
            return known
    told = {
        "partner": str(feedback.partner),
        "person": str(person or ""),
    }  # not what is said: that is a field with rules
    records.save(feedback, actor=actor, kind=kinds.FEEDBACK, **told, **options)
    data = {"partner": str(feedback.partner), "what": _(gettext_noop("sent feedback"))}
    people = {feedback.owner_id, feedback.partner.owner_id}
    notify(people, FEEDBACK, actor=actor, record=feedback, data=data, key=f"feedback:{feedback.pk}")
    return feedback


@transaction.atomic
def move_feedback(feedback: PartnerFeedback, to: str, *, actor: Actor) -> PartnerFeedback:
    """Set the state by hand; answering is a verb of its own. ValidationError where it does not fit."""
    if to == State.ANSWERED and not feedback.answer:
        raise ValidationError(
            _("Write the answer, which the partner reads."), code="answer", params={"action": "answer"}
        )
    if to not in State.values:
        raise ValidationError(_("There is no such state."))
    feedback.state = to
    records.save(feedback, actor=actor)
    return feedback


def take_feedback(feedback: PartnerFeedback, *, actor: Actor) -> None:
    """Somebody looks into it; the partner sees that."""
    move_feedback(feedback, State.IN_HAND, actor=actor)


def close_feedback(feedback: PartnerFeedback, *, actor: Actor) -> None:
    """Nothing more is to be done."""
    move_feedback(feedback, State.CLOSED, actor=actor)


@transaction.atomic
def answer_feedback(feedback: PartnerFeedback, *, actor: Actor, answer: str) -> None:
    """Answer it; the partner reads the answer in the portal and is told by mail that there is one."""
    if not answer.strip():
        raise ValidationError({"answer": _("Write the answer, which the partner reads.")})
    feedback.state, feedback.answer, feedback.answered_at = State.ANSWERED, answer.strip(), timezone.now()
    records.save(feedback, actor=actor, kind=kinds.FEEDBACK_ANSWERED, partner=str(feedback.partner))
    key = f"feedback:{feedback.pk}:{feedback.version}"
    mails.tell_partner(feedback.partner, mails.FEEDBACK_ANSWERED, key=key, actor=actor, only=feedback.submitted_by)
