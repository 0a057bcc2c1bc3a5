"""Starting, stopping and rescuing jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from celery import current_app
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from crm.jobs.kinds import kinds
from crm.jobs.models import STALE_AFTER, Job, JobFile
from crm.lib.cache import redis_answers

KEEP_FILES = timedelta(days=30)
QUEUE_PATIENCE = timedelta(seconds=20)

log = structlog.get_logger(__name__)


def start_job(kind: str, *, user: Any, params: dict, title: str, total: int | None = None) -> Job:
    """Queue long work; a worker is told when the transaction commits. If the broker is down, beat finds the job within a minute."""
    job = Job.objects.create(kind=kind, user=user, params=params, title=title[:300], total=total)
    transaction.on_commit(lambda: wake_worker(job.pk))
    return job


def wake_worker(job_id: int) -> None:
    """Ask a worker to run the job now. A broker that is down or frozen costs its short time-out and nothing else."""
    if not redis_answers():
        return
    try:
        current_app.tasks["crm.jobs.tasks.run"].apply_async([job_id], ignore_result=True, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("job_not_announced", job=job_id, error=repr(error))


def cancel_job(job: Job) -> None:
    """Stop after the present batch; a job that waits ends at once."""
    Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(state=Job.State.CANCELLED, ended_at=timezone.now())
    Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(cancel_requested=True)


def resume_job(job: Job) -> bool:
    """Let a failed or stopped job go on from its checkpoint; False when it is in another state or its kind can't."""
    kind = kinds.get(job.kind)
    if kind is None or not kind.resumable(job):
        return False
    over = Job.objects.filter(pk=job.pk, state__in=[Job.State.FAILED, Job.State.CANCELLED])
    fresh = {
        "state": Job.State.QUEUED,
        "cancel_requested": False,
        "stalls": 0,
        "error": "",
        "ended_at": None,
        "created_at": timezone.now(),
    }
    if not over.update(**fresh):
        return False
    transaction.on_commit(lambda: wake_worker(job.pk))
    return True


def rescue_jobs() -> int:
    """Wake a worker for every job that waits unannounced or whose worker fell silent. Safe to call at any time."""
    now = timezone.now()
    forgotten = Q(state=Job.State.QUEUED, created_at__lt=now - QUEUE_PATIENCE)
    silent = Q(state=Job.State.RUNNING, heartbeat_at__lt=now - STALE_AFTER)
    found = list(Job.objects.filter(forgotten | silent).order_by("id").values_list("pk", flat=True)[:200])
    for pk in found:
        wake_worker(pk)
    return len(found)


def sweep_files() -> int:
    """Delete results that nobody fetched in time; the job itself stays."""
    old = list(JobFile.objects.filter(created_at__lt=timezone.now() - KEEP_FILES)[:1000])
    for result in old:
        result.file.delete(save=False)
        result.delete()
    return len(old)
