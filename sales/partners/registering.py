"""Registering deals, deciding on them, and how their protection ends."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from crm.notifications.services import notify
from crm.records import services as records
from crm.records.actor import Actor
from sales.models import Lead
from sales.partners import kinds, mails, protecting
from sales.partners.models import DealRegistration, PartnerPerson
from sales.partners.notices import REGISTERED
from sales.partners.once import said_before
from sales.services.conversion import Conversion, convert_lead

State = DealRegistration.State


@transaction.atomic
def register_deal(
    registration: DealRegistration, *, actor: Actor, person: PartnerPerson | None = None, **options: Any
) -> DealRegistration:
    """Submit it; its owner and the partner manager hear of it. ValidationError when the customer is protected for somebody."""
    if person is not None:
        same = {"customer": registration.customer, "tax_id": registration.tax_id, "state": State.SUBMITTED}
        if known := said_before(DealRegistration.objects.filter(submitted_by=person), registration.partner, **same):
            return known
    protecting.refuse_protected(registration)
    registration.submitted_by = person
    told = {"partner": str(registration.partner), "person": str(person or "")}
    records.save(registration, actor=actor, kind=kinds.REGISTERED, **told, **options)
    people = {registration.owner_id, registration.partner.owner_id}
    what = {"partner": str(registration.partner), "what": _(gettext_noop("registered a deal"))}
    notify(people, REGISTERED, actor=actor, record=registration, data=what, key=f"registration:{registration.pk}")
    return registration


@transaction.atomic
def approve_registration(
    registration: DealRegistration, *, actor: Actor, until: date | None = None, note: str = ""
) -> None:
    """Protect it until a day (None: as long as the partner's level says)."""
    registration = _locked(registration, State.SUBMITTED)
    days = timedelta(days=registration.partner.protection_days)
    registration.protected_until = until or timezone.localdate() + days
    _refuse_past(registration.protected_until)
    _decide(registration, State.APPROVED, kinds.APPROVED, note, actor)


@transaction.atomic
def reject_registration(registration: DealRegistration, *, actor: Actor, note: str) -> None:
    """Refuse it, with the reason, which the partner reads."""
    _decide(_locked(registration, State.SUBMITTED), State.REJECTED, kinds.REJECTED, note, actor)


@transaction.atomic
def extend_registration(registration: DealRegistration, *, actor: Actor, until: date, note: str = "") -> None:
    """Protect it longer, or shorter."""
    registration = _locked(registration, State.APPROVED)
    _refuse_past(until)
    registration.protected_until = until
    records.save(registration, actor=actor, kind=kinds.EXTENDED, partner=str(registration.partner), said=note)


@transaction.atomic
def withdraw_registration(registration: DealRegistration, *, actor: Actor) -> None:
    """It is not followed any further; the customer is free again."""
    registration = _locked(registration, State.SUBMITTED, State.APPROVED)
    registration.state = State.WITHDRAWN
    records.save(registration, actor=actor)


@transaction.atomic
def convert_registration(registration: DealRegistration, *, actor: Actor, **chosen: Any) -> Conversion:
    """Make of a protected registration an account and an opportunity, on whose page it shows with its partner."""
    registration = _locked(registration, State.APPROVED)
    if registration.opportunity_id:
        raise ValidationError(_("It has an opportunity already."))
    lead = lead_of(registration)
    records.save(lead, actor=actor)
    done = convert_lead(lead, actor=actor, **chosen)
    registration.opportunity = done.opportunity
    records.save(registration, actor=actor, kind=kinds.DEAL_MADE, partner=str(registration.partner))
    return done


def lead_of(registration: DealRegistration) -> Lead:
    """The registration as an unsaved lead: what conversion and the search for collisions understand."""
    return Lead(
        owner=registration.owner,
        name=registration.contact_name,
        company=registration.customer,
        tax_id=registration.tax_id,
        phone=registration.phone,
        region=registration.region,
        interest=registration.project[:300],
    )


def end_protection(today: date) -> int:
    """Expire what was protected until before ``today``; how many. Safe to repeat."""
    due = DealRegistration.objects.filter(state=State.APPROVED, protected_until__lt=today, deleted_at__isnull=True)
    return sum(_expire(pk, today) for pk in list(due.values_list("pk", flat=True)))


@transaction.atomic
def _expire(pk: int, today: date) -> bool:
    registration = DealRegistration.objects.select_for_update(of=("self",)).get(pk=pk)
    if registration.state != State.APPROVED or registration.protected_until >= today:
        return False
    registration.state = State.EXPIRED
    told = {"partner": str(registration.partner)}
    records.save(registration, actor=Actor(None, "partners"), kind=kinds.PROTECTION_ENDED, **told)
    return True


@transaction.atomic
def win_registrations(opportunity_id: int) -> None:
    """The opportunity that came of it is won."""
    for row in DealRegistration.objects.filter(
        opportunity=opportunity_id, state=State.APPROVED, deleted_at__isnull=True
    ):
        row.state = State.WON
        records.save(row, actor=Actor(None, "partners"))


def _decide(registration: DealRegistration, state: str, kind: str, note: str, actor: Actor) -> None:
    registration.state, registration.decision_note, registration.decided_at = state, note, timezone.now()
    records.save(registration, actor=actor, kind=kind, partner=str(registration.partner))
    key = f"registration:{registration.pk}:{state}"
    mails.tell_partner(registration.partner, mails.REGISTRATION_DECIDED, key=key, actor=actor)


def _refuse_past(day: date) -> None:
    if not timezone.localdate() <= day <= timezone.localdate() + timedelta(days=1095):
        raise ValidationError({"until": _("Choose a day from today on, within three years.")})


def _locked(registration: DealRegistration, *states: str) -> DealRegistration:
    found = DealRegistration.objects.select_for_update(of=("self",)).get(pk=registration.pk)
    if found.deleted_at or found.state not in states:
        raise ValidationError(_("That does not fit its state any more. Load the page again."))
    return found
