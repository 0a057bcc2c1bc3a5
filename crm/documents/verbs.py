"""The verbs that every record with a paper has: kept among its documents, or taken along by whoever may read it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from crm.documents.models import LANGUAGES
from crm.documents.printing import papers, pdf_of
from crm.documents.services import keep_pdf, start_pdf
from crm.entities.entity import Action, contribute, registry
from crm.entities.panels import panel
from crm.files.types import clean_name
from crm.lib.http import client_address
from crm.lib.often import too_often
from crm.records.actor import Actor
from crm.records.audit import audit
from crm.records.models import Record

QUICK = 150
"""Lines that are printed while one waits; more of them are long work."""
MOST = 30
"""PDFs for one address in a minute."""


class PrintForm(forms.Form):
    """In which language."""

    language = forms.ChoiceField(choices=LANGUAGES, label=gettext_lazy("Language"))

    def __init__(
        self, data: Any = None, *, user: Any, record: Record | None = None, entity: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        self.user, self.record = user, record
        self.initial.setdefault("language", spoken(user))


def spoken(user: Any) -> str:
    """The language of papers that a person reads."""
    return "zh-hans" if user.language.startswith("zh") else "en"


def is_long(record: Any) -> bool:
    """Whether its paper takes longer than one waits."""
    return record.lines.filter(deleted_at__isnull=True).count() > QUICK


def name_of(record: Any) -> str:
    """What its paper is called."""
    return getattr(record, "number", "") or str(record)


def print_record(record: Any, *, actor: Actor, language: str = "zh-hans") -> None:
    """Keep it as a PDF, a version of its document; one of many lines is printed as a job."""
    if is_long(record):
        start_pdf(record, user=actor.user, language=language)
    else:
        keep_pdf(record, actor=actor, language=language, name=name_of(record))


def offers_paper(label: str) -> None:
    """Give an entity with a registered paper its verb, and its readers a way to take the paper along."""
    verb = Action("print", gettext_lazy("Save PDF"), print_record, "file-type-pdf", PrintForm, automatic=False)
    contribute(label, verb)

    @panel(label, slot="menu", template="documents/paper_menu.html")
    def papers_of(record: Any, user: Any) -> dict[str, Any]:
        """In each language; whoever sees the record may have it."""
        return {"url": reverse("documents:paper", args=[label, record.pk])}


@login_required
@never_cache
@require_GET
def paper(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """The paper of a record for whoever may see it; nothing is kept. A long one is made as a job of theirs."""
    if label not in papers or label not in registry:
        raise Http404
    record = get_object_or_404(
        registry[label].model.objects.restrict(request.user).filter(deleted_at__isnull=True), pk=pk
    )
    language, back = request.GET.get("language", ""), registry[label].url("record", pk)
    language = language if language in dict(LANGUAGES) else spoken(request.user)
    if is_long(record):
        return redirect("jobs:job", pk=start_pdf(record, user=request.user, language=language, keep=False).pk)
    try:
        if too_often("paper", request, MOST):
            raise ValidationError(_("Too many requests came. Please try again in a minute."))
        content = pdf_of(record, request.user, language)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return HttpResponseRedirect(back)
    address = client_address(request) or None
    audit(request.user, "downloaded", entity=label, record_ids=[pk], address=address, language=language)
    answer = HttpResponse(content, content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{clean_name(name_of(record))}.pdf"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
