"""Asking for approval: which process, along which route, and why."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crm.approvals import carrying, services
from crm.approvals.forms import AskForm
from crm.approvals.models import ApprovalProcess
from crm.approvals.picture import planned
from crm.entities.finding import seen_record
from crm.records.actor import Actor


@login_required
@require_safe
def choose(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """The processes that can be asked for; a single one at once."""
    bound, record = seen_record(request.user, label, pk, "change")  # who may change it may ask
    running = services.open_instance(record)
    if running is not None:
        return _redirect(request, reverse("approvals:instance", args=[running.pk]))
    found = services.processes_for(record, request.user)
    if len(found) == 1:
        return ask(request, label, pk, found[0].pk)
    context = {"record": record, "entity": bound, "processes": found}
    name = "approvals/choose_dialog.html" if _in_dialog(request) else "approvals/choose.html"
    return render(request, name, context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, label: str, pk: int, process_pk: int) -> HttpResponse:
    """The route first; then it is sent. What is to be done on approval stands in the address."""
    bound, record = seen_record(request.user, label, pk, "change")  # who may change it may ask
    process = get_object_or_404(
        ApprovalProcess.objects.select_related("current"), pk=process_pk, entity=label, active=True
    )
    if process.current is None:
        raise Http404
    carry = carrying.read(process, record, request.GET)
    if not process.by_hand and not carry:
        raise PermissionDenied
    form = AskForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    problem = ""
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = services.start(
                process, record, actor=Actor.of(request), note=given["comment"], carry=carry, files=given["files"]
            )
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            messages.success(request, _("Asked for approval: %(name)s") % {"name": record})
            url = reverse("approvals:instance", args=[made.pk])
            return _redirect(request, url if request.POST.get("next") != "record" else bound.url("record", record.pk))
    elif not services.applies(process, record, request.user):
        problem = _("“%(process)s” is not meant for this record.") % {"process": process}
    context: dict[str, Any] = {
        "record": record,
        "entity": bound,
        "process": process,
        "form": form,
        "problem": problem,
        "stops": planned(process.current, record, request.user),
        "carried": carrying.in_words(carry, record, request.user),
        "action": f"{reverse('approvals:ask', args=[label, pk, process.pk])}?{urlencode(request.GET, doseq=True)}",
    }
    name = "approvals/ask_dialog.html" if _in_dialog(request) else "approvals/ask.html"
    return render(request, name, context, status=422 if form.errors else 200)


def _in_dialog(request: HttpRequest) -> bool:
    return bool(request.htmx and not request.htmx.boosted)


def _redirect(request: HttpRequest, url: str) -> HttpResponse:
    if _in_dialog(request):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url) if request.method == "POST" else redirect(url)
