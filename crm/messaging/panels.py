"""How one reaches a customer from their page: mail, telephone, text message."""

from __future__ import annotations

from typing import Any

from crm.customfields import definitions
from crm.entities.panels import panel
from crm.messaging.access import holders
from crm.messaging.calls import dial_url_of
from crm.messaging.models import MailAccount, PhoneCall, SmsProvider
from crm.messaging.reaching import emails_of, phones_of
from crm.records.models import Record

CALLS = 3


@panel("*", slot="side", template="messaging/reach.html", order=-20)
def reach(record: Record, user: Any) -> dict | None:
    """The addresses and numbers of a record that the user may know, each with what one does with it."""
    if type(record) not in holders() or record.deleted_at:
        return None
    emails, phones = emails_of(record, user), phones_of(record, user)
    if not emails and not phones:
        return None
    dial_url = dial_url_of(user) if phones else None
    calls = PhoneCall.objects.filter(entity=record.entity_label(), record_id=record.pk).exclude(recording="")
    return {
        "label": record.entity_label(),
        "emails": emails,
        "phones": phones,
        "writes": bool(emails) and MailAccount.objects.filter(MailAccount.of(user.pk), active=True).exists(),
        "dials": bool(dial_url),
        "texts": bool(phones) and definitions.kept("messaging.texts", SmsProvider.objects.filter(active=True).exists),
        "recordings": list(calls.order_by("-started_at")[:CALLS]) if dial_url is not None else [],
    }
