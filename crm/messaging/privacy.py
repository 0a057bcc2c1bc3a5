"""Mails, text messages and calls with a person: exported with their data, gone when they are erased."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.files.models import StoredFile
from crm.messaging.mime.parse import parse
from crm.messaging.models import (
    MailDraft,
    MailLink,
    MailMessage,
    MailSetAside,
    MailThread,
    PhoneCall,
    TextMessage,
)
from crm.privacy.own_places import add_tied_place, attached, file_paths, note_contents, plain_row
from crm.privacy.places import Place, Subject, add_place
from crm.records.actor import Actor
from crm.records.purge import purge
from crm.records.services import delete_many


def _linked(subject: Subject) -> QuerySet[MailMessage]:
    reach = Q(pk__in=[])
    for label, pk in subject.keys:
        reach |= Q(entity=label, record_id=pk)
    return MailMessage._base_manager.filter(pk__in=MailLink.objects.filter(reach).values("message_id"))


def own_mails(subject: Subject) -> list[MailMessage]:
    """Mails that are about the person alone: not those with others of our records, where only the values go."""
    reach = Q(pk__in=[])
    for label, pk in subject.keys:
        reach |= Q(entity=label, record_id=pk)
    others = MailLink.objects.exclude(reach).values("message_id")
    return list(_linked(subject).exclude(pk__in=others))


def _erase_mails(subject: Subject, actor: Actor) -> int:
    mails = own_mails(subject)
    keys = [(mail.entity_label(), mail.pk) for mail in mails]
    note_contents([row for row in attached(keys) if isinstance(row, StoredFile)], subject)
    threads = {mail.thread_id for mail in mails}
    alive = [mail for mail in mails if mail.deleted_at is None]
    if alive:
        delete_many(alive, actor=actor)
    if mails:
        purge(mails, actor=actor)
    MailThread.objects.filter(pk__in=threads, messages=None).delete()
    return len(mails)


def _mail_rows(subject: Subject) -> Iterator[dict]:
    for mail in _linked(subject).order_by("sent_at"):
        yield {"entity": mail.entity_label(), **plain_row(mail, "participants", "fingerprint")}


def _mail_files(subject: Subject) -> Iterator[tuple[str, Path]]:
    keys = [(mail.entity_label(), mail.pk) for mail in _linked(subject)]
    yield from file_paths([row for row in attached(keys) if isinstance(row, StoredFile)])


def _set_aside(subject: Subject) -> list[MailSetAside]:
    """Mails that could not be read and in which the person stands, decoded or not."""
    pattern = subject.known.everywhere
    if not pattern:
        return []
    finds = re.compile(pattern, re.IGNORECASE)
    rows = MailSetAside.objects.exclude(raw=b"").iterator()
    return [row for row in rows if finds.search(_said(bytes(row.raw)))]


def _said(raw: bytes) -> str:
    """What a mail says, as far as it can be read."""
    plain = raw.decode("utf-8", "replace")
    try:
        mail = parse(raw, timezone.now())
    except Exception as error:  # noqa: BLE001 - it was set aside because it can't be read: then its bytes alone are looked at
        return f"{plain}\n{type(error).__name__}"
    return f"{plain}\n{mail}"


def _erase_set_aside(subject: Subject, actor: Actor) -> int:
    found = [row.pk for row in _set_aside(subject)]
    return MailSetAside.objects.filter(pk__in=found).update(raw=b"", state=MailSetAside.State.DROPPED, reason="")


add_place(
    Place(
        "messaging.mails",
        _("E-mails with the person alone"),
        lambda subject: len(own_mails(subject)),
        _erase_mails,
        _mail_rows,
        _mail_files,
        order=10,
    )
)
add_place(Place("messaging.set_aside", _("Mails set aside"), lambda s: len(_set_aside(s)), _erase_set_aside, order=10))
add_tied_place("messaging.texts", _("Text messages"), TextMessage)
add_tied_place("messaging.calls", _("Calls"), PhoneCall)
add_tied_place("messaging.drafts", _("Drafts of mails"), MailDraft)
