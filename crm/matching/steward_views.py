"""The page of possible duplicates."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm.access import policy
from crm.entities.bound import BoundEntity
from crm.matching.jobs import start_scan
from crm.matching.models import DuplicateCandidate, KeyState, MatchKey
from crm.matching.pairs import PAGE, entities_for, judge, lines_of, open_pairs, page_of

State = DuplicateCandidate.State
KINDS = ("tax_id", "phone", "email", "company", "person")
LEVELS = (70, 80, 90)


@login_required
def pairs(request: HttpRequest) -> HttpResponse:
    """Pairs that look alike, the likeliest first: merge them, or say that they are two."""
    entities = entities_for(request.user)
    if not entities:
        raise PermissionDenied
    asked = request.GET
    bound = next((b for b in entities if b.entity.label == asked.get("entity")), entities[0])
    state = State.DISTINCT if asked.get("state") == State.DISTINCT else State.OPEN
    kind = asked["kind"] if asked.get("kind") in KINDS else ""
    least = next((level for level in LEVELS if asked.get("least") == str(level)), 0)
    found = page_of(bound, state=state, least=least, kind=kind, after=_place(asked.get("after", "")))
    page, last = found[:PAGE], found[PAGE - 1] if len(found) > PAGE else None
    context = {
        "tabs": [_tab(b, b is bound, state) for b in entities],
        "bound": bound,
        "state": state,
        "kind": kind,
        "least": least,
        "kinds": [(name, MatchKey.Kind(name).label) for name in KINDS],
        "levels": LEVELS,
        "lines": lines_of(bound, page),
        "next_url": _with(request, after=f"{last.score}-{last.pk}") if last else "",
        "previous_url": _with(request, after="") if asked.get("after") else "",
        "scanned_at": KeyState.objects.filter(entity=bound.entity.label).values_list("scanned_at", flat=True).first(),
        "may_scan": may_scan(request.user, bound),
        "may_merge": policy.can(request.user, bound.entity.label, "merge"),
    }
    return render(request, "matching/pairs.html", context)


@login_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """“Not a duplicate”, remembered; or take that back."""
    pair = get_object_or_404(DuplicateCandidate, pk=pk)
    bound = next((b for b in entities_for(request.user) if b.entity.label == pair.entity), None)
    if bound is None or not open_pairs(bound, state=pair.state).filter(pk=pk).exists():
        raise Http404
    distinct = request.POST.get("as") == State.DISTINCT
    judge(pair, request.user, distinct=distinct)
    messages.success(request, _("Noted: they are two.") if distinct else _("The pair is on the list again."))
    return redirect(request.POST.get("back") if _own(request.POST.get("back", "")) else reverse("duplicates:pairs"))


@login_required
@require_POST
def look_again(request: HttpRequest) -> HttpResponse:
    """All pairs of an entity anew, as a job."""
    bound = next((b for b in entities_for(request.user) if b.entity.label == request.POST.get("entity")), None)
    if bound is None or not may_scan(request.user, bound):
        raise PermissionDenied
    return redirect("jobs:job", start_scan(bound.entity.label, user=request.user).pk)


def may_scan(user: Any, bound: BoundEntity) -> bool:
    """Whoever reaches all records of the entity."""
    return policy.access_of(user).scope(bound.entity.label, "change") == policy.Scope.ALL


def _own(address: str) -> bool:
    return address.startswith(reverse("duplicates:pairs")) and "\\" not in address


def _tab(bound: BoundEntity, active: bool, state: str) -> dict[str, Any]:
    url = f"{reverse('duplicates:pairs')}?entity={bound.entity.label}" + (
        f"&state={state}" if state != State.OPEN else ""
    )
    return {"label": bound.plural, "url": url, "active": active, "icon": bound.icon}


def _with(request: HttpRequest, **values: str) -> str:
    params = request.GET.copy()
    for name, value in values.items():
        params[name] = value
    return f"?{params.urlencode()}"


def _place(text: str) -> tuple[int, int] | None:
    score, _dash, pk = text.partition("-")
    ok = score.isascii() and score.isdigit() and pk.isascii() and pk.isdigit() and len(score) < 4 and len(pk) < 19
    return (int(score), int(pk)) if ok else None
