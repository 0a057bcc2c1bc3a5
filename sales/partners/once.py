"""A button pressed twice, or a form sent anew, is one deed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.utils import timezone

from crm.records.models import Record
from sales.partners.models import Partner

TWICE = timedelta(minutes=10)
"""So long the same words of a person are taken for one deed."""
R = TypeVar("R", bound=Record)


def said_before(rows: QuerySet[R], partner: Partner, **same: Any) -> R | None:
    """The row that says the same and was just written; within the caller's transaction, so that of two at once one waits."""
    Partner.objects.select_for_update(of=("self",)).get(pk=partner.pk)
    since = timezone.now() - TWICE
    return rows.filter(created_at__gt=since, deleted_at__isnull=True, **same).first()
