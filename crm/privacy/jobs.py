"""The long work of privacy: an archive of all data, what an erasure would do, the erasure."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.jobs.kinds import job_kind
from crm.jobs.models import Job
from crm.jobs.running import JobError, Running
from crm.privacy import erasing, kinds, requests
from crm.privacy.exporting import export_person
from crm.privacy.models import PrivacyRequest
from crm.records.audit import audit
from crm.records.log import log
from crm.records.models import Record


def _request(running: Running) -> tuple[PrivacyRequest, Record]:
    request = PrivacyRequest.objects.filter(pk=running.params["request"]).first()
    person = requests.person_of(request) if request else None
    if request is None or person is None:
        raise JobError(_("The person or the request is not there any more."))
    return request, person


def _shown(job: Job) -> dict:
    return {"request": PrivacyRequest.objects.filter(pk=job.params["request"]).first()}


@job_kind("privacy.export", gettext_lazy("Export of all data of a person"), icon="file-export")
def run_export(running: Running) -> dict:
    """One archive for whoever asked for it; that it was made stands in both logs."""
    request, person = _request(running)
    path, rows = export_person(person)
    try:
        running.finish_file(path, f"person-{person.pk}.zip", "application/zip", done=rows)
    finally:
        path.unlink(missing_ok=True)
    audit(running.job.user, "exported", entity=person.entity_label(), record_ids=[person.pk], request=request.pk)
    log(person, kinds.EXPORTED, actor=running.actor, request=request.pk)
    return {"rows": rows}


@job_kind(
    "privacy.plan",
    gettext_lazy("Preview of an erasure"),
    icon="list-search",
    template="privacy/job.html",
    context=_shown,
)
def run_plan(running: Running) -> dict:
    """What would go and what stays, kept on the request."""
    request, person = _request(running)
    made = erasing.plan(person, files_elsewhere=bool(running.params.get("files_elsewhere")))
    PrivacyRequest.objects.filter(pk=request.pk).update(plan=made.as_json())
    running.set_total(1, done=1)
    return {}


@job_kind(
    "privacy.erase", gettext_lazy("Erasure of a person"), icon="eraser", template="privacy/job.html", context=_shown
)
def run_erasure(running: Running) -> dict:
    """All or nothing in the database; then the files, again and again until they are gone."""
    if "contents" not in running.checkpoint:
        request, person = _request(running)
        running.set_total(2)
        with running.batch() as step:
            try:
                done = erasing.erase(
                    person,
                    actor=running.actor,
                    request=request,
                    files_elsewhere=bool(running.params.get("files_elsewhere")),
                )
            except erasing.Held as held:
                raise JobError(
                    _("A legal hold stands against it: %(names)s.") % {"names": ", ".join(held.names)}
                ) from held
            outcome = {"goes": done.goes, "swept": done.swept, "failed": done.failed}
            PrivacyRequest.objects.filter(pk=request.pk).update(outcome=outcome, plan={})
            fresh = PrivacyRequest.objects.get(pk=request.pk)
            fresh.note = ""
            requests.settle(fresh, actor=running.actor, answer=fresh.answer)
            step.done, step.checkpoint = 1, {"contents": done.contents, "paths": done.paths}
    left = erasing.Erased(contents=running.checkpoint["contents"], paths=running.checkpoint["paths"])
    erasing.unlink(left)
    with running.batch() as step:
        step.done, step.checkpoint = 1, {"contents": [], "paths": []}
    return {}
