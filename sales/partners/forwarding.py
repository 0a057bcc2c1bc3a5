"""Giving leads and opportunities to partners, and what becomes of them there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from crm.entities.constraints import refusal
from crm.notifications.services import notify
from crm.records import services as records
from crm.records.actor import Actor
from sales.models import Lead, Opportunity
from sales.partners import kinds, mails
from sales.partners.models import ForwardReport, LeadForward, Partner, PartnerPerson
from sales.partners.notices import FORWARD_ANSWERED
from sales.partners.once import said_before

State = LeadForward.State
SOON = timedelta(hours=24)


@transaction.atomic
def forward_to_partner(
    record: Lead | Opportunity, *, actor: Actor, partner: Partner, message: str = "", days: int | None = None
) -> LeadForward:
    """Give a lead or an opportunity to a partner, to be answered within ``days`` (None: as the partner's level says).

    ValidationError where the partner is not active, or a partner has the record already.
    """
    if partner.state != Partner.State.ACTIVE or partner.deleted_at:
        raise ValidationError(_("“%(name)s” is no active partner.") % {"name": partner})
    link = "lead" if isinstance(record, Lead) else "opportunity"
    forward = LeadForward(
        title=str(record)[:300],
        partner=partner,
        owner=record.owner or actor.user or partner.owner,
        message=message,
        due_at=timezone.now() + timedelta(days=days or partner.answer_days),
        **{link: record},
    )
    return send_forward(forward, actor=actor)


def send_forward(forward: LeadForward, *, actor: Actor, **options: Any) -> LeadForward:
    """Write a new forward and let the partner's people know."""
    forward.due_at = forward.due_at or timezone.now() + timedelta(days=forward.partner.answer_days)
    try:
        with transaction.atomic():
            records.save(forward, actor=actor, kind=kinds.FORWARDED, partner=str(forward.partner), **options)
    except IntegrityError as error:
        raise refusal(LeadForward, error) from error
    mails.tell_partner(forward.partner, mails.NEW_FORWARD, key=f"forward:{forward.pk}", actor=actor)
    return forward


def accept_forward(forward: LeadForward, *, actor: Actor, answer: str, person: PartnerPerson | None = None) -> None:
    """The partner takes it."""
    _answer(forward, State.ACCEPTED, answer, person, actor)


def decline_forward(forward: LeadForward, *, actor: Actor, answer: str, person: PartnerPerson | None = None) -> None:
    """The partner does not take it, and says why."""
    _answer(forward, State.DECLINED, answer, person, actor)


@transaction.atomic
def _answer(forward: LeadForward, state: str, answer: str, person: PartnerPerson | None, actor: Actor) -> None:
    forward = _locked(forward, State.SENT)
    if not answer.strip():
        raise ValidationError({"answer": _("Say something to the answer.")})
    forward.state, forward.answer, forward.answered_at = state, answer.strip(), timezone.now()
    forward.answered_by = person
    kind = kinds.ACCEPTED if state == State.ACCEPTED else kinds.DECLINED
    records.save(forward, actor=actor, kind=kind, **_told(forward, person))
    what = gettext_noop("accepted") if state == State.ACCEPTED else gettext_noop("declined")
    _tell(forward, what, actor)


@transaction.atomic
def withdraw_forward(forward: LeadForward, *, actor: Actor, reason: str = "") -> None:
    """Take it back from the partner, who no longer sees it."""
    forward = _locked(forward, *LeadForward.RUNNING)
    forward.state, forward.withdrawn_reason = State.WITHDRAWN, reason
    records.save(forward, actor=actor, kind=kinds.WITHDRAWN, partner=str(forward.partner))


def report_progress(
    forward: LeadForward, *, actor: Actor, step: str, text: str, person: PartnerPerson | None = None
) -> ForwardReport:
    """Note how far the partner is; won and lost end it."""
    return add_report(ForwardReport(forward=forward, step=step, text=text, reported_by=person), actor=actor)


@transaction.atomic
def add_report(report: ForwardReport, *, actor: Actor, **options: Any) -> ForwardReport:
    """Write a new report; only of what the partner has accepted."""
    forward, person = _locked(report.forward, State.ACCEPTED), report.reported_by
    if not report.text.strip():
        raise ValidationError({"text": _("Write a report.")})
    if person is not None:
        same = {"forward": forward, "reported_by": person, "step": report.step, "text": report.text.strip()}
        if known := said_before(ForwardReport.objects.all(), forward.partner, **same):
            return known
    report.forward, report.owner, report.text = forward, forward.owner, report.text.strip()
    told = _told(forward, person) | {"said": str(report.get_step_display())}
    records.save(report, actor=actor, kind=kinds.REPORTED, **told, **options)
    if report.step in (State.WON, State.LOST):
        forward.state = report.step
        records.save(forward, actor=actor, kind=kinds.CLOSED, **_told(forward, person))
    _tell(forward, gettext_noop("report"), actor, key=f"report:{report.pk}")
    return report


def chase(now: datetime) -> tuple[int, int]:
    """Remind of answers due within a day, once, and end what was not answered; (reminded, ended). Safe to repeat."""
    waiting = LeadForward.objects.filter(state=State.SENT, deleted_at__isnull=True)
    soon = waiting.filter(due_at__gt=now, due_at__lte=now + SOON, reminded_at__isnull=True)
    reminded = sum(_remind(pk, now) for pk in list(soon.values_list("pk", flat=True)))
    ended = sum(_expire(pk, now) for pk in list(waiting.filter(due_at__lte=now).values_list("pk", flat=True)))
    return reminded, ended


@transaction.atomic
def _remind(pk: int, now: datetime) -> bool:
    rows = LeadForward.objects.filter(pk=pk, state=State.SENT, reminded_at__isnull=True)
    if not rows.update(reminded_at=now):
        return False
    forward = LeadForward.objects.get(pk=pk)
    mails.tell_partner(forward.partner, mails.FORWARD_DUE, key=f"due:{pk}", actor=Actor(None, "partners"))
    return True


@transaction.atomic
def _expire(pk: int, now: datetime) -> bool:
    forward = LeadForward.objects.select_for_update(of=("self",)).get(pk=pk)
    if forward.state != State.SENT or forward.due_at > now:
        return False
    actor = Actor(None, "partners")
    forward.state = State.EXPIRED
    records.save(forward, actor=actor, kind=kinds.EXPIRED, partner=str(forward.partner))
    _tell(forward, gettext_noop("no answer in time"), actor)
    return True


def _locked(forward: LeadForward, *states: str) -> LeadForward:
    """The forward as it is now, alone for this transaction. ValidationError when it is in another state."""
    found = LeadForward.objects.select_for_update(of=("self",)).get(pk=forward.pk)
    if found.deleted_at or found.state not in states:
        raise ValidationError(_("That does not fit its state any more. Load the page again."))
    return found


def _told(forward: LeadForward, person: PartnerPerson | None) -> dict[str, str]:
    """Who of whom; what they said are fields, which history tells to those who may read them."""
    return {"partner": str(forward.partner), "person": str(person or "")}


def _tell(forward: LeadForward, what: str, actor: Actor, key: str = "") -> None:
    """Tell who forwarded it, whose the record is, and the partner manager."""
    people = {forward.owner_id, forward.partner.owner_id, forward.source.owner_id if forward.source else None}
    data = {"partner": str(forward.partner), "what": _(what)}
    key = key or f"forward:{forward.pk}:{forward.state}"
    notify(people, FORWARD_ANSWERED, actor=actor, record=forward, data=data, key=key)
