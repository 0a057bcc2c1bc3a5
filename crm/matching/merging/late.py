"""What came to point at a merged record while it was being merged: the writer could not know yet, and the merge not see it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from crm.matching.merging.models import MergeOperation
from crm.matching.merging.moving import move_all
from crm.records.actor import Actor

# Longer than any transaction may last.
WINDOW = timedelta(minutes=15)


def move_late(now: datetime | None = None) -> int:
    """Move such rows along, for merges of the last quarter of an hour, the oldest first; how many merges were looked at."""
    since = (now or timezone.now()) - WINDOW
    pks = list(MergeOperation.objects.filter(at__gte=since, undone_at=None).order_by("pk").values_list("pk", flat=True))
    for pk in pks:
        _move(pk)
    return len(pks)


@transaction.atomic
def _move(pk: int) -> None:
    rows = MergeOperation.objects.select_for_update(of=("self",), skip_locked=True).select_related("changes", "actor")
    operation = rows.filter(pk=pk, undone_at=None).first()
    if operation is not None:
        losers = list(operation.merged.values_list("record_id", flat=True))
        move_all(operation, losers, actor=Actor(operation.actor, f"merge:{pk}", operation.changes))
