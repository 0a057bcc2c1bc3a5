"""A form that adds a record makes one, however often it is sent: by a double click, a second try, a phone without a net."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from crm.entities.models import SentForm

KEPT = timedelta(days=2)
LONGEST = 64
_CLAIM = """
insert into {table} (user_id, key, entity, at) values (%s, %s, %s, %s) on conflict (user_id, key) do nothing
"""


class SentBefore(Exception):
    """The form was sent before, and made the record of this id."""

    def __init__(self, pk: int | None) -> None:
        super().__init__(pk)
        self.pk = pk


def made_by(user: Any, label: str, key: str) -> int | None:
    """The record that the form made, where it was sent before."""
    return SentForm.objects.filter(user=user, entity=label, key=key).values_list("record_id", flat=True).first()


def claim(user: Any, label: str, key: str) -> None:
    """Note within the saving transaction that the form is being sent. SentBefore where it was, also at this very moment."""
    SentForm.objects.filter(user=user, at__lt=timezone.now() - KEPT).delete()
    with connection.cursor() as cursor:
        table = connection.ops.quote_name(SentForm._meta.db_table)
        cursor.execute(_CLAIM.format(table=table), [user.pk, key, label, timezone.now()])
        if not cursor.rowcount:
            raise SentBefore(made_by(user, label, key))


def note(user: Any, label: str, key: str, pk: int) -> None:
    """What came of it."""
    SentForm.objects.filter(user=user, entity=label, key=key).update(record_id=pk)
