"""The hand-over page."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from crm.access import policy
from crm.entities.entity import registry
from crm.entities.finding import seen_record
from crm.entities.views.links import people as found_people
from crm.entities.views.links import suggestions
from crm.ownership.forms import HandoverForm, PersonForm
from crm.ownership.handover import hand_over
from crm.ownership.pool_forms import GiveForm
from crm.records.actor import Actor
from crm.users.models import User


def may_hand_over(user: User) -> bool:
    """Whoever may give records of others to others."""
    return any(policy.access_of(user).scope(label, "assign") > policy.Scope.OWN for label in registry)


@login_required
def handover(request: HttpRequest) -> HttpResponse:
    """Choose the person, see what they own, give it to somebody else. The work itself is a job that can be undone."""
    if not may_hand_over(request.user):
        raise PermissionDenied
    asked = PersonForm(request.GET if "person" in request.GET else None)
    form = None
    if asked.is_valid():
        person, open_only = asked.cleaned_data["person"], asked.cleaned_data["open_only"]
        form = HandoverForm(request.POST or None, person=person, by=request.user, open_only=open_only)
        if request.method == "POST" and form.is_valid():
            job = hand_over(
                person,
                form.cleaned_data["to"],
                form.cleaned_data["entities"],
                actor=Actor.of(request),
                by_rules=form.cleaned_data["by_rules"],
                open_only=open_only,
            )
            return redirect(reverse("jobs:job", args=[job.pk]))
    status = 422 if (form and form.is_bound) or (asked.is_bound and not asked.is_valid()) else 200
    return render(request, "ownership/handover.html", {"asked": asked, "form": form}, status=status)


@login_required
@require_safe
def people(request: HttpRequest, which: str) -> JsonResponse:
    """Whose work is handed over and to whom: ``all`` with those who have left, or the ``active`` ones."""
    if not may_hand_over(request.user):
        raise PermissionDenied
    if which not in {"all", "active"}:
        raise Http404
    rows = User.objects.all() if which == "all" else User.objects.filter(is_active=True)
    return suggestions(found_people(rows, request.GET.get("q", "")))


@login_required
@require_safe
def takers(request: HttpRequest, label: str, pk: int) -> JsonResponse:
    """To whom one may give what lies in a pool; ``pk`` 0: whatever of the entity lies in the pools that one keeps."""
    record = seen_record(request.user, label, pk)[1] if pk else _blank(label)
    return suggestions(found_people(GiveForm.takers(record, request.user), request.GET.get("q", "")))


def _blank(label: str) -> Any:
    if label not in registry:
        raise Http404
    return registry[label].model()
