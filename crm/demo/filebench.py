"""Measuring what files cost: made-up rows through the real import, and out again by the real export."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from random import Random

from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db import connection

from crm.demo.steps import Rows, file_rows
from crm.exchange import services
from crm.exchange.importing.targets import target_of
from crm.exchange.models import Import
from crm.exchange.sheets import csv_lines
from crm.jobs import running
from crm.jobs.models import Job
from crm.jobs.services import start_job
from crm.users.models import User


@dataclass
class Moved:
    """One line: seconds by the clock, of this process's and of its PostgreSQL backend's processor (None: on another machine)."""

    what: str
    rows: int
    seconds: float
    python: float
    database: float | None
    peak_mb: int

    @property
    def rate(self) -> float:
        """Rows a second, by the clock."""
        return self.rows / self.seconds


def measure_files(user: User, count: int, *, only: str = "") -> Iterator[Moved]:
    """Import ``count`` rows of each registered kind and export as many again. The rows stay: for databases to throw away."""
    for rows in file_rows:
        if only in rows.label:
            run = _upload(rows, user, count)
            yield _measured(f"import {rows.label}", services.start_import(run))
            yield _measured(f"export {rows.label}", _export(rows.label, user))


def _upload(rows: Rows, user: User, count: int) -> Import:
    """A file of so many rows that are in no file before it, looked at as a whole, its columns mapped as proposed."""
    random, run = Random(count), Import.objects.count()
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        for chunk in csv_lines(chain([rows.headings], (rows.make(random, f"{run}-{n}") for n in range(count)))):
            file.write(chunk)
        file.seek(0)
        size = Path(file.name).stat().st_size
        taken = UploadedFile(File(file), name=f"{rows.label}.csv", size=size)
        found = services.take_upload(taken, target=target_of(rows.label, user), user=user)
    if found.analysis.get("job"):
        _work(Job.objects.get(pk=found.analysis["job"]))
        found.refresh_from_db()
    return found


def _export(label: str, user: User) -> Job:
    params = {"label": label, "query": "", "format": "csv"}
    return start_job("exchange.export", user=user, params=params, title=label)


def _work(job: Job) -> int:
    running.run(job.pk)
    job.refresh_from_db()
    if job.state != Job.State.DONE:
        raise RuntimeError(f"{job.title}: {job.state} {job.error}")
    return job.done


def _measured(what: str, job: Job) -> Moved:
    python, database, began = time.process_time(), _database_seconds(), time.perf_counter()
    rows = _work(job)
    return Moved(
        what=what,
        rows=rows,
        seconds=time.perf_counter() - began,
        python=time.process_time() - python,
        database=None if database is None else (_database_seconds() or 0) - database,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    )


def _database_seconds() -> float | None:
    """Processor seconds of the PostgreSQL process that serves this one, where it can be seen."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        pid = cursor.fetchone()[0]
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        return None
