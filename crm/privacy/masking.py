"""Showing masked values on demand: with a reason, noted, and not without limit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.entities.bound import BoundField, bind
from crm.entities.entity import registry
from crm.records.audit import audit
from crm.records.models import AuditEvent, Record

UNMASK = "unmask"
HOUR = timedelta(hours=1)
LOCK_SPACE = 0x4D45


def masked_fields(record: Record, user: Any) -> list[BoundField]:
    """The fields of the record's page that the user sees masked, and that hold something."""
    bound = bind(registry[record.entity_label()], user)
    found = {f.name: f for _title, fields in bound.sections for f in fields if f.masked and f.field.filled(record)}
    return list(found.values())


@transaction.atomic
def unmask(record: Record, names: list[str], *, reason: str, user: Any, address: str | None) -> list[tuple[str, str]]:
    """(label, value) of masked fields. What was shown to whom and why stands in the audit log.

    PermissionDenied without the right on this record; ValidationError beyond the limit of an hour.
    """
    if not policy.can_record(user, record, UNMASK):
        raise PermissionDenied
    fields = [f for f in masked_fields(record, user) if f.name in names]
    if not fields:
        raise ValidationError(_("Choose at least one field."))
    with connection.cursor() as cursor:  # so that nobody counts the same past twice
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [LOCK_SPACE, user.pk % 2**31])
    left = settings.UNMASK_PER_HOUR - shown_lately(user)
    if len(fields) > left:
        text = _("You have seen %(limit)d masked values within an hour. Wait, or ask an administrator.")
        raise ValidationError(text % {"limit": settings.UNMASK_PER_HOUR})
    audit(
        user,
        "unmasked",
        entity=record.entity_label(),
        record_ids=[record.pk],
        address=address,
        fields=[f.name for f in fields],
        reason=reason[:300],
    )
    return [(str(f.label), f.field.text(record)) for f in fields]


def shown_lately(user: Any) -> int:
    """How many masked values the user has had shown within the last hour."""
    events = AuditEvent.objects.filter(user=user, at__gte=timezone.now() - HOUR, action="unmasked")
    return sum(len(event.data.get("fields", ())) for event in events)
