"""A mail of ours as bytes: the same each time it is made, so that a second try is the same mail."""

from __future__ import annotations

import email.policy
from email.headerregistry import Address as HeaderAddress
from email.headerregistry import Group
from email.message import EmailMessage
from email.utils import format_datetime

from django.template.loader import render_to_string

from crm.files.storage import open_content
from crm.messaging.models import MailAttachment, MailMessage

POLICY = email.policy.SMTP.clone(max_line_length=76)


def bytes_of(message: MailMessage) -> bytes:
    """The mail as it goes to the server. Those who get a blind copy stand nowhere in it."""
    mail = EmailMessage(policy=POLICY)
    mail["From"] = _address(message.sender_name, message.sender)
    for role, header in (("to", "To"), ("cc", "Cc")):
        people = [_address(p["name"], p["address"]) for p in message.recipients if p["role"] == role]
        if people:
            mail[header] = people
    if "To" not in mail and "Cc" not in mail:
        mail["To"] = Group("undisclosed-recipients", [])
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = f"<{message.message_id}>"
    if message.references:
        mail["In-Reply-To"] = f"<{message.references[-1]}>"
        mail["References"] = " ".join(f"<{found}>" for found in message.references[-20:])
    mail.set_content(message.text or "\n", charset="utf-8", cte="base64" if not message.text.isascii() else None)
    html = render_to_string("messaging/outgoing.html", {"message": message})
    mail.add_alternative(html, subtype="html", charset="utf-8", cte="base64")
    for attachment in message.attachments.select_related("file"):
        if attachment.file is not None:
            _attach(mail, attachment)
    return mail.as_bytes()


def _attach(mail: EmailMessage, attachment: MailAttachment) -> None:
    with open_content(attachment.file.sha256) as source:
        data = source.read()
    main, _slash, sub = (attachment.file.content_type or "").partition("/")
    # What is itself a mail would be taken apart on its way.
    main, sub = (
        (main, sub) if main and sub and main not in {"message", "multipart"} else ("application", "octet-stream")
    )
    mail.add_attachment(data, maintype=main, subtype=sub, filename=attachment.name)


def _address(name: str, address: str) -> HeaderAddress:
    return HeaderAddress(display_name=name, addr_spec=address)
