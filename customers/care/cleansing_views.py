"""The pages of those who look after the data: problems with their counts, what would change, and the job that does it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crm.entities.bound import BoundEntity
from crm.entities.entity import registry
from customers.care.cleaners import CLEANERS, Cleaner
from customers.care.cleansing import COUNT_TO, cleaners_for, count, preview, start_cleaning


@login_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """The kinds of problems; how many there are comes in a request for each."""
    found = cleaners_for(request.user)
    if not found:
        raise PermissionDenied
    groups: dict[str, list[Any]] = {}
    for cleaner in found:
        line = {"cleaner": cleaner, "field": registry[cleaner.entity].field(cleaner.field).label}
        groups.setdefault(registry[cleaner.entity].plural, []).append(line)
    return render(request, "customers/cleansing.html", {"groups": groups.items()})


@login_required
@require_safe
def counted(request: HttpRequest, code: str) -> HttpResponse:
    """How many records one cleaner would look at."""
    cleaner, bound = _allowed(request, code)
    try:
        number = count(cleaner, bound)
    except OperationalError:  # it took longer than a page may wait
        return HttpResponse(_("many"))
    return HttpResponse(f"{COUNT_TO}+" if number > COUNT_TO else str(number))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def problem(request: HttpRequest, code: str) -> HttpResponse:
    """What would change; POST lets a job do it."""
    cleaner, bound = _allowed(request, code)
    if request.method == "POST":
        return HttpResponseRedirect(reverse("jobs:job", args=[start_cleaning(cleaner, request.user).pk]))
    changes, left = preview(cleaner, bound)
    field = bound.field(cleaner.field).label
    context = {"cleaner": cleaner, "entity": bound, "field": field, "changes": changes, "left": left}
    return render(request, "customers/problem.html", context)


def _allowed(request: HttpRequest, code: str) -> tuple[Cleaner, BoundEntity]:
    cleaner = CLEANERS.get(code)
    if cleaner is None:
        raise Http404
    bound = cleaner.bound(request.user)
    if bound is None:
        raise PermissionDenied
    return cleaner, bound
