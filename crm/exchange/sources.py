"""The files that people brought in: needed until the import is over, and not for longer than one may want to look back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from crm.exchange.models import Import, ImportRow
from crm.jobs.models import Job

# As long as results of jobs are kept.
KEPT = timedelta(days=30)
BATCH = 500
ACTIVE = (Job.State.QUEUED, Job.State.RUNNING)


def forget(runs: QuerySet[Import]) -> int:
    """Remove the files of imports and what was copied out of them; the imports and their counts stay.

    Rejected rows stay where nothing was written of them: they are no record's. What still runs keeps its file until ``sweep``.
    """
    found = list(runs.exclude(job__state__in=ACTIVE).exclude(file=""))
    for run in found:
        name, storage = run.file.name, run.file.storage
        transaction.on_commit(lambda name=name, storage=storage: storage.delete(name))
        run.file, run.preview = "", {}
        for column in run.analysis.get("columns", ()):
            column |= {"samples": [], "distinct": []}
        run.save(update_fields=["file", "preview", "analysis"])
    ImportRow.objects.filter(run__in=found).exclude(verdict=ImportRow.Verdict.REJECTED).delete()
    return len(found)


def sweep(now: datetime | None = None) -> int:
    """Remove files of imports that ended long ago, and imports that were never started; returns how many."""
    before = (now or timezone.now()) - KEPT
    gone = 0
    with transaction.atomic():
        given_up = list(Import.objects.filter(job=None, created_at__lt=before)[:BATCH])
        for run in given_up:
            name, storage = run.file.name, run.file.storage
            if name:
                transaction.on_commit(lambda name=name, storage=storage: storage.delete(name))
            run.delete()
        ended = Import.objects.filter(job__ended_at__lt=before).exclude(file="")
        gone = forget(ended.filter(pk__in=list(ended.values_list("pk", flat=True)[:BATCH])))
    return gone + len(given_up)
