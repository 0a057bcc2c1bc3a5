"""A person's jobs: what runs, what came of it, its files."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm.jobs.kinds import kinds
from crm.jobs.models import Job, JobFile
from crm.jobs.services import cancel_job, resume_job

PAGE = 50
STOP_POLLING = 286


@login_required
@require_safe
def job_list(request: HttpRequest) -> HttpResponse:
    """My latest jobs."""
    jobs = list(Job.objects.filter(user=request.user)[:PAGE])
    rows = [{"job": job, "kind": kinds.get(job.kind)} for job in jobs]
    return render(request, "jobs/list.html", {"rows": rows, "active": any(job.active for job in jobs)})


@login_required
@require_safe
def job_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One job with its live progress and its results."""
    job = get_object_or_404(Job, pk=pk, user=request.user)
    _see(job)
    return render(request, "jobs/job.html", _context(job))


@login_required
@require_safe
def job_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that lives: asked for each second while the job is active."""
    job = get_object_or_404(Job, pk=pk, user=request.user)
    _see(job)
    return render(request, "jobs/job.html#progress", _context(job), status=200 if job.active else STOP_POLLING)


@login_required
@require_POST
def job_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the job to stop."""
    job = get_object_or_404(Job, pk=pk, user=request.user)
    cancel_job(job)
    messages.info(request, _("The job stops after its present batch. What was done so far is kept."))
    return redirect("jobs:job", pk=job.pk)


@login_required
@require_POST
def job_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the job go on where it stopped."""
    job = get_object_or_404(Job, pk=pk, user=request.user)
    if not resume_job(job):
        messages.error(request, _("This job can't go on. Start it anew."))
    return redirect("jobs:job", pk=job.pk)


@login_required
@require_safe
def job_file(request: HttpRequest, pk: int, file_pk: int) -> FileResponse:
    """A result, as an attachment, to the job's own user only."""
    found = get_object_or_404(JobFile, pk=file_pk, job_id=pk, job__user=request.user)
    response = FileResponse(
        found.file.open("rb"), as_attachment=True, filename=found.name, content_type=found.content_type
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _see(job: Job) -> None:
    if not job.active and not job.seen:
        Job.objects.filter(pk=job.pk).update(seen=True)


def _context(job: Job) -> dict:
    kind = kinds.get(job.kind)
    stopped = job.state in {Job.State.FAILED, Job.State.CANCELLED}
    resumable = bool(stopped and kind and kind.resumable(job))
    extra = kind.context(job) if kind and not job.active else {}
    return {"job": job, "kind": kind, "resumable": resumable, "files": list(job.files.all()), **extra}
