"""Taking back what was done: one entry, or everything of one change set."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from crm.entities.entity import registry
from crm.entities.refs import refs
from crm.entities.undo_job import is_large, start_undo
from crm.entities.undoing import may_restore, may_undo_entry, may_undo_set, reason_of
from crm.records.actor import Actor
from crm.records.models import ChangeSet, Entry
from crm.records.undo import Conflict, Undone, restore_value, undo, undo_entry

SHOWN = 50


@login_required
@require_POST
def undo_set(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo a change set; what has moved on since is listed. A large one is undone by a job."""
    changes = get_object_or_404(ChangeSet, pk=pk)
    if not may_undo_set(request.user, changes):
        raise PermissionDenied
    if not changes.undone_at and is_large(changes):
        return HttpResponseRedirect(reverse("jobs:job", args=[start_undo(changes, request.user).pk]))
    return _answer(request, lambda: undo(changes, actor=Actor.of(request)), changes.entity, str(changes))


@login_required
@require_POST
def undo_one(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo one entry, where what has moved on since is listed; or set one ``field`` to what it held before."""
    entry, name = get_object_or_404(Entry, pk=pk), request.POST.get("field", "")
    if name:
        if not may_restore(request.user, entry, name):
            raise PermissionDenied
        work = partial(restore_value, entry, name, actor=Actor.of(request))
        return _answer(request, work, entry.entity, entry.title)
    if not may_undo_entry(request.user, entry):
        raise PermissionDenied
    return _answer(request, lambda: undo_entry(entry, actor=Actor.of(request)), entry.entity, entry.title)


def _answer(request: HttpRequest, work: Callable[[], Undone], label: str, title: str) -> HttpResponse:
    done = work()
    back = request.META.get("HTTP_REFERER", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = registry[label].url("list") if label in registry else "/"
    if done.conflicts:
        lines = _conflicts(request.user, done.conflicts[:SHOWN])
        context = {"done": done, "lines": lines, "title": title, "rest": len(done.conflicts) - len(lines), "back": back}
        return render(request, "entities/undone.html", context, status=409)
    if done.records:
        said = ngettext("%(n)s record was put back.", "%(n)s records were put back.", done.records)
        messages.success(request, said % {"n": done.records})
    else:
        messages.info(request, _("There was nothing left to undo."))
    return HttpResponseRedirect(back)


def _conflicts(user: Any, conflicts: list[Conflict]) -> list[dict[str, Any]]:
    """What a person may know of what could not be put back."""
    known = refs(user, {(entry.entity, entry.record_id) for entry, _why in conflicts})
    return [
        {"place": known[entry.entity, entry.record_id], "why": reason_of(user, entry, why)} for entry, why in conflicts
    ]
