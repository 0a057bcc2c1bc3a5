"""Sending mail: queued with the change, taken back for ten seconds, sent under one Message-ID, told when it is out."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.files.models import StoredFile
from crm.files.services import attach
from crm.messaging import consent, kinds, smtp
from crm.messaging.composing import bytes_of
from crm.messaging.mime.headers import Address
from crm.messaging.models import MailAccount, MailAttachment, MailLink, MailMessage
from crm.messaging.models.mail import SNIPPET
from crm.messaging.participants import link_by_address, our_people
from crm.messaging.receiving import fingerprint
from crm.messaging.replies import newest_words
from crm.messaging.secrets import SecretLost, open_secret
from crm.messaging.smtp import Server
from crm.messaging.threads import thread_of
from crm.messaging.timeline import tell
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Outgoing, Record
from crm.records.outgoing import NotSent, cancel_outgoing, outgoing_kind, queue_outgoing
from crm.records.outgoing import send_again as send_outgoing_again

KIND = "mail"
UNDO = timedelta(seconds=10)
MOST_RECIPIENTS = 100
LARGEST = 25 * 1024 * 1024
State = MailMessage.State


@transaction.atomic
def queue_mail(
    *,
    account: MailAccount,
    to: Sequence[Address],
    subject: str,
    text: str,
    actor: Actor,
    cc: Sequence[Address] = (),
    bcc: Sequence[Address] = (),
    answers: MailMessage | None = None,
    files: Iterable[StoredFile] = (),
    about: Record | None = None,
    privacy: str = "",
    at: datetime | None = None,
    key: str = "",
    person: Record | None = None,
    purpose: str = "",
) -> MailMessage:
    """Send a mail from ``account`` in ten seconds, or at ``at``; until then it can be taken back.

    Who sends without a person looking at it names ``person``, the addressee, and the ``purpose`` (none: service): Unwanted
    where they said no, asked now and once more as the mail goes out.

    ``key`` makes it once only: the same one again is the mail that is there. ``about`` is a record on whose timeline it
    shows beside those that have its addresses. ValidationError when it can't be sent as it is.
    """
    recipients = [*(("to", p) for p in to), *(("cc", p) for p in cc), *(("bcc", p) for p in bcc)]
    files = list(files)
    _check(account, recipients, files)
    if person is not None:
        consent.ask(person, purpose, consent.EMAIL)
    message_id = _message_id(account, key)
    if known := MailMessage._base_manager.filter(message_id=message_id, account=account).first():
        return known
    message = _make(account, recipients, subject, text, answers, privacy, message_id, actor)
    records.save(message, actor=actor, kind=kinds.WRITTEN)
    for position, file in enumerate(files):
        attach(file, message, actor=actor)
        MailAttachment.objects.create(message=message, file=file, name=file.name, size=file.size, position=position)
    if about is not None:
        MailLink.objects.create(
            message=message,
            entity=about.entity_label(),
            record_id=about.pk,
            how=MailLink.How.HAND,
            made_by=actor.user,
        )
    link_by_address(message)
    payload = {"message": message.pk, **consent.told(person, purpose)}
    queue_outgoing(KIND, message_id, payload, record=message, actor=actor, at=at or timezone.now() + UNDO)
    return message


def _check(account: MailAccount, recipients: Sequence[tuple[str, Address]], files: Sequence[StoredFile]) -> None:
    if not account.can_send:
        raise ValidationError(
            _("%(account)s can't send: it has no SMTP server, or is switched off.") % {"account": account}
        )
    if not recipients:
        raise ValidationError(_("Name at least one recipient."))
    if len(recipients) > MOST_RECIPIENTS:
        raise ValidationError(_("At most %(most)s recipients a mail.") % {"most": MOST_RECIPIENTS})
    if sum(file.size for file in files) > LARGEST:
        raise ValidationError(
            _("The files are larger than %(most)s MB together. Send some of them as a link.") % {"most": LARGEST >> 20}
        )


def _make(
    account: MailAccount,
    recipients: Sequence[tuple[str, Address]],
    subject: str,
    text: str,
    answers: MailMessage | None,
    privacy: str,
    message_id: str,
    actor: Actor,
) -> MailMessage:
    everybody = list(dict.fromkeys([account.address.lower(), *(p.address for _role, p in recipients)]))
    references = [*answers.references, answers.message_id] if answers and answers.message_id else []
    thread = answers.thread if answers else thread_of(references=[], subject=subject, others=[], at=timezone.now())
    subject = " ".join(subject.split())[:500]
    return MailMessage(
        account=account,
        owner=actor.user or account.owner,
        thread=thread,
        direction=MailMessage.Direction.OUT,
        state=State.QUEUED,
        message_id=message_id,
        fingerprint=fingerprint(message_id, account.address.lower(), subject, text),
        references=references[-50:],
        subject=subject,
        sender_name=account.name,
        sender=account.address.lower(),
        recipients=[{"role": role, "name": p.name, "address": p.address} for role, p in recipients],
        addresses=everybody,
        participants=sorted({*our_people(everybody), *([actor.user.pk] if actor.user else [])}),
        text=text,
        snippet=newest_words(text)[:SNIPPET],
        size=len(text.encode()),
        privacy=privacy or account.privacy,
        seen_at=timezone.now(),
    )


def _message_id(account: MailAccount, key: str) -> str:
    domain = account.address.rpartition("@")[2].encode("idna").decode()
    return f"{key or secrets.token_hex(16)}@{domain}"[:200]


def outgoing_of(message: MailMessage) -> Outgoing | None:
    """The sending of a mail of ours; None for one that came by itself."""
    return Outgoing.objects.filter(kind=KIND, key=message.message_id).first()


def take_back(message: MailMessage) -> bool:
    """Keep a waiting mail from being sent; False when it is too late."""
    outgoing = outgoing_of(message)
    return outgoing is not None and cancel_outgoing(outgoing)


def try_again(message: MailMessage) -> bool:
    """Send once more what failed or is unknown, under the same Message-ID."""
    outgoing = outgoing_of(message)
    return outgoing is not None and send_outgoing_again(outgoing)


def smtp_server(account: MailAccount) -> Server:
    """Where and how the account's mail goes out. Raises NotSent."""
    try:
        secret = open_secret(account.secret)
    except SecretLost:
        raise NotSent(_("Enter the password again: it can't be read any more."), final=True) from None
    user = account.sign_in if account.user or secret else ""
    return Server(account.smtp_host, account.smtp_port, account.smtp_security, user, secret)


def _settled(outgoing: Outgoing) -> None:
    """Note on the mail how sending it ended; tell the timelines once it is out."""
    message = MailMessage._base_manager.select_related("account").filter(pk=outgoing.payload["message"]).first()
    if message is None:
        return
    message.state = {
        Outgoing.State.QUEUED: State.QUEUED,
        Outgoing.State.DONE: State.SENT,
        Outgoing.State.UNKNOWN: State.UNKNOWN,
        Outgoing.State.FAILED: State.FAILED,
        Outgoing.State.CANCELLED: State.CANCELLED,
    }[Outgoing.State(outgoing.state)]
    refused = outgoing.result.get("refused", {})
    message.error = outgoing.error or "; ".join(f"{who}: {why}" for who, why in refused.items())
    changes: dict[str, Any] = {"state": message.state, "error": message.error[:2000]}
    if message.state == State.SENT:
        changes["sent_at"] = message.sent_at = timezone.now()
    MailMessage._base_manager.filter(pk=message.pk).update(**changes)
    if message.state == State.SENT and not message.logged:
        tell(message, kinds.SENT, actor=Actor(outgoing.made_by, outgoing.cause))


@outgoing_kind(KIND, label=gettext_lazy("E-mail"), limit=timedelta(minutes=30), settled=_settled)
def send(outgoing: Outgoing) -> dict | None:
    """Hand one mail to its account's SMTP server."""
    message = MailMessage._base_manager.select_related("account").filter(pk=outgoing.payload["message"]).first()
    if message is None or message.deleted_at:
        raise NotSent(_("The mail was deleted before it was sent."), final=True)
    consent.ask_again(outgoing, consent.EMAIL)
    account = message.account
    if not account.can_send:
        raise NotSent(_("%(account)s can't send: it has no SMTP server, or is switched off.") % {"account": account})
    recipients = [person["address"] for person in message.recipients if person["role"] != "reply-to"]
    data = bytes_of(message)
    with smtp.connected(smtp_server(account), settings.EMAIL_TIMEOUT) as client:
        refused = smtp.deliver(client, account.address, recipients, data)
    return {"refused": refused} if refused else None
