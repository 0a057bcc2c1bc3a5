"""The page of calls, visits and meetings a week, and the rows behind each number."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from crm.activities import volume as volumes
from crm.activities.models import ActivityTarget
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.links import is_id
from crm.users.models import User


@login_required
@require_safe
def volume(request: HttpRequest) -> HttpResponse:
    """``?week=`` is a day of it; without one it is this week."""
    _may(request)
    monday = _monday(request)
    lines = volumes.week_of(request.user, monday)
    totals = [
        {
            "label": label,
            "count": sum(line.cells[n].count for line in lines),
            "before": sum(line.cells[n].before for line in lines),
        }
        for n, label in enumerate(ActivityTarget.Kind.labels)
    ]
    context: dict[str, Any] = {
        "lines": lines,
        "totals": totals,
        "kinds": ActivityTarget.Kind.choices,
        "monday": monday,
        "sunday": monday + timedelta(days=6),
        "earlier": monday - timedelta(days=7),
        "later": monday + timedelta(days=7),
        "may_set": request.user.has_perm("activities.view_activitytarget") and request.user.is_staff,
    }
    return render(request, "activities/volume.html", context)


@login_required
@require_safe
def rows(request: HttpRequest) -> HttpResponse:
    """The follow-ups and the activities behind one number: ``?person=&kind=&week=``."""
    _may(request)
    monday, kind, person = _monday(request), request.GET.get("kind", ""), request.GET.get("person", "")
    if kind not in volumes.KINDS or not is_id(person):
        raise Http404
    who = get_object_or_404(User, pk=int(person))
    last = monday + timedelta(days=6)
    told = volumes.follow_ups(request.user, monday, last).filter(owner=who, kind=kind).order_by("-happened_at", "-pk")
    done = volumes.done_tasks(request.user, monday, last).filter(owner=who, kind=kind).order_by("-done_at", "-pk")
    context = {
        "person": who,
        "label": ActivityTarget.Kind(kind).label,
        "monday": monday,
        "sunday": last,
        "told": _shown(request, told, volumes.FOLLOW_UP, ("title", "about", "outcome")),
        "done": _shown(request, done, volumes.TASK, ("subject", "about", "outcome")),
    }
    return render(request, "activities/volume_rows.html", context)


def _shown(request: HttpRequest, found: Any, label: str, names: tuple[str, ...]) -> list[tuple[Any, str, str]]:
    """(row, its name, what else is told of it), each as far as the reader may know the fields."""
    fields = bind(registry[label], request.user).visible(names)
    lines = []
    for row in found[: volumes.MOST]:
        texts = {field.name: field.text(row) for field in fields}
        name = texts.pop(names[0], "")
        lines.append((row, name or str(row._meta.verbose_name), " · ".join(filter(None, texts.values()))))
    return lines


def _may(request: HttpRequest) -> None:
    if not volumes.may_look(request.user):
        raise PermissionDenied


def _monday(request: HttpRequest) -> date:
    try:
        day = date.fromisoformat(request.GET.get("week", "")[:10])
    except ValueError:
        day = timezone.localdate()
    if not 1900 <= day.year <= 2200:
        day = timezone.localdate()
    return day - timedelta(days=day.weekday())
