"""Mails to the people of partners. They hold a link and nothing of any record."""

from __future__ import annotations

import smtplib
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from crm.records.actor import Actor
from crm.records.models import Outgoing
from crm.records.outgoing import NotSent, outgoing_kind, queue_outgoing
from sales.partners.links import link_token
from sales.partners.models import Partner, PartnerPerson

INVITATION = "partners.invitation"
NOTICE = "partners.notice"
NEW_FORWARD = gettext_noop("A lead is waiting for your answer")
FORWARD_DUE = gettext_noop("Please answer: a lead is about to be taken back")
REGISTRATION_DECIDED = gettext_noop("Your registration was decided")
FEEDBACK_ANSWERED = gettext_noop("Your feedback was answered")
COOP_MOVED = gettext_noop("News of a joint project")
NEW_DOCUMENT = gettext_noop("A new document is there for you")


def tell_partner(partner: Partner, subject: str, *, key: str, actor: Actor, only: PartnerPerson | None = None) -> None:
    """Send a notice to everybody who signs in for the partner, or ``only`` to one; the same ``key`` tells a person once."""
    people = partner.people.filter(state=PartnerPerson.State.ACTIVE, deleted_at__isnull=True)
    for person in people.filter(pk=only.pk) if only is not None else people:
        payload = {"person": person.pk, "subject": subject}
        queue_outgoing(NOTICE, f"{key}:{person.pk}", payload, actor=actor, record=person)


@outgoing_kind(INVITATION, label=gettext_lazy("Invitation to the partner portal"))
def send_invitation(outgoing: Outgoing) -> dict[str, Any]:
    """The one-time link; it is made only as it leaves, so that no table holds it."""
    person = _person(outgoing, PartnerPerson.State.INVITED, PartnerPerson.State.ACTIVE)
    if person is None or not person.credential.nonce:
        return {"skipped": "gone"}
    url = settings.PUBLIC_URL + reverse("partner_portal:welcome", args=[link_token(person)])
    return _send(
        outgoing, person, gettext_noop("Your access to the partner portal"), "partners/mail_invitation.txt", url
    )


@outgoing_kind(NOTICE, label=gettext_lazy("Notice to a partner"))
def send_notice(outgoing: Outgoing) -> dict[str, Any]:
    """That something waits in the portal."""
    person = _person(outgoing, PartnerPerson.State.ACTIVE)
    if person is None:
        return {"skipped": "gone"}
    url = settings.PUBLIC_URL + reverse("partner_portal:home")
    return _send(outgoing, person, outgoing.payload["subject"], "partners/mail_notice.txt", url)


def _person(outgoing: Outgoing, *states: str) -> PartnerPerson | None:
    rows = PartnerPerson.objects.filter(pk=outgoing.payload["person"], state__in=states, deleted_at__isnull=True)
    return rows.select_related("credential").first()


def _send(outgoing: Outgoing, person: PartnerPerson, subject: str, template: str, url: str) -> dict[str, Any]:
    with translation.override(settings.LANGUAGE_CODE):
        subject = _(subject)
        text = render_to_string(
            template, {"url": url, "subject": subject, "person": person, "company": settings.COMPANY_NAME}
        )
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    headers = {"Message-ID": f"<{outgoing.kind}-{outgoing.pk}@{host}>", "Auto-Submitted": "auto-generated"}
    try:
        EmailMessage(f"{subject} · {settings.COMPANY_NAME}", text, to=[person.email], headers=headers).send()
    except smtplib.SMTPRecipientsRefused as error:
        raise NotSent(str(error), final=True) from error
    except (smtplib.SMTPException, ConnectionError) as error:
        raise NotSent(f"{type(error).__name__}: {error}") from error
    return {"to": person.email}
