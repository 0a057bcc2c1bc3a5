"""Which mails belong together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from crm.messaging.mime.headers import SUBJECT_PREFIX, bare_subject
from crm.messaging.models import MailMessage, MailThread

# A reply that names no mail belongs to one of its subject and people that is no older than this.
REMEMBERED = timedelta(days=60)


def thread_of(*, references: Sequence[str], subject: str, others: Sequence[str], at: datetime) -> MailThread:
    """The thread of a new mail: of the mails that it names; else, for a reply, by subject and people; else a new one."""
    found = _by_reference(references) or _by_subject(subject, others, at)
    if found is None:
        return MailThread.objects.create(subject=subject, bare_subject=bare_subject(subject), last_at=at)
    MailThread.objects.filter(pk=found.pk, last_at__lt=at).update(last_at=at)
    return found


def _by_reference(references: Sequence[str]) -> MailThread | None:
    if not references:
        return None
    named = dict(MailMessage._base_manager.filter(message_id__in=references).values_list("message_id", "thread_id"))
    newest = next((named[key] for key in reversed(references) if key in named), None)
    return MailThread.objects.get(pk=newest) if newest else None


def _by_subject(subject: str, others: Sequence[str], at: datetime) -> MailThread | None:
    bare = bare_subject(subject)
    if not bare or not others or not SUBJECT_PREFIX.match(subject):
        return None
    same = MailMessage._base_manager.filter(
        thread__bare_subject=bare, sent_at__gte=at - REMEMBERED, addresses__overlap=list(others)
    )
    found = same.select_related("thread").order_by("-sent_at").first()
    return found.thread if found else None
