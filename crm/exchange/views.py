"""The steps of an import: choose a file, how it is read, its columns, its values, a look ahead, go."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.exchange import services, steps
from crm.exchange.forms import OptionsForm, ReadingForm, UploadForm, posted_fills, posted_mapping, posted_values
from crm.exchange.importing.targets import Target, target_of
from crm.exchange.models import Import
from crm.exchange.reading.errors import ReadError
from crm.jobs.models import Job

UNPROCESSABLE = 422
GET_POST = ["GET", "HEAD", "POST"]
STOP_POLLING = 286


def allowed_target(request: HttpRequest, label: str) -> Target:
    """What files for ``label`` become; 404 when there is no such thing, 403 without the right to import it."""
    target = target_of(label, request.user)
    if not target.allowed:
        raise PermissionDenied
    return target


def own_import(request: HttpRequest, pk: int) -> tuple[Import, Target]:
    """One's own import and its target; 404 hides those of others."""
    run = get_object_or_404(Import.objects.select_related("user", "job", "changes", "parent"), pk=pk, user=request.user)
    return run, allowed_target(request, run.label)


@login_required
@require_http_methods(GET_POST)
def start(request: HttpRequest, label: str) -> HttpResponse:
    """Choose a file. ``?parent=`` names the import whose rejected rows it corrects."""
    target = allowed_target(request, label)
    parent_pk = request.GET.get("parent", "")
    parent = (
        Import.objects.filter(pk=parent_pk, user=request.user, label=label).first() if parent_pk.isdecimal() else None
    )
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            run = services.take_upload(form.cleaned_data["file"], target=target, user=request.user, parent=parent)
        except ReadError as error:
            form.add_error("file", str(error))
        else:
            return redirect("exchange:columns" if parent else "exchange:reading", pk=run.pk)
    recent = Import.objects.filter(user=request.user, label=label).select_related("job")[:8]
    context = {
        "target": target,
        "form": form,
        "recent": list(recent),
        "parent": parent,
        "limit": settings.UPLOAD_LIMIT >> 20,
    }
    return render(request, "exchange/start.html", context, status=UNPROCESSABLE if form.errors else 200)


@login_required
@require_http_methods(GET_POST)
def reading(request: HttpRequest, pk: int) -> HttpResponse:
    """How the file is read: found by itself, changed here."""
    run, target = own_import(request, pk)
    if run.started:
        return redirect("jobs:job", pk=run.job_id)
    form = ReadingForm(request.POST or None, run=run)
    if request.method == "POST" and form.is_valid():
        try:
            if form.has_changed():
                services.read(run, target, form.cleaned_data)
        except ReadError as error:
            form.add_error(None, str(error))
        else:
            onwards = "next" in request.POST and not run.looking
            return redirect("exchange:columns" if onwards else "exchange:reading", pk=run.pk)
    context = {
        "run": run,
        "target": target,
        "form": form,
        "rows": steps.first_rows(run),
        "steps": steps.steps(run, "reading"),
        **_look(run),
    }
    return render(request, "exchange/reading.html", context, status=UNPROCESSABLE if form.errors else 200)


@login_required
@require_safe
def reading_state(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the look at a large file is; the page is loaded anew when there is something to go on with."""
    run, _target = own_import(request, pk)
    context = {"run": run, **_look(run)}
    response = render(request, "exchange/reading.html#state", context)
    if not (context["look"] and context["look"].active):
        response.status_code, response["HX-Refresh"] = STOP_POLLING, "true"
    return response


def _look(run: Import) -> dict:
    """The job that looks at all rows, while it is needed, and why it found nothing if so."""
    look = Job.objects.filter(pk=run.analysis["job"], user=run.user).first() if run.looking else None
    problem = look and (look.error or _("Not all rows were looked at. Read the file again."))
    return {"look": look, "look_problem": problem}


def elsewhere(run: Import) -> HttpResponse | None:
    """Where somebody must go instead of to a later step: to the running import, or to the file that is still looked at."""
    if run.started:
        return redirect("jobs:job", pk=run.job_id)
    return redirect("exchange:reading", pk=run.pk) if run.looking else None


@login_required
@require_http_methods(GET_POST)
def columns(request: HttpRequest, pk: int) -> HttpResponse:
    """What becomes of each column."""
    run, target = own_import(request, pk)
    if other := elsewhere(run):
        return other
    error = ""
    if request.method == "POST":
        try:
            services.set_mapping(run, posted_mapping(request.POST, run, target), {})
            services.set_mapping(run, run.mapping, {"fill": posted_fills(request.POST, run, target)})
        except ValidationError as problem:
            error = " ".join(problem.messages)
        else:
            return redirect(_after_columns(run, target) if "next" in request.POST else "exchange:columns", pk=run.pk)
    context = {
        "run": run,
        "target": target,
        "error": error,
        "rows": steps.column_rows(run, target),
        "lacking": steps.lacking(run, target),
        "steps": steps.steps(run, "columns"),
    }
    return render(request, "exchange/columns.html", context, status=UNPROCESSABLE if error else 200)


def _after_columns(run: Import, target: Target) -> str:
    """Values are asked for only where some column has any to match."""
    return "exchange:values" if steps.value_groups(run, target) else "exchange:check"


@login_required
@require_http_methods(GET_POST)
def values(request: HttpRequest, pk: int) -> HttpResponse:
    """Which choice, stage, source or person each text means."""
    run, target = own_import(request, pk)
    if other := elsewhere(run):
        return other
    if request.method == "POST":
        services.set_mapping(run, posted_values(request.POST, run), {})
        return redirect("exchange:check", pk=run.pk)
    context = {
        "run": run,
        "target": target,
        "groups": steps.value_groups(run, target),
        "steps": steps.steps(run, "values"),
    }
    return render(request, "exchange/values.html", context)


@login_required
@require_http_methods(GET_POST)
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """The verdicts before anything is written; mode and keys are chosen here."""
    run, target = own_import(request, pk)
    if other := elsewhere(run):
        return other
    form = OptionsForm(request.POST or None, run=run, target=target)
    if request.method == "POST" and form.is_valid():
        services.set_mapping(run, run.mapping, form.cleaned_data)
        return redirect("exchange:check", pk=run.pk)
    if not run.preview:
        services.look(run)
    context = {"run": run, "target": target, "form": form, "steps": steps.steps(run, "check"), **_state(run, target)}
    return render(request, "exchange/check.html", context, status=UNPROCESSABLE if form.errors else 200)


@login_required
@require_safe
def check_state(request: HttpRequest, pk: int) -> HttpResponse:
    """The verdicts as far as they are known, asked for until all rows are judged."""
    run, target = own_import(request, pk)
    context = {"run": run, "target": target, **_state(run, target)}
    status = 200 if context["pending"] else STOP_POLLING
    return render(request, "exchange/check.html#state", context, status=status)


def _state(run: Import, target: Target) -> dict:
    preview = run.preview
    job = Job.objects.filter(pk=preview.get("job"), user=run.user).first() if preview.get("job") else None
    made = [
        {"field": target.fields[name], **found}
        for name, found in preview.get("made", {}).items()
        if name in target.fields
    ]
    return {
        "preview": preview,
        "check_job": job,
        "pending": bool(job and job.active and not preview.get("complete")),
        "made": made,
    }


@login_required
@require_POST
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    """Start the import proper."""
    run, _target = own_import(request, pk)
    return elsewhere(run) or redirect("jobs:job", pk=services.start_import(run).pk)


@login_required
@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo the whole import."""
    run, _target = own_import(request, pk)
    if run.changes is None or run.changes.undone_at or (run.job and run.job.active):
        messages.error(request, _("This import can't be undone: it is still running, or was undone already."))
        return redirect("jobs:job", pk=run.job_id) if run.job_id else redirect("exchange:start", label=run.label)
    return redirect("jobs:job", pk=services.start_undo(run).pk)
