"""The one door through which the bytes of files leave: it asks the policy, and nothing that leaves can run in the browser."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404
from django.utils.http import parse_etags, quote_etag
from django.views.decorators.http import require_safe

from crm.files.models import FileVersion, StoredFile
from crm.files.pages import marked, page_picture
from crm.files.previews import SIZES
from crm.files.services import find_file
from crm.files.storage import open_content, preview_path
from crm.files.types import served_as
from crm.lib.http import client_address
from crm.records.audit import audit

SANDBOX = "default-src 'none'; sandbox"


@login_required
@require_safe
def download(request: HttpRequest, pk: int, number: int | None = None) -> FileResponse:
    """The present version of a file, or the one named, as an attachment to whoever may see its record."""
    file, version = _find(request.user, pk, number)
    return hand_out(request, file, version, user=request.user)


def hand_out(
    request: HttpRequest, file: StoredFile, version: FileVersion, *, user: Any = None, **data: Any
) -> FileResponse:
    """A version as an attachment, noted in the audit log with ``data``. The caller has asked whether who asks may have it."""
    try:
        content = open_content(version.sha256)
    except FileNotFoundError:
        raise Http404 from None
    if request.method == "GET":
        audit(
            user,
            "downloaded",
            entity=file.entity_label(),
            record_ids=[file.pk],
            address=client_address(request) or None,
            version=version.number,
            **data,
        )
    name = file.name if version.number == file.number else version.name
    answer = FileResponse(content, as_attachment=True, filename=name, content_type=served_as(version.content_type))
    return _harmless(answer)


@login_required
@require_safe
def preview(request: HttpRequest, pk: int, size: str, number: int | None = None) -> HttpResponse:
    """A picture that we drew of the file; 404 while there is none."""
    _file, version = _find(request.user, pk, number)
    return show_picture(request, version, size)


def show_picture(request: HttpRequest, version: FileVersion, size: str) -> HttpResponse:
    """The picture of a version. The caller has asked whether who asks may have it."""
    if size not in SIZES or version.preview != FileVersion.Preview.READY:
        raise Http404
    mark = quote_etag(f"{version.sha256[:32]}-{size}")
    if mark in parse_etags(request.headers.get("If-None-Match", "")):
        return _harmless(HttpResponseNotModified(), cache="private, no-cache", mark=mark)
    try:
        content = preview_path(version.sha256, size).open("rb")
    except FileNotFoundError:
        raise Http404 from None
    return _harmless(FileResponse(content, content_type="image/webp"), cache="private, no-cache", mark=mark)


def show_page(version: FileVersion, number: int, mark: str = "") -> HttpResponse:
    """A page as a picture, with a ``mark`` burnt in where one is given. The caller has asked whether who asks may have it."""
    picture = page_picture(version, number)
    if picture is None or not picture.exists():
        raise Http404
    content = marked(picture, mark) if mark else picture.read_bytes()
    return _harmless(HttpResponse(content, content_type="image/webp"))


def _find(user: Any, pk: int, number: int | None) -> tuple[StoredFile, FileVersion]:
    """The file and its version, if the user may see the record it belongs to; 404 hides the rest."""
    file = find_file(user, pk)
    if file is None:
        raise Http404
    return file, get_object_or_404(file.versions, number=number or file.number)


def _harmless(answer: Any, *, cache: str = "private, no-store", mark: str = "") -> Any:
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = SANDBOX
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["Cache-Control"] = cache
    if mark:
        answer["ETag"] = mark
    return answer
