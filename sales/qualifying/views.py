"""Saving one answer."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from crm.entities.entity import registry
from crm.entities.finding import seen_record
from crm.records.actor import Actor
from sales.qualifying.models import Question
from sales.qualifying.panels import LABEL, qualification
from sales.qualifying.services import answer


@login_required
@require_POST
def give(request: HttpRequest, pk: int, question: int) -> HttpResponse:
    """Keep the answer; the panel comes back with what it adds up to."""
    _bound, lead = seen_record(request.user, LABEL, pk, "change")
    if qualification(lead, request.user) is None:
        raise PermissionDenied
    asked = get_object_or_404(Question, pk=question, active=True)
    error = ""
    try:
        answer(lead, asked, request.POST.get("value", ""), actor=Actor.of(request))
    except ValidationError as refused:
        error = "; ".join(refused.messages)
    if not request.htmx:
        if error:
            messages.error(request, error)
        return redirect(registry[LABEL].url("record", pk))
    context = {**(qualification(lead, request.user) or {}), "error": error}
    return render(request, "qualifying/panel.html", context, status=422 if error else 200)
