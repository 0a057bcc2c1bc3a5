"""The steps of an import, and starting and undoing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from crm.exchange.importing.analysis import analyse
from crm.exchange.importing.preview import INLINE, look_ahead
from crm.exchange.importing.proposal import propose
from crm.exchange.importing.source import signature, table_of
from crm.exchange.importing.targets import Target
from crm.exchange.models import Import, SavedMapping
from crm.jobs.models import Job
from crm.jobs.services import cancel_job, resume_job, start_job
from crm.records.models import Entry

UNDO = "exchange.undo"  # the kind of job that takes an import back
# Bytes from which a file is looked at by a job: about 50,000 lines.
LARGE, LARGE_WORKBOOK = 5 << 20, 1 << 20


def take_upload(upload: UploadedFile, *, target: Target, user: Any, parent: Import | None = None) -> Import:
    """Keep a file and look at it with what is found by itself. ReadError when it can't be read; nothing is kept then."""
    run = Import(user=user, label=target.label, name=str(upload.name)[-255:], size=upload.size or 0, parent=parent)
    run.reading = {"name": run.name}
    run.file.save(run.name, upload, save=False)
    try:
        read(run, target)
    except BaseException:
        run.file.delete(save=False)
        raise
    return run


def read(run: Import, target: Target, changes: Mapping[str, Any] | None = None) -> None:
    """Read the file with changed settings, look at all of it and propose a mapping. ReadError leaves the import as it was.

    Of a large file only the first rows are looked at here, so that the person sees them at once; a job looks at all.
    """
    before = dict(run.reading)
    stop_analysing(run)
    run.reading = {**before, **(changes or {})}
    try:
        table = table_of(run)
        run.reading |= {
            "sheets": list(table.sheets),
            "found": {"encoding": table.encoding, "delimiter": table.delimiter, "header_row": table.header_row},
            "workbook": bool(table.sheets),
        }
        large = run.size > (LARGE_WORKBOOK if table.sheets else LARGE)
        run.analysis = analyse(run, most=INLINE if large else None)
    except BaseException:
        run.reading = before
        raise
    propose(run, target)
    with transaction.atomic():
        run.save()
        if large and run.analysis["rows"] >= INLINE:
            _analyse_all(run)


def _analyse_all(run: Import) -> None:
    title = _("Read %(name)s") % {"name": run.name}
    job = start_job("exchange.analyse", user=run.user, params={"import": run.pk}, title=title)
    run.analysis["job"] = job.pk
    run.save(update_fields=["analysis"])


def stop_analysing(run: Import) -> None:
    """Stop looks at this file that were begun with other settings."""
    if run.pk and run.looking:
        for job in Job.objects.filter(pk=run.analysis["job"], user=run.user):
            cancel_job(job)


def set_mapping(run: Import, mapping: list[dict], options: Mapping[str, Any]) -> None:
    """Keep what becomes of each column; verdicts made before count no more."""
    run.mapping, run.options, run.preview = mapping, {**run.options, **options}, {}
    run.save(update_fields=["mapping", "options", "preview"])


def look(run: Import) -> Job | None:
    """Make the verdicts: at once for small files, else of the first rows at once and of all in a job, which is returned."""
    stop_looking(run)
    if run.analysis["rows"] <= INLINE:
        run.preview = look_ahead(run)
        run.save(update_fields=["preview"])
        return None
    run.preview = look_ahead(run, most=200)
    job = start_job(
        "exchange.preview",
        user=run.user,
        params={"import": run.pk},
        title=_("Check %(name)s") % {"name": run.name},
        total=run.analysis["rows"],
    )
    run.preview["job"] = job.pk
    run.save(update_fields=["preview"])
    return job


def stop_looking(run: Import) -> None:
    """Stop checks of this import whose verdicts nobody waits for any more."""
    for job in Job.objects.filter(
        kind="exchange.preview", user=run.user, params__import=run.pk, state__in=["queued", "running"]
    ):
        cancel_job(job)


@transaction.atomic
def start_import(run: Import) -> Job:
    """Start the import proper, once: a second click gets the same job. The mapping is remembered for the next file like it."""
    locked = Import.objects.select_for_update(of=("self",)).select_related("job", "user").get(pk=run.pk)
    if locked.job is not None:
        return locked.job
    stop_looking(locked)
    title = _("Import %(name)s") % {"name": locked.name}
    locked.job = start_job(
        "exchange.import", user=locked.user, params={"import": locked.pk}, title=title, total=locked.analysis["rows"]
    )
    locked.save(update_fields=["job"])
    SavedMapping.objects.update_or_create(
        user=locked.user,
        label=locked.label,
        signature=signature(locked.headings),
        defaults={"mapping": locked.mapping, "options": locked.options},
    )
    return locked.job


@transaction.atomic
def start_undo(run: Import) -> Job:
    """Take back everything an import did, as far as nobody has changed it since: by the job there is, or by a new one."""
    Import.objects.select_for_update().get(pk=run.pk)
    job = Job.objects.filter(kind=UNDO, params__import=run.pk).exclude(state=Job.State.DONE).first()
    if job is not None:
        resume_job(job)
        return job
    return start_job(
        UNDO,
        user=run.user,
        params={"import": run.pk},
        title=_("Undo the import %(name)s") % {"name": run.name},
        total=Entry.objects.filter(change_set=run.changes_id, at__gte=run.changes.at).count(),
    )
