"""The inbox of a person, the bell above every page, and how they want to be told."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import parse_etags, quote_etag, url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.notifications.forms import HoursForm, choices_of, save_choices
from crm.notifications.models import Notification
from crm.notifications.presenting import present
from crm.notifications.quiet import hours_of
from crm.notifications.registry import channels, kinds
from crm.notifications.services import COUNTED, mark_read, unread_count
from crm.records.models import Outgoing

PAGE = 30
LATEST = 8


@login_required
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """What one was told: ``?show=unread``, ``?kind=``, and ``?before=`` for what is older."""
    unread, kind = request.GET.get("show") == "unread", request.GET.get("kind", "")
    rows = _mine(request.user)
    rows = rows.filter(read_at__isnull=True) if unread else rows
    rows = rows.filter(kind=kind) if kind in kinds else rows
    before = rows.filter(_older(request)) if request.GET.get("before") else rows
    found = list(before[: PAGE + 1])
    context = {
        "lines": present(found[:PAGE], request.user),
        "more": found[PAGE - 1].pk if len(found) > PAGE else None,
        "newest": max((row.pk for row in found), default=None) if not request.GET else None,
        "unread": unread,
        "kind": kind if kind in kinds else "",
        "kinds": kinds.values(),
        "count": unread_count(request.user),
        "failed": _failed(request.user),
    }
    return render(request, "notifications/inbox.html", context)


@login_required
@require_safe
def count(request: HttpRequest) -> HttpResponse:
    """The number beside the bell; 304 while it is the same."""
    number = unread_count(request.user)
    mark = quote_etag(f"{request.user.pk}-{number}")
    if mark in parse_etags(request.headers.get("If-None-Match", "")):
        answer: Any = HttpResponseNotModified()
    else:
        answer = HttpResponse("" if not number else f"{COUNTED}+" if number > COUNTED else str(number))
    answer["ETag"], answer["Cache-Control"] = mark, "private, no-cache"
    return answer


@login_required
@require_safe
def latest(request: HttpRequest) -> HttpResponse:
    """The newest ones, for the menu of the bell."""
    return render(
        request, "notifications/latest.html", {"lines": present(list(_mine(request.user)[:LATEST]), request.user)}
    )


@login_required
@require_safe
def follow(request: HttpRequest, pk: int) -> HttpResponse:
    """Where a notification leads; having gone there it is read."""
    row = get_object_or_404(_mine(request.user), pk=pk)
    mark_read(request.user, [row.pk])
    url = present([row], request.user)[0].url
    if not url.startswith("/") or not url_has_allowed_host_and_scheme(url, allowed_hosts=None):
        url = reverse("notifications:inbox")
    return HttpResponseRedirect(url)


@login_required
@require_POST
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """One is read."""
    row = get_object_or_404(_mine(request.user), pk=pk)
    mark_read(request.user, [row.pk])
    if not request.htmx:
        return redirect("notifications:inbox")
    row.refresh_from_db()
    answer = render(request, "notifications/line.html", {"line": present([row], request.user)[0]})
    answer["HX-Trigger"] = "notifications"
    return answer


@login_required
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """All are read that were there when the page was opened."""
    upto = request.POST.get("upto", "")
    rows = Notification.objects.filter(user=request.user, in_app=True)
    ids = rows.filter(pk__lte=int(upto)).values_list("pk", flat=True) if _is_id(upto) else None
    mark_read(request.user, ids)
    messages.success(request, _("Everything is read."))
    return redirect("notifications:inbox")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """By which ways one wants to hear of what, and when not."""
    form = HoursForm(request.POST or None, instance=hours_of(request.user))
    if request.method == "POST" and form.is_valid():
        form.save()
        save_choices(request.user, request.POST)
        messages.success(request, _("Your choice is kept."))
        return redirect("notifications:preferences")
    context = {
        "form": form,
        "rows": choices_of(request.user),
        "channels": [(c, c.reaches(request.user)) for c in channels.values()],
    }
    return render(request, "notifications/preferences.html", context, status=422 if form.errors else 200)


def _mine(user: Any) -> Any:
    return Notification.objects.filter(user=user, in_app=True).select_related("actor")


def _older(request: HttpRequest) -> Q:
    """What stands below the notification of ``?before=``; nothing where there is no such one."""
    asked = request.GET["before"]
    last = Notification.objects.filter(pk=int(asked), user=request.user).first() if _is_id(asked) else None
    return Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk) if last is not None else Q(pk__in=[])


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _failed(user: Any) -> int:
    """How many effects could not be sent, for administrators; counted up to a limit."""
    if not user.is_superuser:
        return 0
    return Outgoing.objects.filter(state__in=[Outgoing.State.FAILED, Outgoing.State.UNKNOWN])[:COUNTED].count()
