"""The inbox of approvals, the page of one request, and its verbs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from crm.access import policy
from crm.approvals import inbox as lists
from crm.approvals import services
from crm.approvals.carrying import carried
from crm.approvals.forms import AddForm, BackForm, PersonForm, ReasonForm, ShortForm, WordsForm
from crm.approvals.models import ApprovalInstance, ApprovalTask
from crm.approvals.picture import history, picture
from crm.approvals.seeing import Sight, sight, takes_part, titles
from crm.approvals.signing import edit_form, save_edits
from crm.records.actor import Actor
from crm.records.errors import Conflict

PAGE = 30
State = ApprovalInstance.State
WITH = ("process", "version", "requester")


@login_required
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """``?tab=``: what waits for me, what I asked for, what I decided, what was copied to me."""
    tab = request.GET.get("tab", "waiting")
    tab = tab if tab in lists.TABS else "waiting"
    user = request.user
    offset = int(raw) if (raw := request.GET.get("from", "0")).isascii() and raw.isdigit() and len(raw) < 7 else 0
    if tab == "mine":
        found: list[Any] = list(lists.asked(user)[offset : offset + PAGE + 1])
        rows = [(one, None) for one in found]
    else:
        source = {"waiting": lists.waiting, "done": lists.decided, "copies": lists.copies}[tab]
        found = list(source(user)[offset : offset + PAGE + 1])
        rows = [(one.instance, one) for one in found]
    rows = rows[:PAGE]
    called = titles([one for one, _task in rows], user, [task for _one, task in rows if task and tab == "waiting"])
    now = timezone.now()
    shown = [
        {
            "instance": one,
            "task": task,
            "title": called[one.pk],
            "late": bool(task and task.due_at and task.due_at < now),
        }
        for one, task in rows
    ]
    waits = lists.count_waiting(user)
    tabs = [
        {
            "label": label,
            "url": f"?tab={name}",
            "active": name == tab,
            "count": lists.shown(waits) if name == "waiting" and waits else None,
        }
        for name, label in lists.TABS.items()
    ]
    more = offset + PAGE if len(found) > PAGE else None
    return render(request, "approvals/inbox.html", {"rows": shown, "tab": tab, "tabs": tabs, "more": more})


@login_required
@require_safe
def count(request: HttpRequest) -> HttpResponse:
    """The number in the navigation."""
    return HttpResponse(lists.shown(lists.count_waiting(request.user)))


@login_required
@require_safe
def task(request: HttpRequest, pk: int) -> HttpResponse:
    """Where a notification leads."""
    found = get_object_or_404(ApprovalTask, pk=pk)
    return HttpResponseRedirect(reverse("approvals:instance", args=[found.instance_id]))


@login_required
@require_safe
def instance(request: HttpRequest, pk: int) -> HttpResponse:
    """One request: what is asked, the facts, the route, what was said, and what one may do."""
    seen = _sight(request, pk)
    ApprovalTask.objects.filter(
        instance=seen.instance, user=request.user, kind=ApprovalTask.Kind.COPY, seen_at__isnull=True
    ).update(seen_at=timezone.now())
    return _page(request, seen)


def _page(request: HttpRequest, seen: Sight, *, form: Any = None, edits: Any = None, status: int = 200) -> HttpResponse:
    context = {
        "seen": seen,
        "instance": seen.instance,
        "facts": [one for one in seen.facts() if one.text(seen.record)] if seen.record else [],
        "stops": picture(seen.instance, seen.record),
        "steps": history(seen.instance),
        "form": form or WordsForm(),
        "edits": edits if edits is not None else edit_form(seen),
        "may": _may(request, seen),
        "carried": carried(seen.instance, seen.record, request.user) if seen.sees else "",
    }
    return render(request, "approvals/instance.html", context, status=status)


def _sight(request: HttpRequest, pk: int) -> Sight:
    found = get_object_or_404(ApprovalInstance.objects.select_related(*WITH), pk=pk)
    seen = sight(found, request.user)
    if seen is None:
        raise Http404
    return seen


def _may(request: HttpRequest, seen: Sight) -> dict[str, bool]:
    """What the person may do with the request beside deciding."""
    one = seen.instance
    own = one.requester_id == request.user.pk
    unlocks = seen.record is not None and policy.can_record(request.user, seen.record, services.UNLOCK)
    part = own or takes_part(one, request.user) or seen.task is not None
    return {
        "withdraw": one.state in ApprovalInstance.OPEN and (own or unlocks),
        "again": one.state == State.RETURNED and own,
        "remind": one.state == State.RUNNING and own,
        "unlock": one.state == State.APPROVED and one.holds and unlocks,
        "copy": part,
        "note": part,
    }


# Deciding


TASK_VERBS = {
    "approve": (gettext_lazy("Approve"), WordsForm),
    "reject": (pgettext_lazy("approval", "Reject"), ReasonForm),
    "back": (gettext_lazy("Send back"), BackForm),
    "transfer": (gettext_lazy("Hand on"), PersonForm),
    "add": (gettext_lazy("Add a signer"), AddForm),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def on_task(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """GET asks for what the verb needs; POST decides."""
    own = get_object_or_404(ApprovalTask.objects.select_related("user", *(f"instance__{n}" for n in WITH)), pk=pk)
    seen = sight(own.instance, request.user)
    if seen is None or verb not in TASK_VERBS:
        raise Http404
    label, form_class = TASK_VERBS[verb]
    options = {"instance": own.instance} if verb == "back" else {}
    form = form_class(*((request.POST, request.FILES) if request.method == "POST" else ()), **options)
    edits = edit_form(seen, request.POST) if verb == "approve" and request.POST.get("with_edits") else None
    if request.method != "POST" or not form.is_valid() or (edits is not None and not edits.is_valid()):
        if edits is not None and not edits.is_valid():
            return _page(request, seen, form=form, edits=edits, status=422)
        return _ask(request, seen, label, form, request.get_full_path(), 422 if form.is_bound else 200)

    def run() -> None:
        if edits is not None:
            save_edits(edits, own, actor=Actor.of(request), then=lambda: _decide(verb, own, form, request))
        else:
            _decide(verb, own, form, request)

    return _done(request, seen, label, form, run)


def _decide(verb: str, own: ApprovalTask, form: Any, request: HttpRequest) -> None:
    given, actor = form.cleaned_data, Actor.of(request)
    words = {"actor": actor, "comment": given["comment"]}
    match verb:
        case "approve":
            services.approve(own, files=given["files"], **words)
        case "reject":
            services.reject(own, files=given["files"], **words)
        case "back":
            services.send_back(own, given["to"], **words)
        case "transfer":
            services.transfer(own, given["person"], **words)
        case "add":
            services.add_signer(own, given["person"], after=given["when"] == "after", **words)


INSTANCE_VERBS = {
    "withdraw": (gettext_lazy("Withdraw"), ShortForm),
    "again": (gettext_lazy("Ask again"), ShortForm),
    "remind": (pgettext_lazy("approval", "Remind"), None),
    "unlock": (gettext_lazy("Unlock"), ShortForm),
    "copy": (gettext_lazy("Copy to"), PersonForm),
    "note": (gettext_lazy("Comment"), ReasonForm),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def on_instance(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """What else can be done with a request."""
    seen = _sight(request, pk)
    if verb not in INSTANCE_VERBS:
        raise Http404
    if not _may(request, seen)[verb] and request.method != "POST":
        raise PermissionDenied
    label, form_class = INSTANCE_VERBS[verb]
    form = None
    if form_class is not None:
        form = form_class(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if request.method != "POST" or (form is not None and not form.is_valid()):
        return _ask(request, seen, label, form, request.get_full_path(), 422 if request.method == "POST" else 200)
    given = form.cleaned_data if form is not None else {}
    return _done(request, seen, label, form, lambda: _do(verb, seen, given, request))


def _do(verb: str, seen: Sight, given: dict[str, Any], request: HttpRequest) -> None:
    one, actor = seen.instance, Actor.of(request)
    may = _may(request, seen)
    match verb:
        case "withdraw":
            services.withdraw(one, actor=actor, comment=given["comment"])
        case "again":
            services.ask_again(one, actor=actor, note=given["comment"])
        case "unlock":
            services.unlock(one, actor=actor, comment=given["comment"])
        case "remind" if may["remind"]:
            services.remind(one, actor=actor)
        case "copy" if may["copy"]:
            services.copy_to(one, [given["person"]], actor=actor, comment=given["comment"])
        case "note" if may["note"]:
            services.note(one, given["comment"], actor=actor, files=given["files"])
        case _:
            raise PermissionDenied


# Answers


def _ask(
    request: HttpRequest, seen: Sight, label: Any, form: Any, action: str, status: int, error: str = ""
) -> HttpResponse:
    name = "approvals/verb_dialog.html" if request.htmx and not request.htmx.boosted else "approvals/verb.html"
    context = {"seen": seen, "instance": seen.instance, "label": label, "form": form, "action": action, "error": error}
    return render(request, name, context, status=status)


def _done(request: HttpRequest, seen: Sight, label: Any, form: Any, run: Callable[[], None]) -> HttpResponse:
    """Do it; what stands against it is shown where it was asked."""
    try:
        run()
    except ValidationError as error:
        if form is None:
            messages.error(request, "; ".join(error.messages))
            return _go(request, seen)
        form.add_error(None, error.messages)
        return _ask(request, seen, label, form, request.get_full_path(), 409 if error_is_late(error) else 422)
    except Conflict:
        messages.error(request, _("Somebody changed the record meanwhile. Look again before you decide."))
        return _go(request, seen)
    messages.success(request, _("%(verb)s: %(name)s") % {"verb": label, "name": seen.title})
    return _go(request, seen)


def error_is_late(error: ValidationError) -> bool:
    """Whether it was settled meanwhile."""
    return getattr(error, "code", "") == "late"


def _go(request: HttpRequest, seen: Sight) -> HttpResponse:
    """On to what else waits, back to the record, or to the request."""
    still = sight(seen.instance, request.user)
    asked = request.POST.get("next", "")
    url = reverse("approvals:inbox")
    if asked == "record" and still is not None and still.url:
        url = still.url
    elif asked != "inbox" and still is not None:
        url = reverse("approvals:instance", args=[seen.instance.pk])
    if request.htmx and not request.htmx.boosted:
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)
