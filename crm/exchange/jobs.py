"""The long work of files: checking, importing, undoing, exporting."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.exchange.importing.people import undo_people
from crm.exchange.importing.preview import look_ahead
from crm.exchange.importing.writing import write_import
from crm.exchange.models import Import
from crm.jobs.kinds import job_kind
from crm.jobs.models import Job
from crm.jobs.running import Running
from crm.records.models import ChangeSet
from crm.records.undo import undo


def of_job(job: Job) -> dict:
    """What the page of an import's job shows below the progress."""
    run = Import.objects.filter(pk=job.params["import"], user=job.user).select_related("changes", "job").first()
    if run is None:
        return {}
    shown = list(run.rows.all()[:100])
    return {"run": run, "shown": shown, "undone": bool(run.changes and run.changes.undone_at)}


@job_kind("exchange.preview", _("File check"), icon="eye-check", template="exchange/checked.html", context=of_job)
def check_file(running: Running) -> dict:
    """Judge every row without writing anything."""
    run = Import.objects.select_related("user").get(pk=running.params["import"])
    found = look_ahead(run, told=running.report)
    kept = Import.objects.filter(pk=run.pk, preview__job=running.job.pk)
    kept.update(preview={**found, "job": running.job.pk})
    running.report(found["rows"])
    return {"import": run.pk}


@job_kind("exchange.import", _("Import"), icon="file-import", template="exchange/imported.html", context=of_job)
def run_import(running: Running) -> dict:
    """Bring the rows in."""
    return write_import(running)


@job_kind("exchange.undo", _("Undo of an import"), icon="arrow-back-up", template="exchange/undone.html", context=of_job)
def undo_import(running: Running) -> dict:
    """Take back what an import did, newest first; what was changed since stays and is counted."""
    run = Import.objects.select_related("user").get(pk=running.params["import"])
    if run.label == "users.user":
        return undo_people(run)
    done = undo(ChangeSet.objects.get(pk=run.changes_id), actor=running.actor)
    running.set_total(done.records)
    return {"records": done.records, "conflicts": len(done.conflicts)}
