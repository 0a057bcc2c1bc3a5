"""How joint business comes about: proposed, agreed, run, won or ended."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from crm.notifications.services import notify
from crm.records import services as records
from crm.records.actor import Actor
from customers.models import Account
from sales.models import Opportunity, Stage
from sales.partners import kinds, mails
from sales.partners.models import CoopOpportunity, PartnerPerson
from sales.partners.notices import COOP
from sales.partners.once import said_before
from sales.services import save_opportunity

State = CoopOpportunity.State


@transaction.atomic
def move_coop(coop: CoopOpportunity, to: str, *, actor: Actor) -> CoopOpportunity:
    """Take it a step on or back. ValidationError where the step does not fit; ending it is a verb that asks why."""
    if to == State.ENDED:
        raise ValidationError(_("Say why it ended."), code="end", params={"action": "end"})
    _step(coop, to)
    coop.end_reason = ""
    records.save(coop, actor=actor, kind=kinds.COOP_MOVED, partner=str(coop.partner), said=str(State(to).label))
    _tell_partner(coop, actor)
    return coop


@transaction.atomic
def end_coop(coop: CoopOpportunity, *, actor: Actor, reason: str) -> None:
    """Nothing comes of it."""
    _step(coop, State.ENDED)
    coop.end_reason = reason.strip()
    records.save(coop, actor=actor, kind=kinds.COOP_MOVED, partner=str(coop.partner))
    _tell_partner(coop, actor)


@transaction.atomic
def convert_coop(coop: CoopOpportunity, *, actor: Actor, account: Account | None = None, **chosen: Any) -> Opportunity:
    """Make an opportunity of it, which stays tied to it. ValidationError when there is one, or nobody to sell to."""
    coop = _locked(coop)
    if coop.opportunity_id:
        raise ValidationError(_("It has an opportunity already."))
    if coop.state not in CoopOpportunity.OPEN:
        raise ValidationError(_("That does not fit its state any more. Load the page again."))
    account = account or coop.account
    if account is None:
        raise ValidationError({"account": _("Choose the end customer.")})
    values = {"name": coop.name, "amount": coop.amount, "close_date": coop.expected_on, **_given(chosen)}
    values.setdefault("stage", Stage.objects.open().filter(pipeline__active=True).first())
    told = "\n\n".join(part for part in (coop.we_bring, coop.partner_brings) if part)
    deal = Opportunity(owner=coop.owner, account=account, currency=coop.currency, description=told, **values)
    save_opportunity(deal, actor=actor)
    coop.account, coop.opportunity = account, deal
    if coop.state in (State.PROPOSED, State.AGREED):
        if coop.state == State.PROPOSED:
            coop.state = State.AGREED
            records.save(coop, actor=actor)
        coop.state = State.RUNNING
    records.save(coop, actor=actor, kind=kinds.COOP_DEAL, partner=str(coop.partner))
    return deal


def _given(chosen: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in chosen.items() if value not in (None, "")}


@transaction.atomic
def win_coops(opportunity_id: int) -> None:
    """The opportunity that came of it is won."""
    for coop in CoopOpportunity.objects.filter(opportunity=opportunity_id, deleted_at__isnull=True):
        if State.WON in CoopOpportunity.NEXT[coop.state]:
            coop.state = State.WON
            records.save(coop, actor=Actor(None, "partners"), kind=kinds.COOP_MOVED, partner=str(coop.partner))


@transaction.atomic
def propose_coop(coop: CoopOpportunity, *, actor: Actor, person: PartnerPerson) -> CoopOpportunity:
    """A partner's person proposes; the partner manager owns it. The same proposal at once is one."""
    same = {"name": coop.name, "partner_brings": coop.partner_brings, "proposed_by": person}
    if known := said_before(CoopOpportunity.objects.all(), person.partner, **same):
        return known
    coop.proposed_by, coop.shared = person, True
    coop.partner, coop.owner = person.partner, person.partner.owner
    told = {"partner": str(coop.partner), "person": str(person)}
    records.save(coop, actor=actor, kind=kinds.COOP_PROPOSED, **told)
    _tell_us(coop, gettext_noop("proposes to work together"), actor)
    return coop


@transaction.atomic
def agree_coop(coop: CoopOpportunity, *, actor: Actor, person: PartnerPerson) -> None:
    """The partner agrees to what we proposed. Saying it twice is saying it once."""
    coop = _locked(coop)
    if coop.state == State.AGREED and coop.agreed_by_id:
        return
    if coop.proposed_by_id:
        raise ValidationError(_("You proposed it yourselves: we have to agree."))
    _step(coop, State.AGREED)
    coop.agreed_by = person
    records.save(coop, actor=actor, kind=kinds.COOP_MOVED, partner=str(coop.partner), person=str(person))
    _tell_us(coop, gettext_noop("agrees to work together"), actor)


def _step(coop: CoopOpportunity, to: str) -> None:
    if to not in CoopOpportunity.NEXT[coop.state]:
        raise ValidationError(_("That does not fit its state any more. Load the page again."))
    coop.state = to


def _locked(coop: CoopOpportunity) -> CoopOpportunity:
    found = CoopOpportunity.objects.select_for_update(of=("self",)).get(pk=coop.pk)
    if found.deleted_at:
        raise ValidationError(_("That does not fit its state any more. Load the page again."))
    return found


def _tell_partner(coop: CoopOpportunity, actor: Actor) -> None:
    if coop.shared:
        mails.tell_partner(coop.partner, mails.COOP_MOVED, key=f"coop:{coop.pk}:{coop.version}", actor=actor)


def _tell_us(coop: CoopOpportunity, what: str, actor: Actor) -> None:
    data = {"partner": str(coop.partner), "what": _(what)}
    people = {coop.owner_id, coop.partner.owner_id}
    notify(people, COOP, actor=actor, record=coop, data=data, key=f"coop:{coop.pk}:{coop.version}")
