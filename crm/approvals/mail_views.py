"""Deciding from a mail: the link opens a page that says what it is about; only its buttons change anything."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from crm.approvals import services
from crm.approvals.forms import WordsForm
from crm.approvals.models import ApprovalInstance, ApprovalTask
from crm.approvals.seeing import Sight, sight
from crm.approvals.tokens import read_token
from crm.records.actor import Actor
from crm.users.models import User


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, token: str) -> HttpResponse:
    """The request as its signer may know it, with “approve” and “reject”; works until it is decided."""
    found = read_token(token[:500])
    task = _task(found[0]) if found else None
    person = User.objects.filter(pk=found[1], is_active=True).first() if found else None
    if task is None or person is None or not task.instance.process.by_mail:
        return _answer(request, None, None, problem=_("This link is not valid any more."), status=404)
    with translation.override(person.language or translation.get_language()):
        return _for(request, task, person)


def _for(request: HttpRequest, task: ApprovalTask, person: User) -> HttpResponse:
    open_now = task.state == ApprovalTask.State.OPEN and task.instance.state == ApprovalInstance.State.RUNNING
    if not open_now or not services.may_sign(task, person):
        return _answer(request, None, None, problem=_("This is settled already."), status=410)
    seen = sight(task.instance, person, task=task)
    form = WordsForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if request.method != "POST" or not form.is_valid():
        return _answer(request, seen, form, status=422 if form.is_bound else 200)
    verdict = request.POST.get("verdict")
    given = form.cleaned_data
    if verdict == "reject" and not given["comment"].strip():
        form.add_error("comment", _("Say why."))
        return _answer(request, seen, form, status=422)
    actor = Actor(person, f"mail:{task.pk}")
    try:
        if verdict == "approve":
            services.approve(task, actor=actor, **given)
        elif verdict == "reject":
            services.reject(task, actor=actor, **given)
        else:
            return _answer(request, seen, form, status=422)
    except (ValidationError, PermissionDenied) as error:
        said = "; ".join(error.messages) if isinstance(error, ValidationError) else str(error)
        return _answer(request, None, None, problem=said, status=409)
    return _answer(request, None, None, done=verdict)


def _answer(
    request: HttpRequest,
    seen: Sight | None,
    form: WordsForm | None,
    *,
    problem: str = "",
    done: str = "",
    status: int = 200,
) -> HttpResponse:
    facts = []
    if seen is not None and seen.record is not None:
        opened = set(seen.opened)
        facts = [(one, one.text(seen.record)) for one in seen.facts() if one.name in opened]
    context = {"seen": seen, "form": form, "facts": facts, "problem": problem, "done": done, "now": timezone.now()}
    answer = render(request, "approvals/mail.html", context, status=status)
    # Not “no-referrer”: browsers then post with the origin “null”, which is refused.
    answer["Referrer-Policy"] = "same-origin"
    return answer


def _task(pk: int) -> ApprovalTask | None:
    names = ("process", "version", "requester")
    return ApprovalTask.objects.select_related("user", *(f"instance__{name}" for name in names)).filter(pk=pk).first()
