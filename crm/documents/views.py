"""Bringing documents and their versions, and making and revoking links to them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from crm.access import policy
from crm.documents import keeping, sharing
from crm.documents.access import holders
from crm.documents.library import Document, DocumentShare, Folder
from crm.documents.share_forms import ShareForm
from crm.entities.brief import briefs
from crm.entities.entity import registry
from crm.entities.finding import seen_record
from crm.entities.views.files import answer
from crm.files.limits import refused
from crm.files.storage import too_large
from crm.records.actor import Actor
from crm.records.models import Record
from crm.search.services import search

DOCUMENT = "documents.document"


@login_required
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Each file that came is a document: in a folder that its bringer sees, of a record that they may change, or of neither."""
    if not policy.can(request.user, DOCUMENT, "add"):
        raise PermissionDenied
    folder, record = _folder(request), _record(request)
    errors, kept = [too_large()] if refused(request) else [], 0
    for one in request.FILES.getlist("file"):
        try:
            keeping.create_document(one, actor=Actor.of(request), folder=folder, record=record)
            kept += 1
        except ValidationError as error:
            errors.append(f"{one.name}: {' '.join(error.messages)}")
    if not kept and not errors:
        errors = [_("Choose a file first.")]
    place: Any = record or folder
    url = registry[place.entity_label()].url("record", place.pk) if place else registry[DOCUMENT].url("list")
    said = ngettext("%(n)s document added.", "%(n)s documents added.", kept) % {"n": kept} if kept else ""
    return answer(request, url, said, errors)


@login_required
@require_POST
def version(request: HttpRequest, pk: int) -> HttpResponse:
    """A new content."""
    document, errors = _changeable(request, pk), []
    one = request.FILES.get("file")
    if one is None:
        errors = [too_large() if refused(request) else _("Choose a file first.")]
    else:
        try:
            keeping.add_version(document, one, actor=Actor.of(request), note=request.POST.get("note", ""))
        except ValidationError as error:
            errors = error.messages
    return answer(request, _page(document), _("The new version is kept."), errors)


@login_required
@require_POST
def restore(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """An earlier content as the newest version."""
    document, errors = _changeable(request, pk), []
    try:
        keeping.restore_version(document, number, actor=Actor.of(request))
    except ValidationError as error:
        errors = error.messages
    return answer(request, _page(document), _("Version %(number)s counts again.") % {"number": number}, errors)


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def share(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks how far it is to be shared; the answer tells the link, once."""
    document = _changeable(request, pk)
    form = ShareForm(request.POST or None)
    context = {"document": document, "form": form, "url": _page(document), "entity": registry[DOCUMENT]}
    if request.method == "POST" and form.is_valid():
        if not document.file_id:
            form.add_error(None, _("There is nothing to share yet: bring a file first."))
        else:
            made, link = sharing.make_share(document, actor=Actor.of(request), **form.values())
            return render(request, "documents/share.html", context | {"share": made, "link": link})
    return render(request, "documents/share.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def place(request: HttpRequest, pk: int) -> HttpResponse:
    """Records by the words that somebody types; POST hangs the document on one that they may change."""
    document, labels = _changeable(request, pk), [policy.entity_label(model) for model in holders()]
    if request.method == "POST":
        label, number = request.POST.get("entity", ""), request.POST.get("record", "")
        record = seen_record(request.user, label, number, "change", among=labels)[1]
        try:
            keeping.place_document(document, record, actor=Actor.of(request))
            messages.success(request, _("Linked to %(record)s.") % {"record": record})
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        return HttpResponseRedirect(_page(document))
    words = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    hits = (
        search(request.user, words, limit=10, labels=[label for label in labels if label in registry]) if words else []
    )
    found = [(hit.record, line) for hit in hits for line in briefs([hit.record], request.user)]
    context = {"document": document, "found": found, "words": words, "url": request.path, "back": _page(document)}
    return render(request, "documents/place.html", context | {"entity": registry[DOCUMENT]})


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """The link leads nowhere any more."""
    found = get_object_or_404(DocumentShare.objects.select_related("document"), pk=pk)
    document = _changeable(request, found.document_id)
    sharing.revoke_share(found, actor=Actor.of(request))
    messages.success(request, _("The link is revoked."))
    return HttpResponseRedirect(_page(document))


def _changeable(request: HttpRequest, pk: int) -> Document:
    """404: no such document for this person. 403: seen, but not theirs to change."""
    document = get_object_or_404(Document.objects.restrict(request.user), pk=pk)
    if not policy.can_record(request.user, document, "change"):
        raise PermissionDenied
    return document


def _page(document: Document) -> str:
    return registry[DOCUMENT].url("record", document.pk)


def _folder(request: HttpRequest) -> Folder | None:
    said = request.POST.get("folder", "")
    return get_object_or_404(Folder.objects.restrict(request.user), pk=_number(said)) if said else None


def _record(request: HttpRequest) -> Record | None:
    """The record that they are about, if one is named: only who may change it brings documents to it."""
    label = request.POST.get("on_entity", "")
    if not label:
        return None
    if label not in registry:
        raise Http404
    record = get_object_or_404(
        registry[label].model.objects.restrict(request.user), pk=_number(request.POST.get("on_id", ""))
    )
    if not keeping.takes_documents(record) or not policy.can_record(request.user, record, "change"):
        raise PermissionDenied
    return record


def _number(said: str) -> int:
    if not (said.isascii() and said.isdecimal() and len(said) < 19):
        raise Http404
    return int(said)
