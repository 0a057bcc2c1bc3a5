"""Taking a mail in: once, into its thread, onto the timelines of the right records."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from crm.files.services import store_content
from crm.messaging import kinds
from crm.messaging.mime.parse import Parsed, parse
from crm.messaging.models import MailAccount, MailAttachment, MailCopy, MailMessage, MailSetAside, Privacy
from crm.messaging.models.mail import SNIPPET
from crm.messaging.participants import link_by_address, our_people
from crm.messaging.replies import newest_words
from crm.messaging.threads import thread_of
from crm.messaging.timeline import tell
from crm.records import services as records
from crm.records.actor import Actor

logger = structlog.get_logger(__name__)

STRICTNESS = (Privacy.PARTICIPANTS, Privacy.TEAM, Privacy.RECORD)


@dataclass(frozen=True)
class Place:
    """Where a mail lies at its server."""

    folder: str
    uidvalidity: int
    uid: int


def take_in(
    account: MailAccount, place: Place, data: bytes, *, size: int = 0, now: datetime | None = None
) -> MailMessage:
    """Keep a mail of a mailbox; the same one again, in whichever mailbox, only notes where it lies.

    ``size`` is that of the whole mail where ``data`` is only its beginning. Raises Poison.
    """
    parsed = parse(data, now or timezone.now())
    with transaction.atomic():
        message = _known(account, parsed, data)
        if message is None:
            message = _keep(account, parsed, data, size)
        elif STRICTNESS.index(account.privacy) < STRICTNESS.index(message.privacy):
            MailMessage._base_manager.filter(pk=message.pk).update(privacy=account.privacy)
        found = {"message": message, "elsewhere": message.account_id != account.pk}
        MailCopy.objects.get_or_create(account=account, **vars(place), defaults=found)
    return message


def set_aside(account: MailAccount, place: Place, data: bytes, reason: str, size: int = 0) -> None:
    """Keep a mail that could not be taken in, and why."""
    logger.warning("mail_set_aside", account=account.pk, **vars(place), reason=reason)
    MailSetAside.objects.update_or_create(
        account=account, **vars(place), defaults={"reason": reason[:2000], "raw": data, "size": size or len(data)}
    )


def fingerprint(message_id: str, sender: str, subject: str, text: str) -> str:
    """The same for two copies of one mail, different for a mail that merely claims the id of another."""
    parts = (message_id, sender, subject, " ".join(text.split())[:2000])
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def _fingerprint(parsed: Parsed, data: bytes) -> str:
    if not parsed.message_id:
        return hashlib.sha256(data).hexdigest()
    return fingerprint(parsed.message_id, parsed.sender.address, parsed.subject, parsed.text)


def _known(account: MailAccount, parsed: Parsed, data: bytes) -> MailMessage | None:
    """The mail if it is here already: from another mailbox, or because we sent it from this one."""
    found = MailMessage._base_manager.filter(fingerprint=_fingerprint(parsed, data)).first()
    if found is None and parsed.message_id:
        sent = MailMessage._base_manager.filter(account=account, direction=MailMessage.Direction.OUT)
        found = sent.filter(message_id=parsed.message_id).first()
    return found


def _keep(account: MailAccount, parsed: Parsed, data: bytes, size: int) -> MailMessage:
    everybody = [person.address for person in parsed.everybody]
    mine = account.address.lower()
    outgoing = parsed.sender.address == mine
    references = list(dict.fromkeys([*parsed.references, *parsed.in_reply_to]))[-50:]
    others = [address for address in everybody if address != mine]
    message = MailMessage(
        account=account,
        owner=account.owner,
        thread=thread_of(references=references, subject=parsed.subject, others=others, at=parsed.sent_at),
        direction=MailMessage.Direction.OUT if outgoing else MailMessage.Direction.IN,
        state=MailMessage.State.SENT if outgoing else MailMessage.State.RECEIVED,
        message_id=parsed.message_id,
        fingerprint=_fingerprint(parsed, data),
        references=references,
        subject=parsed.subject,
        sender_name=parsed.sender.name,
        sender=parsed.sender.address,
        recipients=_recipients(parsed),
        addresses=everybody,
        participants=our_people(everybody),
        sent_at=parsed.sent_at,
        text=parsed.text,
        html=parsed.html,
        snippet=newest_words(parsed.text)[:SNIPPET],
        remote_images=parsed.remote_images,
        size=size or len(data),
        cut=bool(size) and size > len(data),
        automatic=parsed.automatic or parsed.bounce is not None,
        is_bounce=parsed.bounce is not None,
        privacy=account.privacy,
    )
    # The mail comes by the account: its owner stands for it.
    actor = Actor(account.owner, f"mail:{account.pk}")
    records.save(message, actor=actor, kind=kinds.WRITTEN)
    _keep_files(message, parsed, actor)
    if parsed.bounce is not None:
        _note_bounce(message, parsed, actor)
    else:
        link_by_address(message)
        arrived = kinds.AUTOMATIC if message.automatic else kinds.RECEIVED
        tell(message, kinds.SENT if outgoing else arrived, actor=actor)
    return message


def _recipients(parsed: Parsed) -> list[dict[str, str]]:
    named = [("to", person) for person in parsed.to] + [("cc", person) for person in parsed.cc]
    named += [("reply-to", person) for person in parsed.reply_to]
    return [{"role": role, "name": person.name, "address": person.address} for role, person in named]


def _keep_files(message: MailMessage, parsed: Parsed, actor: Actor) -> None:
    for position, found in enumerate(parsed.attachments):
        file = None
        if found.data:
            try:
                file = store_content(found.data, found.name, record=message, actor=actor)
            except ValidationError:
                file = None
        MailAttachment.objects.create(
            message=message,
            file=file,
            name=found.name,
            size=len(found.data),
            cid=found.cid,
            inline=found.inline and bool(parsed.html),
            position=position,
        )


def _note_bounce(report: MailMessage, parsed: Parsed, actor: Actor) -> None:
    """Tell the mail that came back, if it is one of ours, and those who read its timeline."""
    bounce = parsed.bounce
    sent = MailMessage._base_manager.filter(direction=MailMessage.Direction.OUT, account=report.account)
    original = sent.filter(message_id=bounce.original_id).first() if bounce.original_id else None
    if original is None:
        return
    told = {"recipient": bounce.recipient, "code": bounce.code, "reason": bounce.reason, "final": bounce.final}
    sent.filter(pk=original.pk).update(bounced_at=report.sent_at, bounce=told)
    MailMessage._base_manager.filter(pk=report.pk).update(thread=original.thread)
    tell(original, kinds.BOUNCED, actor=actor, **told)
