"""Writing down what was said, and checking off what is done."""

from __future__ import annotations

import json

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm.activities import services, sharing, talking
from crm.activities.forms import COMMENT, TASK, CommentForm, ComposerForm
from crm.activities.panels import kinds_for, next_steps, takes_activities
from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import registry
from crm.entities.finding import seen_record
from crm.entities.undoing import done_since, undo_url
from crm.lib.dates import due_phrase
from crm.records.actor import Actor
from crm.records.errors import Conflict
from crm.records.models import Record


@require_POST
@login_required
def add(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """Add a follow-up or a task to a record that the user may see."""
    bound, parent = find_parent(request, label, pk)
    kind = request.POST.get("kind", "")
    if kind not in {name for name, _label, _icon in kinds_for(request.user, parent)}:
        raise PermissionDenied
    form = ComposerForm(request.POST)
    if not form.is_valid():
        return _refuse(request, bound, parent, form)
    given, actor = form.cleaned_data, Actor.of(request)
    if kind == COMMENT:
        return _comment(request, bound, parent, given["text"])
    if kind == TASK:
        subject, _rest, description = given["text"].strip().partition("\n")
        day = given["next_step_on"] or due_phrase(given["text"], timezone.localdate())
        services.add_task(parent, subject=subject, due_on=day, actor=actor, description=description.strip())
        said = _("Task added.")
    else:
        services.add_follow_up(parent, actor=actor, **given)
        said = _("Follow-up saved.")
        day = given["next_step_on"]
    if day:
        said = _("%(done)s To do by %(day)s.") % {"done": said, "day": day.isoformat()}
    return _done(request, bound.url("record", parent.pk), said)


def _comment(request: HttpRequest, bound: BoundEntity, parent: Record, text: str) -> HttpResponse:
    """Keep a comment; where it speaks to somebody who can't see the record, offer to open it to them."""
    form = CommentForm(request.POST)
    mentions = form.cleaned_data["mentions"] if form.is_valid() else []
    comment = talking.add_comment(parent, text, actor=Actor.of(request), mentions=mentions)
    unseen = talking.unseen_by(comment.mentions, parent)
    said, here = _("Comment added."), bound.url("record", parent.pk)
    if unseen:
        names = "、".join(str(person) for person in unseen)
        said = _("Comment added. %(names)s can't see this record and heard nothing of it.") % {"names": names}
        if sharing.may_share(request.user, parent):
            messages.warning(request, said)
            url = f"{reverse('activities:share', args=[bound.label, parent.pk])}?user={unseen[0].pk}"
            return HttpResponse(status=204, headers={"HX-Redirect": url}) if request.htmx else HttpResponseRedirect(url)
    return _done(request, here, said)


@require_POST
@login_required
def due(request: HttpRequest) -> HttpResponse:
    """Which day the words name, told while somebody writes."""
    text, today = request.POST.get("text", ""), timezone.localdate()
    day = due_phrase(text, today)
    task = request.POST.get("kind") == TASK
    return render(request, "activities/due.html", {"day": day if day and (task or day > today) else None})


@require_safe
@login_required
def steps(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """The panel “next steps” again, after something was added."""
    _bound, parent = find_parent(request, label, pk)
    context = next_steps(parent, request.user)
    if context is None:
        raise Http404
    return render(request, "activities/next_steps.html", {"record": parent, **context})


@require_POST
@login_required
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Check a task off, or take it up again, with a toast that undoes it."""
    bound = bind(registry["activities.task"], request.user)
    if not bound.can("change"):
        raise PermissionDenied
    task = get_object_or_404(bound.records("change"), pk=pk)
    started = timezone.now()
    again = bool(request.POST.get("open"))
    try:
        (services.reopen_task if again else services.complete_task)(task, actor=Actor.of(request))
    except Conflict:
        task.refresh_from_db()
    said = _("To do again: %(task)s") if again else _("Done: %(task)s")
    url = undo_url(done_since(task, started, request.user))
    if request.htmx:
        answer = render(request, "activities/task_line.html", {"task": task, "back": _back(request)})
        answer["HX-Trigger"] = _trigger(said % {"task": task}, url, "counts")
        return answer
    messages.success(request, said % {"task": task}, extra_tags=f"undo={url}" if url else "")
    return HttpResponseRedirect(_back(request))


def find_parent(request: HttpRequest, label: str, pk: int) -> tuple[BoundEntity, Record]:
    """The record, if it may be followed up at all and the user may see it; 404 hides the rest."""
    bound, record = seen_record(request.user, label, pk)
    if not takes_activities(bound.entity):
        raise Http404
    return bound, record


def _refuse(request: HttpRequest, bound: BoundEntity, parent: Record, form: ComposerForm) -> HttpResponse:
    """What is wrong, with everything that was typed."""
    context = {
        "entity": bound,
        "record": parent,
        "label": bound.label,
        "kinds": kinds_for(request.user, parent),
        "form": form,
    }
    name = "activities/composer.html" if request.htmx else "activities/add.html"
    answer = render(request, name, context, status=422)
    if request.htmx:
        answer["HX-Retarget"], answer["HX-Reswap"] = "#composer", "outerHTML"
    return answer


def _done(request: HttpRequest, url: str, said: str) -> HttpResponse:
    """Back to the record; with htmx only its tab is loaded anew."""
    if not request.htmx:
        messages.success(request, said)
        return HttpResponseRedirect(url)
    place = json.dumps({"path": url, "target": "#tab", "swap": "innerHTML"})
    return HttpResponse(
        status=204, headers={"HX-Location": place, "HX-Trigger": _trigger(said, "", "activities", "counts")}
    )


def _trigger(said: str, undo: str, *events: str) -> str:
    """A toast and events for the page, as an ASCII header."""
    return json.dumps({"toast": {"text": said, "undo_url": undo}, **dict.fromkeys(events, "")})


def _back(request: HttpRequest) -> str:
    """The page the form stood on; only our own."""
    url = request.POST.get("next", "")
    return url if url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None) else "/"
