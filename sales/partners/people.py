"""Letting people of a partner in, and out again."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.entities.constraints import refusal
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.outgoing import queue_outgoing
from customers.models import Contact
from sales.partners import kinds
from sales.partners.mails import INVITATION
from sales.partners.models import Partner, PartnerCredential, PartnerPerson

State = PartnerPerson.State
PAUSE = timedelta(minutes=5)
"""So long after a link no further one is sent on demand."""


@transaction.atomic
def invite(person: PartnerPerson, *, actor: Actor) -> None:
    """Send a fresh one-time link; links of before are void. Whoever was revoked is let in again without their old password."""
    person = PartnerPerson.objects.select_for_update(of=("self",)).get(pk=person.pk)
    if person.partner.state != Partner.State.ACTIVE:
        raise ValidationError(_("“%(name)s” is no active partner.") % {"name": person.partner})
    if not works_for(person.contact, person.partner):
        raise ValidationError(_("“%(name)s” is no contact of this partner.") % {"name": person.contact})
    if person.state != State.ACTIVE:
        person.state = State.INVITED
    try:
        with transaction.atomic():
            records.save(person, actor=actor, kind=kinds.INVITED)
    except IntegrityError as error:
        raise refusal(PartnerPerson, error) from error
    send_link(person, actor=actor)


def send_link(person: PartnerPerson, *, actor: Actor) -> None:
    """A new nonce and the mail with its link."""
    now, nonce = timezone.now(), secrets.token_urlsafe(24)
    PartnerCredential.objects.update_or_create(person=person, defaults={"nonce": nonce, "sent_at": now})
    queue_outgoing(INVITATION, f"{person.pk}:{now:%Y%m%d%H%M%S%f}", {"person": person.pk}, actor=actor, record=person)


@transaction.atomic
def send_reset(email: str) -> None:
    """Send a link to whoever signs in with the address, at most one in a while. Nobody learns whether there is such a person."""
    rows = PartnerPerson.objects.filter(
        email__iexact=email,
        state=State.ACTIVE,
        deleted_at__isnull=True,
        partner__state=Partner.State.ACTIVE,
        partner__deleted_at__isnull=True,
    )
    person = rows.select_for_update(of=("self",)).first()
    if person is None:
        return
    waiting = PartnerCredential.objects.filter(person=person, sent_at__gt=timezone.now() - PAUSE).exclude(nonce="")
    if not waiting.exists():
        send_link(person, actor=Actor(None, f"partner:{person.pk}"))


@transaction.atomic
def revoke(person: PartnerPerson, *, actor: Actor) -> None:
    """Nobody signs in as this person any more; sessions and links are over at once."""
    person = PartnerPerson.objects.select_for_update(of=("self",)).get(pk=person.pk)
    person.state = State.REVOKED
    records.save(person, actor=actor, kind=kinds.REVOKED)
    for credential in PartnerCredential.objects.select_for_update().filter(person=person):
        credential.password, credential.nonce, credential.epoch = "", "", credential.epoch + 1
        credential.save()


@transaction.atomic
def invite_colleague(partner: Partner, name: str, email: str, *, actor: Actor) -> PartnerPerson:
    """What an administrator of the partner does: a contact of the partner's account, who is sent a link."""
    if PartnerPerson.objects.filter(~Q(state=State.REVOKED), email__iexact=email, deleted_at__isnull=True).exists():
        raise ValidationError({"email": _("Somebody signs in with this e-mail address already.")})
    known = Contact.objects.filter(account=partner.account, email__iexact=email, deleted_at__isnull=True).first()
    contact = known or Contact(name=name, email=email, account=partner.account, owner=partner.owner)
    if known is None:
        records.save(contact, actor=actor)
    person = PartnerPerson(partner=partner, contact=contact, email=email, owner=partner.owner)
    records.save(person, actor=actor)
    invite(person, actor=actor)
    return person


def works_for(contact: Contact, partner: Partner) -> bool:
    """Whether the contact belongs to the partner's account."""
    if contact.account_id == partner.account_id:
        return True
    return contact.affiliations.filter(account=partner.account_id, current=True, deleted_at__isnull=True).exists()
