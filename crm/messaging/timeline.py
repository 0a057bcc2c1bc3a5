"""What timelines are told of mails."""

from __future__ import annotations

from typing import Any

from crm.activities.services import touch
from crm.messaging import kinds
from crm.messaging.models import MailMessage, Privacy
from crm.records.actor import Actor
from crm.records.log import link, log
from crm.records.models import Entry, EntryLink

TOLD = (kinds.RECEIVED, kinds.AUTOMATIC, kinds.SENT, kinds.BOUNCED)


def tell(message: MailMessage, kind: str, *, actor: Actor, **data: Any) -> None:
    """Write that a mail came or went onto the timelines of what it is about, once.

    A private one is told there only to who may see it, or to everybody as nothing but “a private e-mail”.
    """
    subjects = message.linked_subjects()
    entry = log(message, kind, actor=actor, at=None if kind == kinds.BOUNCED else message.sent_at, **data)
    if message.privacy == Privacy.PARTICIPANTS and message.account.shows_private:
        _mention(subjects, message, actor)
    else:
        link([entry], [subjects])
    for subject in subjects:
        touch(subject, message.sent_at)
    message.logged = True
    MailMessage._base_manager.filter(pk=message.pk).update(logged=True)


def _mention(subjects: list, message: MailMessage, actor: Actor) -> None:
    if subjects:
        entry = log(subjects[0], kinds.PRIVATE, actor=actor, at=message.sent_at)
        link([entry], [[s for s in subjects[1:] if s not in subjects[0].timeline_subjects()]])


def tell_too(message: MailMessage, record: Any) -> None:
    """Show that the mail came or went on the timelines of one more record."""
    if not message.logged or (message.privacy == Privacy.PARTICIPANTS and message.account.shows_private):
        return
    subjects = [subject for subject in record.timeline_subjects() if subject is not None]
    entries = Entry.objects.filter(entity=message.entity_label(), record_id=message.pk, kind__in=TOLD)
    there = set(
        EntryLink.objects.filter(
            entry_id__in=[entry.pk for entry in entries], entity__in=[s.entity_label() for s in subjects]
        ).values_list("entry_id", "entity", "record_id")
    )
    for entry in entries:
        link([entry], [[s for s in subjects if (entry.pk, s.entity_label(), s.pk) not in there]])
