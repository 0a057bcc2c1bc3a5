"""The page on which a person decides by themselves: reached by a signed link, without signing in."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from crm.lib.http import client_address
from crm.privacy import consent
from crm.privacy.consent import State
from crm.privacy.models import ConsentPurpose
from crm.records.actor import Actor
from crm.records.models import Record

LONGEST = 500


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """What one gets, by purpose and channel. Looking changes nothing; sending the form notes what differs."""
    person = consent.person_of_token(token[:LONGEST])
    if person is None:
        return _answer(request, [], 404, problem=_("This link is not valid any more."))
    if request.method != "POST":
        return _answer(request, consent.states(person))
    changed = _take(request, person)
    return _answer(request, consent.states(person), saved=True, changed=changed)


@transaction.atomic
def _take(request: HttpRequest, person: Record) -> int:
    """Note each answer that differs from what holds; “nothing at all” withdraws everything."""
    nothing, changed = "nothing" in request.POST, 0
    # A colleague who is signed in and opens the link is not the person: the ledger names them.
    colleague = request.user if request.user.is_authenticated else None
    for state in consent.states(person):
        wanted = not nothing and f"{state.purpose.code}.{state.channel}" in request.POST
        if wanted != state.granted:
            consent.note_consent(
                person,
                state.purpose,
                [state.channel],
                wanted,
                source="preferences",
                proof=str(request.META.get("HTTP_USER_AGENT", ""))[:300],
                address=client_address(request),
                actor=Actor(colleague, "preferences"),
            )
            changed += 1
    return changed


def _answer(
    request: HttpRequest,
    states: list[State],
    status: int = 200,
    *,
    problem: str = "",
    saved: bool = False,
    changed: int = 0,
) -> HttpResponse:
    groups: dict[int, dict] = {}
    for state in states:
        group = groups.setdefault(
            state.purpose.pk, {"purpose": state.purpose, "states": [], "text": _wording(state.purpose)}
        )
        group["states"].append(state)
    context = {"groups": list(groups.values()), "problem": problem, "saved": saved, "changed": changed}
    answer = render(request, "privacy/preferences.html", context, status=status)
    answer["Referrer-Policy"] = "same-origin"
    answer["X-Robots-Tag"] = "noindex"
    return answer


def _wording(purpose: ConsentPurpose) -> str:
    text = purpose.texts.first()
    if text is None:
        return ""
    return text.text_zh if purpose.said("name") == purpose.name_zh else text.text_en
