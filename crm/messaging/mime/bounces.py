"""Mails that no person wrote: what came back undelivered, and what answers by itself."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass
from email.message import Message

from crm.messaging.mime import headers
from crm.messaging.mime.charsets import decode

DAEMONS = re.compile(r"^(mailer-daemon|postmaster|mail-daemon|mdaemon)@", re.IGNORECASE)
ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
CODE = re.compile(r"\b[45]\d\d(?=[ -])")
ADDRESS = re.compile(r"[^\s@<>,;:\"()]{1,64}@[A-Za-z0-9.-]{1,255}")
MESSAGE_ID = re.compile(r"^message-id:\s*<([^<>\s]{1,400})>", re.IGNORECASE | re.MULTILINE)
AWAY = re.compile(
    r"^\s*(自动回复|自動回覆|自动答复|automatic reply|auto[- ]?reply|out of office|abwesenheit|réponse automatique)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Bounce:
    """A mail that did not arrive: to whom, why, and which one. ``final`` is False where the server is still trying."""

    original_id: str
    recipient: str
    code: str
    reason: str
    final: bool


def bounce_of(message: Message) -> Bounce | None:
    """What a delivery report says, after RFC 3464 or in the words of the servers that do not keep to it."""
    is_report = message.get_content_type() == "multipart/report" and message.get_param("report-type") in {
        "delivery-status",
        None,
    }
    senders = headers.addresses(message, "from")
    by_daemon = bool(senders and DAEMONS.match(senders[0].address))
    failed = headers.addresses(message, "x-failed-recipients")
    if not (is_report or failed or (by_daemon and headers.raw(message, "return-path").strip() in {"", "<>"})):
        return None
    fields, human, original = {}, "", ""
    for part in list(message.walk())[:100]:
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            fields |= _report(part)
        elif kind in {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers"}:
            original = original or _original_id(part)
        elif kind == "text/plain" and not human:
            human = decode(part.get_payload(decode=True) or b"", part.get_content_charset())[:20_000]
    if fields.get("action", "failed") in {"delivered", "relayed", "expanded"}:
        return None
    original = original or next(iter(headers.ids(message, "in-reply-to")), "") or _quoted_id(human)
    code = fields.get("status") or _code(human)
    if not (is_report or original or code):
        return None
    recipient = fields.get("recipient") or (failed[0].address if failed else _address(human))
    reason = fields.get("diagnostic") or _reason(human)
    return Bounce(original, recipient, code[:20], reason[:500], fields.get("action", "failed") != "delayed")


def _report(part: Message) -> dict[str, str]:
    found: dict[str, str] = {}
    payload = part.get_payload()
    blocks = payload if isinstance(payload, list) else [email.message_from_string(str(payload))]
    for block in blocks:
        for key, name in (
            ("recipient", "final-recipient"),
            ("recipient", "original-recipient"),
            ("action", "action"),
            ("status", "status"),
            ("diagnostic", "diagnostic-code"),
        ):
            value = headers.text(block, name, 500)
            if value and key not in found:
                found[key] = (
                    value.partition(";")[2].strip() if key in {"recipient", "diagnostic"} and ";" in value else value
                )
    if "recipient" in found:
        found["recipient"] = found["recipient"].lower()
    if "action" in found:
        found["action"] = found["action"].split()[0].lower()
    return found


def _original_id(part: Message) -> str:
    payload = part.get_payload()
    if isinstance(payload, list) and payload:
        return next(iter(headers.ids(payload[0], "message-id")), "")
    return _quoted_id(decode(part.get_payload(decode=True) or b"", None)[:50_000])


def _quoted_id(text: str) -> str:
    match = MESSAGE_ID.search(text)
    return match.group(1) if match else ""


def _code(text: str) -> str:
    match = ENHANCED.search(text) or CODE.search(text)
    return match.group() if match else ""


def _address(text: str) -> str:
    match = ADDRESS.search(text)
    return match.group().lower() if match else ""


def _reason(text: str) -> str:
    """The line of a report in words that names the code, else its first one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if CODE.search(line)), lines[0] if lines else "")


def is_automatic(message: Message, subject: str) -> bool:
    """Whether a program wrote it: an absence note, a newsletter, a report. Such a mail must never set off an answer."""
    submitted = headers.text(message, "auto-submitted").lower()
    if submitted and not submitted.startswith("no"):
        return True
    if headers.text(message, "precedence").lower() in {"bulk", "junk", "list", "auto_reply"}:
        return True
    names = {"x-autoreply", "x-autorespond", "x-auto-response-suppress", "list-id", "list-unsubscribe"}
    return any(key.lower() in names for key, _value in message.raw_items()) or bool(AWAY.match(subject))
