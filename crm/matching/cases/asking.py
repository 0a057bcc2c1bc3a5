"""From a refusal to a request: a signed address that carries only what the asker typed, never which record it met.

Which record that is gets worked out anew from the same values when the address is opened, so that nobody can name one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.access import policy
from crm.entities.entity import registry
from crm.matching.cases.forms import AskForm
from crm.matching.cases.services import open_case
from crm.matching.keys import is_matched, matched
from crm.matching.services import Match, set_asker, warnings_of
from crm.records.actor import Actor

SALT = "matching.ask"
LASTS = timedelta(days=1)
LABEL = "matching.collisioncase"


def address(record: Any, user: Any) -> str:
    """Where one asks about what stands in the way of ``record``; "" for whom that is not meant."""
    if not policy.can(user, LABEL, "view") or record.owner_id not in (None, user.pk):
        return ""
    values = {
        field.attname: getattr(record, field.attname)
        for field in record._meta.concrete_fields
        if isinstance(field, models.CharField | models.BooleanField | models.ForeignKey)
        and field.editable
        and getattr(record, field.attname)
        and field.name not in ("owner", "department")
    }
    token = signing.dumps([record._meta.label_lower, values, user.pk], salt=SALT, compress=True)
    return f"{reverse('duplicates:ask')}?t={token}"


set_asker(address)


@login_required
def ask(request: HttpRequest) -> HttpResponse:
    """What the house tells, and what one asks for; of what went to a pool since nobody is asked."""
    title, match = _met(request)
    told = match.told or _("It belongs to somebody else and is hidden from you.")
    if not match.owned:
        return render(request, "matching/ask.html", {"title": title, "told": told}, status=409)
    form = AskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        record = apps.get_model(match.entity)._base_manager.select_related("owner__department").get(pk=match.pk)
        case = open_case(record, title=title, actor=Actor.of(request), told=told, **form.cleaned_data)
        messages.success(request, _("Asked. You hear of the answer."))
        return redirect(registry[LABEL].url("record", case.pk))
    status = 422 if form.is_bound else 200
    return render(request, "matching/ask.html", {"form": form, "title": title, "told": told}, status=status)


def _met(request: HttpRequest) -> tuple[str, Match]:
    """What was typed, and the likeliest record that it meets and that the asker may not see, owned ones first; 404 where there is
    none (any more)."""
    try:
        label, values, user_id = signing.loads(request.GET.get("t", ""), salt=SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError):
        raise Http404 from None
    if user_id != request.user.pk or not is_matched(label) or not policy.can(request.user, LABEL, "view"):
        raise Http404
    typed = apps.get_model(label)(**values)
    typed.owner = request.user
    hidden = [match for match in warnings_of(typed, request.user) if match.record is None]
    if not hidden:
        raise Http404
    title = str(getattr(typed, matched(label).name) or typed)
    return title, max(hidden, key=lambda match: (match.owned, match.blocked, match.points))
