"""The people of a record: following it, and opening it to others."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.access.models import RecordShare
from crm.activities import following, sharing
from crm.activities.forms import ShareForm
from crm.activities.views import find_parent
from crm.entities.views.links import people, suggestions
from crm.records.actor import Actor
from crm.records.models import Record
from crm.users.models import User


@login_required
@require_safe
def panel(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """Who follows the record and to whom it is open."""
    bound, record = find_parent(request, label, pk)
    context = people_context(record, request.user) | {"entity": bound}
    return render(request, "activities/people.html" if request.htmx else "activities/people_page.html", context)


@login_required
@require_POST
def follow(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """Follow it, or not any more."""
    bound, record = find_parent(request, label, pk)
    following.follow(record, request.user, on=request.POST.get("on") == "1")
    if request.htmx:
        return render(request, "activities/people.html", people_context(record, request.user) | {"entity": bound})
    return HttpResponseRedirect(bound.url("record", record.pk))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def share(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """Open the record to a person, a team or a department; ``?user=`` proposes whom."""
    bound, record = find_parent(request, label, pk)
    if not sharing.may_share(request.user, record):
        raise PermissionDenied
    form = ShareForm(request.POST or None, initial={"user": _proposed(request)})
    here = bound.url("record", record.pk)
    if request.method == "POST" and form.is_valid():
        try:
            made = sharing.share_record(record, actor=Actor.of(request), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None if not hasattr(error, "error_dict") else None, error)
        else:
            to = made.user or made.team or made.department
            messages.success(request, _("%(name)s is open to %(to)s now.") % {"name": record, "to": to})
            return (
                HttpResponse(status=204, headers={"HX-Redirect": here}) if request.htmx else HttpResponseRedirect(here)
            )
    name = "activities/share_dialog.html" if request.htmx else "activities/share_page.html"
    context = {"form": form, "target": record, "entity": bound, "cancel_url": here}
    return render(request, name, context, status=422 if form.errors else 200)


@login_required
@require_POST
def unshare(request: HttpRequest, pk: int) -> HttpResponse:
    """Close the record to them again."""
    found = get_object_or_404(RecordShare, pk=pk)
    bound, record = find_parent(request, found.entity, found.record_id)
    if not sharing.may_share(request.user, record):
        raise PermissionDenied
    sharing.end_share(found, actor=Actor.of(request))
    if request.htmx:
        return render(request, "activities/people.html", people_context(record, request.user) | {"entity": bound})
    return HttpResponseRedirect(bound.url("record", record.pk))


@login_required
@require_safe
def anybody(request: HttpRequest) -> JsonResponse:
    """Colleagues by name, sign-in name or pinyin."""
    return suggestions(people(User.objects.filter(is_active=True), request.GET.get("q", "")))


def people_context(record: Record, user: Any) -> dict[str, Any]:
    """What the panel of people shows."""
    return {
        "record": record,
        "label": record.entity_label(),
        "following": following.follows(record, user),
        "followers": following.follower_list(record),
        "shares": sharing.shares_of(record),
        "may_share": sharing.may_share(user, record),
    }


def _proposed(request: HttpRequest) -> User | None:
    asked = request.GET.get("user", "")
    return User.objects.filter(pk=asked, is_active=True).first() if asked.isdecimal() and len(asked) < 19 else None
