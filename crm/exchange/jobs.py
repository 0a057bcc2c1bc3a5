"""The long work of files: checking, importing, undoing, exporting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.undo_job import WORDS, put_back
from crm.entities.undoing import may_undo_set
from crm.exchange.exporting import Export, file_stem
from crm.exchange.importing.analysis import analyse
from crm.exchange.importing.people import undo_people
from crm.exchange.importing.preview import look_ahead
from crm.exchange.importing.proposal import propose
from crm.exchange.importing.targets import target_of
from crm.exchange.importing.writing import write_import
from crm.exchange.models import Import
from crm.exchange.reading.errors import ReadError
from crm.exchange.services import UNDO
from crm.exchange.sheets import FORMATS, WRITERS, temporary
from crm.exchange.workbook import MOST_ROWS
from crm.jobs.kinds import job_kind
from crm.jobs.models import Job
from crm.jobs.running import JobError, Running
from crm.records.audit import audit
from crm.records.models import ChangeSet


def of_job(job: Job) -> dict:
    """What the page of an import's job shows below the progress."""
    run = Import.objects.filter(pk=job.params["import"], user=job.user).select_related("changes", "job").first()
    if run is None:
        return {}
    shown = list(run.rows.all()[:100])
    url = target_of(run.label, job.user).url
    return {"run": run, "shown": shown, "undone": bool(run.changes and run.changes.undone_at), "records_url": url}


@job_kind(
    "exchange.analyse",
    _("Look at a file"),
    icon="eye-check",
    template="exchange/analysed.html",
    context=of_job,
    quiet=True,
)
def analyse_file(running: Running) -> dict:
    """Look at all rows of a large file and propose what becomes of its columns."""
    run = Import.objects.select_related("user", "parent").get(pk=running.params["import"])
    try:
        run.analysis = analyse(run, told=running.report)
    except ReadError as error:
        raise JobError(str(error)) from error
    propose(run, target_of(run.label, run.user))
    wanted = Import.objects.filter(pk=run.pk, analysis__job=running.job.pk)
    wanted.update(analysis=run.analysis, mapping=run.mapping, options=run.options, preview=run.preview)
    running.set_total(run.analysis["rows"], done=run.analysis["rows"])
    return {"import": run.pk}


@job_kind(
    "exchange.preview", _("File check"), icon="eye-check", template="exchange/checked.html", context=of_job, quiet=True
)
def check_file(running: Running) -> dict:
    """Judge every row without writing anything."""
    run = Import.objects.select_related("user").get(pk=running.params["import"])
    found = look_ahead(run, told=running.report)
    kept = Import.objects.filter(pk=run.pk, preview__job=running.job.pk)
    kept.update(preview={**found, "job": running.job.pk})
    running.report(found["rows"])
    return {"import": run.pk}


def not_undone(job: Job) -> bool:
    """An import may go on as long as its file is there and nobody has begun to take it back."""
    begun = Job.objects.filter(kind=UNDO, params__import=job.params["import"]).exists()
    ended = Import.objects.filter(Q(file="") | Q(changes__undone_at__isnull=False), job=job)
    return not begun and not ended.exists()


@job_kind(
    "exchange.import",
    _("Import"),
    icon="file-import",
    template="exchange/imported.html",
    context=of_job,
    resumable=not_undone,
)
def run_import(running: Running) -> dict:
    """Bring the rows in."""
    return write_import(running)


@job_kind(
    UNDO,
    _("Undo of an import"),
    icon="arrow-back-up",
    template="exchange/undone.html",
    context=of_job,
    resumable=lambda job: True,
    words=WORDS,
)
def undo_import(running: Running) -> dict:
    """Take back what an import did, newest first and batch by batch; what was changed since stays and is listed."""
    run = Import.objects.select_related("user").get(pk=running.params["import"])
    if run.label == "users.user":
        return undo_people(run)
    changes = ChangeSet.objects.get(pk=run.changes_id)
    if changes.undone_at is None:
        if not may_undo_set(running.job.user, changes):
            raise JobError(gettext("You may not undo all of this any more."))
        put_back(running, changes)
    elif not running.checkpoint:
        raise JobError(gettext("It has been undone already."))
    running.job.refresh_from_db(fields=["updated", "failed"])
    return {"records": running.job.updated, "conflicts": running.job.failed}


@job_kind("exchange.export", _("Export"), icon="file-export")
def run_export(running: Running) -> dict:
    """Write a list into a file; the rights are those of now, not of when it was asked for."""
    label, format = running.params["label"], running.params["format"]
    bound = bind(registry[label], running.job.user)
    if not bound.can("export"):
        raise JobError(gettext("You may no longer export here."))
    options = {name: running.params.get(name, False) for name in ("consents", "codes")}
    export = Export(bound, QueryDict(running.params["query"]), **options)
    if export.problems:
        raise JobError(" ".join(export.problems))
    running.set_total(export.records().order_by().count())
    if format == "xlsx" and running.job.total >= MOST_ROWS:
        raise JobError(gettext("A workbook holds at most 1,048,575 rows. Export as CSV, or narrow the list down."))
    count = 0

    def counted() -> Iterator[list[Any]]:
        nonlocal count
        for count, row in enumerate(export.rows()):  # noqa: B007  the headings are row 0
            if count % 1000 == 0:
                running.report(count)
            yield row

    path = temporary(format)
    try:
        with path.open("wb") as file:
            WRITERS[format](counted(), file)
        running.finish_file(path, f"{file_stem(bound)}.{format}", FORMATS[format], done=count)
    finally:
        path.unlink()
    audit(running.job.user, "exported", entity=label, count=count, format=format, **export.summary())
    return {"rows": count}
