"""Who writes to a mailbox that brings leads, and is known to nobody, becomes a lead."""

from __future__ import annotations

from crm.access import policy
from crm.matching.claims import Collision
from crm.messaging.kinds import WRITTEN
from crm.messaging.linking import link_mail
from crm.messaging.models import MailMessage
from crm.messaging.participants import our_people
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.hooks import on
from crm.records.models import Entry
from marketing.models import MailIntake
from marketing.webforms.taking import known_as, queue_up
from sales.models import Lead

WORDS = 2000


@on(WRITTEN, name="marketing.mailed")
def lead_by_mail(entry: Entry) -> None:
    """Owned by whoever answers for the mailbox until the rules give it to somebody; the mail shows on it."""
    written = MailMessage.objects.alive().select_related("account__owner")
    message = written.filter(pk=entry.record_id, direction=MailMessage.Direction.IN, automatic=False).first()
    intake = message and MailIntake.objects.filter(account=message.account, active=True).first()
    if not intake or not message.sender or message.sent_at < intake.since or our_people([message.sender]):
        return
    owner = message.account.owner
    lead = Lead(
        name=message.sender_name or message.sender.partition("@")[0],
        email=message.sender,
        interest=message.subject[: Lead._meta.get_field("interest").max_length],
        description=message.text[:WORDS],
        source=intake.source,
        owner=owner,
    )
    queue_up(lead)
    if known_as(lead) is None and policy.can(owner, lead.entity_label(), "add"):
        actor = Actor(owner, f"mail:{message.account_id}")
        try:
            records.save(lead, actor=actor)
        except Collision:
            return  # somebody has this person already, and hears of it by the mail itself
        link_mail(message, lead, actor=actor)
