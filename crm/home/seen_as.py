"""“As seen by”: an administrator looks at the program with somebody else's rights. Nothing can be changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import Resolver404, resolve
from django.views.decorators.http import require_POST

from crm.records.audit import audit
from crm.users.models import User

KEY = "seen_as"
# What belongs to the person alone (mail, notifications, profile, jobs) is no part of the preview.
SHOWN = {"entities", "home", "analytics", "search"}


class SeenAsMiddleware:
    """Puts the previewed person in the place of the administrator, for reading only."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.seen_by = None
        pk = request.session.get(KEY) if request.user.is_authenticated else None
        person = User.objects.filter(pk=pk, is_active=True).first() if pk and request.user.is_superuser else None
        if person is None:
            return self.get_response(request)
        if request.path_info.startswith("/static/") or request.path_info == STOP:
            return self.get_response(request)
        request.seen_by, request.user = request.user, person
        person.preview = True
        if request.path_info in UNTOLD:
            return HttpResponse(status=204)
        if request.method not in {"GET", "HEAD"} or _namespace(request.path_info) not in SHOWN:
            return render(request, "home/only_a_preview.html", status=403)
        return self.get_response(request)


STOP = "/seen-as/stop/"
# Numbers that every page asks for by itself, of what is no part of the preview: nothing is said.
UNTOLD = {"/approvals/count/", "/notifications/count/", "/calls/now/", "/mail/poll/"}


def _namespace(path: str) -> str:
    try:
        return resolve(path).namespace
    except Resolver404:
        return "home"  # the page that says so


def admin_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only an administrator previews."""

    @login_required
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_superuser:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked


@require_POST
@admin_only
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin to see the program as the person does; the audit log notes it."""
    person = get_object_or_404(User, pk=pk, is_active=True)
    request.session[KEY] = person.pk
    audit(request.user, "seen_as", entity="users.user", record_ids=[person.pk])
    return redirect("/")


@require_POST
@admin_only
def stop(request: HttpRequest) -> HttpResponse:
    """Back to one's own eyes."""
    pk = request.session.pop(KEY, None)
    return redirect("admin:users_user_change", pk) if pk else redirect("/")
