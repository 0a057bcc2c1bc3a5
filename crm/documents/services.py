"""Papers of records, kept as versions of their documents."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.documents.keeping import keep_paper
from crm.documents.library import Document
from crm.documents.printing import pdf_of
from crm.entities.entity import registry
from crm.files.types import clean_name
from crm.jobs.kinds import job_kind
from crm.jobs.models import Job
from crm.jobs.running import JobError, Running
from crm.jobs.services import start_job
from crm.records.actor import Actor

KIND = "document"


def keep_pdf(record: Any, *, actor: Actor, language: str = "zh-hans", name: str = "", whole: bool = False) -> Document:
    """Print the paper of a record: the next version of its document in that language. As the actor may know it, or ``whole``,
    as the customer reads it."""
    pdf = pdf_of(record, None if whole else actor.user, language)
    return keep_paper(record, pdf, f"{name or record}.pdf", actor=actor, source=language)


def share_page(entity: Any, ids: Sequence[int]) -> str:
    """Where a link to a document is made."""
    return reverse("documents:share", args=[ids[0]])


def place_page(entity: Any, ids: Sequence[int]) -> str:
    """Where the record is found that a document is to hang on."""
    return reverse("documents:place", args=[ids[0]])


def stay(document: Document, *, actor: Actor) -> Document:
    """The verb has a page of its own."""
    return document


def start_pdf(record: Any, *, user: Any, language: str = "zh-hans", keep: bool = True) -> Job:
    """The same as long work, for documents of many pages; without ``keep`` a file of the job alone."""
    params = {"entity": record.entity_label(), "record": record.pk, "language": language, "keep": keep}
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
    if not params.get("keep", True):
        return _hand_over(running, record)
    with running.batch() as step:
        document = keep_pdf(record, actor=running.actor, language=params["language"])
        step.created, step.checkpoint = 1, {"file": document.file_id}
    return {"file": document.file_id}


def _hand_over(running: Running, record: Any) -> None:
    with tempfile.NamedTemporaryFile(suffix=".pdf") as made:
        made.write(pdf_of(record, running.job.user, running.params["language"]))
        made.flush()
        running.finish_file(Path(made.name), f"{clean_name(str(record))}.pdf", "application/pdf", done=1)
