"""One mail, from its bytes to what we keep of it. Knows no database."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message

from crm.messaging.mime import headers
from crm.messaging.mime.bounces import Bounce, bounce_of, is_automatic
from crm.messaging.mime.charsets import decode
from crm.messaging.mime.headers import Address
from crm.messaging.mime.html import clean, read

LONGEST_TEXT = 500_000
MOST_PARTS = 500
MOST_ATTACHMENTS = 100


class Poison(Exception):
    """A mail that we refuse to take apart; ``str()`` says why."""


@dataclass(frozen=True)
class Attachment:
    """One file of a mail; ``cid`` is by what its HTML shows it."""

    name: str
    content_type: str
    data: bytes
    cid: str = ""
    inline: bool = False


@dataclass
class Parsed:
    """What we keep of a mail."""

    message_id: str
    in_reply_to: list[str]
    references: list[str]
    subject: str
    sender: Address
    reply_to: list[Address]
    to: list[Address]
    cc: list[Address]
    sent_at: datetime
    text: str = ""
    html: str = ""
    remote_images: int = 0
    attachments: list[Attachment] = field(default_factory=list)
    automatic: bool = False
    bounce: Bounce | None = None

    @property
    def everybody(self) -> list[Address]:
        """Everyone named in it, each once, the sender first."""
        known = {person.address: person for person in reversed([self.sender, *self.to, *self.cc])}
        return [person for person in reversed(known.values()) if person.address]


def parse(data: bytes, now: datetime) -> Parsed:
    """The mail in ``data``. Raises Poison where it can't be taken apart."""
    message = email.message_from_bytes(data, policy=email.policy.compat32)
    if not list(message.keys()):
        raise Poison("It has no headers.")
    sender = (headers.addresses(message, "from") or headers.addresses(message, "sender") or [Address("", "")])[0]
    found = Parsed(
        message_id=next(iter(headers.ids(message, "message-id")), ""),
        in_reply_to=headers.ids(message, "in-reply-to"),
        references=headers.ids(message, "references"),
        subject=headers.text(message, "subject", 500),
        sender=sender,
        reply_to=headers.addresses(message, "reply-to"),
        to=headers.addresses(message, "to"),
        cc=headers.addresses(message, "cc"),
        sent_at=headers.date(message, now),
    )
    found.bounce = bounce_of(message)
    found.automatic = is_automatic(message, found.subject)
    _read_parts(message, found)
    return found


def _read_parts(message: Message, found: Parsed) -> None:
    plain, rich = [], []
    for part in _leaves(message):
        kind = part.get_content_type()
        named, disposition = headers.filename(part), part.get_content_disposition()
        if disposition != "attachment" and kind == "text/plain" and not named:
            plain.append(_text(part))
        elif disposition != "attachment" and kind == "text/html" and not named:
            rich.append(_text(part))
        elif kind != "message/delivery-status" and len(found.attachments) < MOST_ATTACHMENTS:
            found.attachments.append(_attachment(part, kind, named, disposition == "inline"))
    if rich:
        found.html = clean("\n".join(rich))
        words, found.remote_images = read(found.html)
        found.text = "\n".join(plain).strip() or words
    else:
        found.text = "\n".join(plain).strip()
    found.text = found.text.replace("\x00", "")[:LONGEST_TEXT]
    found.html = found.html.replace("\x00", "")


def _leaves(message: Message) -> Iterator[Message]:
    """Parts that hold something; a mail within the mail is one of them, unopened."""
    waiting, seen = [message], 0
    while waiting:
        part = waiting.pop()
        seen += 1
        if seen > MOST_PARTS:
            raise Poison(f"It has more than {MOST_PARTS} parts.")
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            waiting += reversed(payload)
        else:
            yield part


def _bytes(part: Message) -> bytes:
    payload = part.get_payload()
    if isinstance(payload, list):
        return b"\n".join(inner.as_bytes(policy=email.policy.compat32) for inner in payload)
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _text(part: Message) -> str:
    charset = part.get_param("charset")
    declared = charset[2] if isinstance(charset, tuple) else charset
    return decode(_bytes(part), str(declared) if declared else None).replace("\r\n", "\n")


def _attachment(part: Message, kind: str, name: str, inline: bool) -> Attachment:
    if not name:
        name = {"message/rfc822": "message.eml", "text/calendar": "invitation.ics"}.get(kind, "")
    cid = headers.one_line(headers.raw(part, "content-id").strip("<> "), 200)
    return Attachment(name or "attachment", kind[:100], _bytes(part), cid, inline or bool(cid))
