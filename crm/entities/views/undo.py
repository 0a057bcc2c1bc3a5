"""Taking back what was done: one entry, or everything of one change set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from crm.entities.bound import bind
from crm.entities.brief import brief
from crm.entities.entity import registry
from crm.entities.undoing import may_undo_entry, may_undo_set
from crm.records.actor import Actor
from crm.records.models import ChangeSet, Entry
from crm.records.undo import GONE, PROTECTED, Undone, undo, undo_entry

SHOWN = 50


@login_required
@require_POST
def undo_set(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo a change set; what has moved on since is listed."""
    changes = get_object_or_404(ChangeSet, pk=pk)
    if not may_undo_set(request.user, changes):
        raise PermissionDenied
    return _answer(request, lambda: undo(changes, actor=Actor.of(request)), changes.entity, str(changes))


@login_required
@require_POST
def undo_one(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo one entry; what has moved on since is listed."""
    entry = get_object_or_404(Entry, pk=pk)
    if not may_undo_entry(request.user, entry):
        raise PermissionDenied
    return _answer(request, lambda: undo_entry(entry, actor=Actor.of(request)), entry.entity, entry.title)


def _answer(request: HttpRequest, work: Callable[[], Undone], label: str, title: str) -> HttpResponse:
    done = work()
    back = request.META.get("HTTP_REFERER", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = registry[label].url("list") if label in registry else "/"
    if done.conflicts:
        lines = [_conflict(request.user, entry, why) for entry, why in done.conflicts[:SHOWN]]
        context = {"done": done, "lines": lines, "title": title, "rest": len(done.conflicts) - len(lines), "back": back}
        return render(request, "entities/undone.html", context, status=409)
    if done.records:
        said = ngettext("%(n)s record was put back.", "%(n)s records were put back.", done.records)
        messages.success(request, said % {"n": done.records})
    else:
        messages.info(request, _("There was nothing left to undo."))
    return HttpResponseRedirect(back)


def _conflict(user: Any, entry: Entry, why: str) -> dict[str, Any]:
    """What a person may know of something that could not be put back."""
    text = _reason(user, entry, why)
    if entry.entity in registry:
        record = bind(registry[entry.entity], user).records().filter(pk=entry.record_id).first()
        if record is not None:
            return {"line": brief(record, user), "why": text}
    return {"line": None, "title": _("A record you may not see"), "why": text}


def _reason(user: Any, entry: Entry, why: str) -> str:
    if why == GONE:
        return _("It does not exist any more.")
    if why == PROTECTED:
        return _("Other records have come to need it.")
    if why.startswith("*") or entry.entity not in registry:
        return _("Something else has taken its place.")
    bound = bind(registry[entry.entity], user)
    try:
        field = bound.bind_field(bound.field(why))
    except FieldDoesNotExist:
        field = None
    label = field.label if field is not None else _("A field")
    return _("%(field)s was changed again since.") % {"field": label}
