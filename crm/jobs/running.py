"""A job while it runs: batches that commit with their checkpoint, cancelling, results, one runner at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from django.core.files import File
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from crm.jobs.kinds import kinds, tell_job_end
from crm.jobs.models import STALE_AFTER, Job, JobFile
from crm.lib.collecting import collected_rarely
from crm.records.actor import Actor

LOCK_SPACE = 0x4A0B << 40
MOST_STALLS = 5
COUNTS = ("done", "created", "updated", "skipped", "failed")
REPORT_EVERY = 0.7

log = structlog.get_logger(__name__)


class Cancelled(Exception):
    """The person asked to stop; what is committed stays."""


class Superseded(Exception):
    """Another attempt has taken the job over: this one must not commit anything more."""


class JobError(Exception):
    """The work cannot go on; the message tells the person why and what to do."""


@dataclass
class Step:
    """What one batch did. ``done`` defaults to the sum of the outcomes."""

    created: int = 0
    updated: int = 0
    skipped: int = 0
    failed: int = 0
    done: int | None = None
    checkpoint: dict | None = None


class Running:
    """What a job's function holds."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.params: dict = job.params
        self.checkpoint: dict = job.checkpoint
        self.actor = Actor(job.user, f"job:{job.pk}")
        self._told = 0.0

    @contextmanager
    def batch(self) -> Iterator[Step]:
        """One transaction: its effects, counts and checkpoint commit together or not at all."""
        self.check()
        step = Step()
        with transaction.atomic():
            yield step
            self._tell(step)
        if step.checkpoint is not None:
            self.checkpoint = step.checkpoint

    def check(self) -> None:
        """Raise Cancelled when the person asked to stop, Superseded when another attempt runs."""
        row = Job.objects.filter(pk=self.job.pk).values_list("attempt", "state", "cancel_requested").first()
        if row is None or row[0] != self.job.attempt or row[1] != Job.State.RUNNING:
            raise Superseded
        if row[2]:
            raise Cancelled

    def report(self, done: int, *, total: int | None = None) -> None:
        """Say how far work without batches is (an export); cheap to call often. Raises Cancelled or Superseded."""
        if time.monotonic() - self._told < REPORT_EVERY:
            return
        self._told = time.monotonic()
        self.check()
        changes = {"done": done, "heartbeat_at": timezone.now(), "stalls": 0} | (
            {"total": total} if total is not None else {}
        )
        self._update(changes)

    def set_total(self, total: int, *, done: int | None = None) -> None:
        """How many rows there are, and how many are done when it is known only afterwards."""
        self.job.total = total
        self._update({"total": total, "heartbeat_at": timezone.now()} | ({"done": done} if done is not None else {}))

    def add_file(self, path: Path, name: str, content_type: str, *, label: str = "") -> JobFile:
        """Keep a result in private storage."""
        with path.open("rb") as source:
            result = JobFile(job=self.job, name=name, label=label, content_type=content_type, size=path.stat().st_size)
            result.file.save(name, File(source), save=True)
        return result

    def finish_file(self, path: Path, name: str, content_type: str, *, done: int) -> JobFile:
        """Keep the one result of work without batches and say that all is done, unless another attempt has taken over."""
        with transaction.atomic():
            self.check()
            self._update({"done": done, "total": done, "heartbeat_at": timezone.now()})
            return self.add_file(path, name, content_type)

    def _tell(self, step: Step) -> None:
        done = step.done if step.done is not None else step.created + step.updated + step.skipped + step.failed
        changes: dict[str, Any] = {name: F(name) + (done if name == "done" else getattr(step, name)) for name in COUNTS}
        changes |= {"heartbeat_at": timezone.now(), "stalls": 0}
        if step.checkpoint is not None:
            changes["checkpoint"] = step.checkpoint
        self._update(changes)

    def _update(self, changes: dict) -> None:
        mine = Job.objects.filter(pk=self.job.pk, attempt=self.job.attempt, state=Job.State.RUNNING)
        if not mine.update(**changes):
            raise Superseded


def run(job_id: int) -> None:
    """Do the job, from its checkpoint when it was begun before. Returns at once when somebody else does it or it is over."""
    if not _lock(job_id):
        return
    try:
        job = _claim(job_id)
        if job is not None:
            _work(job)
    finally:
        _unlock(job_id)


def _work(job: Job) -> None:
    running = Running(job)
    try:
        language = (job.user and job.user.language) or translation.get_language()
        with translation.override(language), collected_rarely():
            result = kinds[job.kind].run(running)
        _end(job, Job.State.DONE, result=result or {})
    except Cancelled:
        _end(job, Job.State.CANCELLED)
    except Superseded:
        log.warning("job_superseded", job=job.pk, attempt=job.attempt)
    except JobError as error:
        _end(job, Job.State.FAILED, error=str(error))
    except (OperationalError, InterfaceError):
        # The database went away or refused to wait: the rescue goes on from the checkpoint.
        log.exception("job_interrupted", job=job.pk)
    except Exception as error:
        log.exception("job_failed", job=job.pk)
        text = _(
            "The work stopped at an unexpected error (%(error)s). What was done so far is kept. Tell your administrator: job %(job)s."
        )
        _end(job, Job.State.FAILED, error=text % {"error": type(error).__name__, "job": job.pk})
        raise


@transaction.atomic
def _claim(job_id: int) -> Job | None:
    now = timezone.now()
    free = Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, heartbeat_at__lt=now - STALE_AFTER)
    job = Job.objects.select_for_update(of=("self",)).filter(free, pk=job_id).select_related("user").first()
    if job is None:
        return None
    if job.stalls >= MOST_STALLS or job.kind not in kinds:
        _end(
            job,
            Job.State.FAILED,
            error=_("The work was interrupted %(times)s times without getting on.") % {"times": job.stalls},
        )
        return None
    if job.cancel_requested:
        _end(job, Job.State.CANCELLED)
        return None
    job.state, job.heartbeat_at, job.started_at = Job.State.RUNNING, now, job.started_at or now
    job.attempt += 1
    job.stalls += 1
    job.save(update_fields=["state", "heartbeat_at", "started_at", "attempt", "stalls"])
    return job


@transaction.atomic
def _end(job: Job, state: str, *, result: dict | None = None, error: str = "") -> None:
    changes = {"state": state, "ended_at": timezone.now(), "error": error} | (
        {} if result is None else {"result": result}
    )
    if Job.objects.filter(pk=job.pk, attempt=job.attempt).update(**changes):
        job.state = state
        tell_job_end(job)


def _lock(job_id: int) -> bool:
    """Hold the job for this database session: a killed worker's session ends and frees it, a living one's never does."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", [LOCK_SPACE + job_id])
        return bool(cursor.fetchone()[0])


def _unlock(job_id: int) -> None:
    if connection.connection is not None and not connection.connection.closed and not connection.needs_rollback:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s)", [LOCK_SPACE + job_id])
