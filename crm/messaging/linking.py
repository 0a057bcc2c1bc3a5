"""Saying by hand what a mail is about, and who sees it."""

from __future__ import annotations

from django.db import transaction

from crm.messaging import kinds
from crm.messaging.models import MailLink, MailMessage, Privacy
from crm.messaging.timeline import tell_too
from crm.records.actor import Actor
from crm.records.log import log
from crm.records.models import Record


@transaction.atomic
def link_mail(message: MailMessage, record: Record, *, actor: Actor) -> MailLink:
    """Show the mail on the timeline of a record, too. The caller has asked whether ``actor`` may see the record."""
    found, made = MailLink.objects.get_or_create(
        message=message,
        entity=record.entity_label(),
        record_id=record.pk,
        defaults={"how": MailLink.How.HAND, "made_by": actor.user},
    )
    if made:
        tell_too(message, record)
        log(message, kinds.LINKED, actor=actor, target=f"{record.entity_label()}:{record.pk}")
    return found


@transaction.atomic
def unlink_mail(message: MailMessage, link: MailLink, *, actor: Actor) -> None:
    """Say that a mail is not about the record: who sees it only for the record's sake sees it no more."""
    log(message, kinds.UNLINKED, actor=actor, target=f"{link.entity}:{link.record_id}")
    link.delete()


@transaction.atomic
def set_privacy(message: MailMessage, privacy: str, *, actor: Actor) -> None:
    """Change who sees the mail."""
    if privacy not in Privacy.values or privacy == message.privacy:
        return
    was, message.privacy = message.privacy, privacy
    MailMessage._base_manager.filter(pk=message.pk).update(privacy=privacy)
    log(message, kinds.OPENED, actor=actor, was=was, now=privacy)
    if was == Privacy.PARTICIPANTS and message.account.shows_private:
        for link in message.links.all():
            if link.record is not None:
                tell_too(message, link.record)
