"""The page behind a link: whoever has it looks at the document, as far as the link goes. Every opening is counted."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from crm.documents import sharing
from crm.documents.library import DocumentShare
from crm.documents.printing import company
from crm.files.models import FileVersion
from crm.files.pages import pages_of
from crm.files.types import label_of
from crm.files.views import hand_out, show_page
from crm.lib.agents import is_robot
from crm.lib.http import client_address
from crm.lib.often import too_often

SPOKEN = {"zh": "zh-hans", "en": "en"}
PASS = "opened"
MOST = 90
"""Requests of one address in a minute."""
PICTURES = 400
"""The same for the pages of what is open."""


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """The document, or the question for its password. No cookie guards it: the address itself opens it."""
    with translation.override(SPOKEN.get(request.GET.get("lang", "")) or translation.get_language()):
        if too_often("documents.share", request, MOST):
            return _page(request, None, note=_("Too many requests came. Please try again in a minute."), status=429)
        share = sharing.find_share(token)
        if share is None:
            return _page(request, None, status=404)
        if is_robot(_agent(request)):
            sharing.note_view(share, _agent(request))
            return _page(request, share, asks=False)
        if _passed(request, share):
            return _page(request, share, shows=True)
        if share.password and request.method == "GET":
            return _page(request, share, asks=True)
        if share.password and (refusal := _refusal(request, share)):
            return refusal
        if not sharing.note_view(share, _agent(request)):
            return _page(request, None, status=404)
        answer = (
            _page(request, share, shows=True)
            if request.method == "GET"
            else HttpResponseRedirect(request.path, status=303)
        )
        return _give_pass(_closed(answer), share, request.path)


@never_cache
@require_GET
def shared_file(request: HttpRequest, token: str) -> HttpResponse:
    """The bytes, for who has opened the page of a share that may be downloaded."""
    share, version = _opened(request, token)
    if not share.downloads:
        raise Http404
    return hand_out(request, version.file, version, share=share.pk)


@never_cache
@require_GET
def shared_picture(request: HttpRequest, token: str, number: int) -> HttpResponse:
    """What a page looks like; of what is only looked at, with its reader written across."""
    share, version = _opened(request, token, PICTURES)
    return show_page(version, number, "" if share.downloads else _reader(request, share))


def _reader(request: HttpRequest, share: DocumentShare) -> str:
    """For whom the link is, when it is looked at, and from where."""
    moment = f"{timezone.localtime():%Y-%m-%d %H:%M}"
    return " · ".join(filter(None, (share.label, moment, client_address(request))))


def _opened(request: HttpRequest, token: str, most: int = MOST) -> tuple[DocumentShare, FileVersion]:
    share = None if too_often(f"documents.share.{most}", request, most) else sharing.find_share(token)
    if share is None or not _passed(request, share):
        raise Http404
    return share, share.document.file.versions.get(number=1)


def _refusal(request: HttpRequest, share: DocumentShare) -> HttpResponse | None:
    match sharing.is_password(share, request.POST.get("password", "")[:200]):
        case None:
            note = _("Too many wrong passwords. Please try again in a quarter of an hour.")
            return _page(request, share, asks=True, note=note, status=429)
        case False:
            return _page(request, share, asks=True, note=_("This is not the password."), status=403)
    return None


def _page(
    request: HttpRequest,
    share: DocumentShare | None,
    *,
    shows: bool = False,
    asks: bool = False,
    note: str = "",
    status: int = 200,
) -> HttpResponse:
    """Of the document only what may be known: nothing before it is opened."""
    context: dict[str, Any] = {"company": company(), "share": share, "asks": asks, "note": note, "shows": shows}
    if share is not None and shows:
        file = share.document.file
        context |= {
            "document": share.document,
            "file": file,
            "pages": range(1, pages_of(file.versions.get(number=1)) + 1),
            "kind": label_of(file.name, file.content_type),
        }
        context["path"] = request.path
    return _closed(render(request, "documents/shared.html", context, status=status))


def _closed(answer: HttpResponse) -> HttpResponse:
    answer["X-Robots-Tag"] = "noindex, nofollow"
    answer["Referrer-Policy"] = "no-referrer"
    return answer


def _give_pass(answer: HttpResponse, share: DocumentShare, path: str) -> HttpResponse:
    answer.set_cookie(
        PASS, sharing.pass_for(share), max_age=sharing.VISIT, path=path, httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip
    return answer


def _passed(request: HttpRequest, share: DocumentShare) -> bool:
    return sharing.has_pass(share, request.COOKIES.get(PASS, ""))


def _agent(request: HttpRequest) -> str:
    return request.headers.get("User-Agent", "")
