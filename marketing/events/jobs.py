"""Large files of events as a job: batches with a checkpoint, progress, and a file of what was refused."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.exchange.reading.errors import ReadError
from crm.exchange.sheets import FORMATS, temporary, write_csv
from crm.jobs.kinds import job_kind
from crm.jobs.models import Job, JobFile
from crm.jobs.running import JobError, Running
from crm.jobs.services import start_job
from crm.records.audit import audit
from marketing.events.files import EventFile
from marketing.events.reading import read_event
from marketing.events.rights import may_bring
from marketing.events.taking import take_events

KIND = "marketing.events"
BATCH, MOST = 1000, 1_000_000
BROUGHT = "application/octet-stream"


@contextmanager
def on_disk(upload: Any) -> Iterator[str]:
    """The upload as a file that readers open by its name; its ending says what it is."""
    with tempfile.NamedTemporaryFile(suffix=Path(str(upload.name)).suffix[:8]) as file:
        for chunk in upload.chunks():
            file.write(chunk)
        file.flush()
        yield file.name


@transaction.atomic
def start(upload: UploadedFile, *, kind: str, user: Any) -> Job:
    """Queue a file that is too large to be kept at once."""
    name = str(upload.name)[-200:]
    params = {"kind": kind, "suffix": Path(name).suffix[:8]}
    job = start_job(KIND, user=user, params=params, title=str(_("Events: %(file)s") % {"file": name}))
    kept = JobFile(job=job, name=name, content_type=BROUGHT, size=upload.size or 0)
    upload.seek(0)
    kept.file.save(name, upload, save=True)
    return job


@job_kind(
    KIND,
    gettext_lazy("Bring events"),
    icon="file-import",
    resumable=lambda job: True,
    words={
        "created": gettext_lazy("Kept"),
        "skipped": gettext_lazy("Known already"),
        "failed": gettext_lazy("Refused"),
    },
)
def bring(running: Running) -> dict[str, Any]:
    """Keep the events batch by batch; a second attempt goes on where the first one stopped."""
    if not may_bring(running.job.user):
        raise JobError(_("You may no longer import here."))
    kept = running.job.files.filter(content_type=BROUGHT).order_by("pk").first()
    if kept is None:
        raise JobError(_("The file is not kept any more. Bring it again."))
    with kept.file.open("rb") as source, tempfile.NamedTemporaryFile(suffix=running.params["suffix"]) as copy:
        for chunk in iter(lambda: source.read(1 << 20), b""):
            copy.write(chunk)
        copy.flush()
        try:
            return _bring(running, copy.name)
        except ReadError as error:
            raise JobError(str(error)) from error


def _bring(running: Running, path: str) -> dict[str, Any]:
    kind = running.params["kind"]
    total = sum(1 for _row in islice(EventFile(path, kind).rows(), MOST + 1))
    if total > MOST:
        raise JobError(_("At most %(most)s events at once. Divide the file.") % {"most": f"{MOST:,}"})
    running.set_total(total)
    file, done = EventFile(path, kind), running.checkpoint.get("rows", 0)
    rows = islice(file.rows(), done, None)
    while part := list(islice(rows, BATCH)):
        done += len(part)
        with running.batch() as step:
            told = take_events(None, [file.event(cells) for _line, cells in part])
            step.created, step.skipped, step.failed = told["kept"], told["known"], told["refused"]
            step.checkpoint = {"rows": done}
    running.job.refresh_from_db(fields=["created", "failed"])
    if running.job.failed:
        _tell_refused(running, EventFile(path, kind))
    audit(running.job.user, "imported", entity="marketing.behaviourevent", count=running.job.created)
    return {"rows": total}


def _tell_refused(running: Running, file: EventFile) -> None:
    """The refused rows as they came, each with its line and why: mended, they can be brought again."""

    def rows() -> Iterator[list[Any]]:
        yield [_("Line"), _("Why"), *file.table.columns]
        for line, cells in file.rows():
            try:
                read_event(file.event(cells))
            except ValidationError as error:
                yield [str(line), " ".join(text for texts in error.message_dict.values() for text in texts), *cells]

    path = temporary("csv")
    try:
        with path.open("wb") as target:
            write_csv(rows(), target)
        running.add_file(path, str(_("refused rows")) + ".csv", FORMATS["csv"], label=str(_("Refused rows")))
    finally:
        path.unlink()
