"""Bringing files to a record, and what is done with them there. The bytes leave through ``crm.files.views`` alone."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from crm.access import policy
from crm.entities.entity import registry
from crm.entities.files import takes_files
from crm.entities.undoing import undo_url
from crm.entities.views.base import EntityView
from crm.files.limits import refused
from crm.files.models import StoredFile
from crm.files.services import add_version, may_attach, restore_version, store_file
from crm.files.storage import too_large
from crm.records import services as records
from crm.records.actor import Actor

UNPROCESSABLE = 422


class FilesView(EntityView):
    """Keeps one or several files for whoever may change the record; they are listed on its tab."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        record: Any = self.get_record(pk)
        if not takes_files(record, request.user) or not may_attach(request.user, record):
            raise PermissionDenied
        errors, kept = [too_large()] if refused(request) else [], 0
        for upload in request.FILES.getlist("file"):
            try:
                store_file(upload, record=record, actor=self.actor)
                kept += 1
            except ValidationError as error:
                errors.append(f"{upload.name}: {' '.join(error.messages)}")
        if not kept and not errors:
            errors = [_("Choose a file first.")]
        said = ngettext("%(n)s file added.", "%(n)s files added.", kept) % {"n": kept} if kept else ""
        return answer(request, f"{self.bound.url('record', record.pk)}?tab=files", said, errors)


@login_required
@require_POST
def version(request: HttpRequest, pk: int) -> HttpResponse:
    """A new content for a file."""
    file, errors = _changeable(request, pk), []
    upload = request.FILES.get("file")
    if upload is None:
        errors = [too_large() if refused(request) else _("Choose a file first.")]
    else:
        try:
            add_version(file, upload, actor=Actor.of(request))
        except ValidationError as error:
            errors = error.messages
    return answer(request, _page(request, file), _("The new version is kept."), errors)


@login_required
@require_POST
def restore(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """An earlier version counts again."""
    file, errors = _changeable(request, pk), []
    try:
        restore_version(file, number, actor=Actor.of(request))
    except ValidationError as error:
        errors = error.messages
    return answer(request, _page(request, file), _("Version %(number)s counts again.") % {"number": number}, errors)


@login_required
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """To the trash, with a toast that undoes it; back to the files of the record."""
    file = _changeable(request, pk)
    changes = records.delete(file, actor=Actor.of(request))
    said = _("%(name)s is in the trash.") % {"name": file}
    return answer(request, _page(request, file), said, [], undo=undo_url(changes))


def _changeable(request: HttpRequest, pk: int) -> StoredFile:
    """404: no such file for this person. 403: seen, but its record may not be changed."""
    file = get_object_or_404(StoredFile.objects.restrict(request.user), pk=pk)
    if not policy.can_record(request.user, file, "change"):
        raise PermissionDenied
    return file


def _page(request: HttpRequest, file: StoredFile) -> str:
    """Where the file is shown: the tab of its record, or its own page when that is where the form stood."""
    if file.on_entity in registry and not request.POST.get("here"):
        return f"{registry[file.on_entity].url('record', file.on_id)}?tab=files"
    entity = registry[file.entity_label()]
    return entity.url("list") if file.deleted_at else entity.url("record", file.pk)


def answer(request: HttpRequest, url: str, said: str, errors: list[str], *, undo: str = "") -> HttpResponse:
    """Back to the page with what was done; a script that sent one file only hears whether it was kept."""
    if request.htmx:
        text = " ".join(errors)
        return HttpResponse(text, status=UNPROCESSABLE if errors else 200, content_type="text/plain; charset=utf-8")
    for error in errors:
        messages.error(request, error)
    if said and not errors:
        messages.success(request, said, extra_tags=f"undo={undo}" if undo else "")
    return HttpResponseRedirect(url)
