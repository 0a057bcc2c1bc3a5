"""Answering, changing and taking back comments; whom one can speak to."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.access import policy, pooling
from crm.activities import sharing, talking
from crm.activities.forms import CommentForm
from crm.activities.models import Comment
from crm.activities.views import find_parent
from crm.entities.entity import registry
from crm.entities.undoing import undo_url
from crm.entities.views.links import people
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.errors import Conflict
from crm.users.models import User

SUGGESTED = 8
LOOKED_AT = 24
GET_POST = ["GET", "HEAD", "POST"]


@login_required
@require_http_methods(GET_POST)
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer a comment on a record that the person sees."""
    comment = get_object_or_404(Comment.objects.restrict(request.user), pk=pk)
    bound, parent = find_parent(request, comment.on_entity, comment.on_id)
    if not pooling.may_note(request.user, parent):
        raise PermissionDenied
    form = CommentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        talking.add_comment(parent, given["text"], actor=Actor.of(request), answers=comment, mentions=given["mentions"])
        messages.success(request, _("Reply added."))
        return _back(request, bound.url("record", parent.pk))
    context = {"title": _("Reply"), "quoted": comment, "label": bound.label, "target": parent, "form": form}
    return _ask(request, context)


@login_required
@require_http_methods(GET_POST)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Say it otherwise; only who wrote it may."""
    comment = _own(request, pk, "change")
    bound, parent = find_parent(request, comment.on_entity, comment.on_id)
    form = CommentForm(request.POST or None, initial={"text": comment.text})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            talking.edit_comment(comment, given["text"], actor=Actor.of(request), mentions=given["mentions"])
        except Conflict:
            messages.error(request, _("%(name)s was changed in the meantime.") % {"name": comment})
        return _back(request, bound.url("record", parent.pk))
    return _ask(request, {"title": _("Edit comment"), "label": bound.label, "target": parent, "form": form})


@login_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """To the trash, with a toast that undoes it."""
    comment = _own(request, pk, "delete")
    bound = registry[comment.on_entity]
    changes = records.delete(comment, actor=Actor.of(request))
    messages.success(request, _("The comment is in the trash."), extra_tags=f"undo={undo_url(changes)}")
    return _back(request, bound.url("record", comment.on_id))


@login_required
@require_safe
def colleagues(request: HttpRequest, label: str, pk: int) -> JsonResponse:
    """Whom a comment on the record can speak to, by name, sign-in name or pinyin: those first who see the record."""
    bound, parent = find_parent(request, label, pk)
    found = people(User.objects.filter(is_active=True).exclude(pk=request.user.pk), request.GET.get("q", ""))[
        :LOOKED_AT
    ]
    seeing = {person.pk: policy.can_record(person, parent, "view") for person in found}
    shares = sharing.may_share(request.user, parent)
    chosen = sorted((p for p in found if shares or seeing[p.pk]), key=lambda p: not seeing[p.pk])[:SUGGESTED]
    results = [
        {
            "id": person.pk,
            "text": str(person),
            "hint": str(person.department or "") if seeing[person.pk] else _("Can't see this record yet"),
        }
        for person in chosen
    ]
    return JsonResponse({"results": results})


def _own(request: HttpRequest, pk: int, action: str) -> Comment:
    """404: a comment that the person doesn't see. 403: somebody else's."""
    comment = get_object_or_404(Comment.objects.restrict(request.user), pk=pk)
    if not policy.can_record(request.user, comment, action):
        raise PermissionDenied
    return comment


def _ask(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    name = "activities/comment_dialog.html" if request.htmx else "activities/comment_page.html"
    return render(request, name, context, status=422 if context["form"].errors else 200)


def _back(request: HttpRequest, url: str) -> HttpResponse:
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)
