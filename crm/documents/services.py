"""Papers of records, kept among their files."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.documents.printing import pdf_of
from crm.entities.entity import registry
from crm.files.models import StoredFile
from crm.files.services import store_content
from crm.jobs.kinds import job_kind
from crm.jobs.models import Job
from crm.jobs.running import JobError, Running
from crm.jobs.services import start_job
from crm.records.actor import Actor

KIND = "document"


def keep_pdf(record: Any, *, actor: Actor, language: str = "zh-hans", name: str = "") -> StoredFile:
    """Print the paper of a record and keep it as a file of the record."""
    pdf = pdf_of(record, actor.user, language)
    return store_content(pdf, f"{name or record}.pdf", record=record, actor=actor)


def start_pdf(record: Any, *, user: Any, language: str = "zh-hans") -> Job:
    """The same as long work, for documents of many pages."""
    params = {"entity": record.entity_label(), "record": record.pk, "language": language}
    return start_job(KIND, user=user, params=params, title=_("PDF of %(record)s") % {"record": record}, total=1)


@job_kind(KIND, gettext_lazy("Print a document"), icon="file-type-pdf")
def print_document(running: Running) -> dict | None:
    """Within the rights of who asked: the record is looked up anew through the policy."""
    params, user = running.params, running.job.user
    if running.checkpoint.get("file"):
        return dict(running.checkpoint)
    record = registry[params["entity"]].model.objects.restrict(user).filter(pk=params["record"]).first()
    if record is None:
        raise JobError(_("The record is not there any more, or not for you to see."))
    with running.batch() as step:
        file = keep_pdf(record, actor=running.actor, language=params["language"])
        step.created, step.checkpoint = 1, {"file": file.pk}
    return {"file": file.pk}
