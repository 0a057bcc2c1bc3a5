"""The models of messaging."""

from crm.messaging.models.accounts import MailAccount, MailFolder, Privacy, Security
from crm.messaging.models.mail import (
    MailAttachment,
    MailCopy,
    MailLink,
    MailMessage,
    MailSetAside,
    MailThread,
)
from crm.messaging.models.phone import Extension, PhoneCall, SmsProvider, Telephony, TextMessage, WebhookSeen
from crm.messaging.models.writing import MailDraft, MessageTemplate

__all__ = [
    "Extension",
    "MailAccount",
    "MailAttachment",
    "MailCopy",
    "MailDraft",
    "MailFolder",
    "MailLink",
    "MailMessage",
    "MailSetAside",
    "MailThread",
    "MessageTemplate",
    "PhoneCall",
    "Privacy",
    "Security",
    "SmsProvider",
    "Telephony",
    "TextMessage",
    "WebhookSeen",
]
