"""Months of the logs: made in advance; old audit months are dropped after their retention."""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

AHEAD = timedelta(days=92)


def ensure_partitions(today: date | None = None) -> None:
    """Make the partitions of this month and the next three; those that exist are left alone."""
    today = today or timezone.now().date()
    with connection.cursor() as cursor:
        cursor.execute("select records_add_partitions(%s, %s)", [today, today + AHEAD])


def drop_old_audit(today: date | None = None) -> list[str]:
    """Drop the audit months that lie wholly before the retention (AUDIT_MONTHS); returns the dropped tables."""
    today = today or timezone.now().date()
    month = today.year * 12 + today.month - 1 - settings.AUDIT_MONTHS
    oldest = f"records_auditevent_{month // 12:04d}{month % 12 + 1:02d}"
    with connection.cursor() as cursor:
        cursor.execute(
            "select inhrelid::regclass::text from pg_inherits where inhparent = 'records_auditevent'::regclass"
        )
        old = [name for (name,) in cursor.fetchall() if name != "records_auditevent_default" and name < oldest]
        for name in old:
            cursor.execute(f"drop table {connection.ops.quote_name(name)}")
    return old
