"""The editor of steps, and the first e-mail of a sequence before anybody is enrolled."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crm.entities.entity import registry
from crm.entities.finding import seen_record
from crm.messaging.merging import tags_of
from crm.records.actor import Actor
from sales.sequences.entering import LABELS, check_person, person_of, preview, steps_of
from sales.sequences.forms import Steps
from sales.sequences.models import Sequence
from sales.sequences.steps import FIELDS, write_steps

LABEL = "sequences.sequence"


@login_required
@require_http_methods(["GET", "POST"])
def steps(request: HttpRequest, pk: int) -> HttpResponse:
    """All steps on one page: a plain form that works without scripts."""
    _bound, sequence = seen_record(request.user, LABEL, pk, "change")
    if request.method == "POST":
        form = Steps(request.POST)
        if form.is_valid():
            write_steps(sequence, form.rows(), actor=Actor.of(request))
            if request.POST.get("do") == "more":
                return redirect(request.path)
            messages.success(request, _("The steps were saved."))
            return redirect(registry[LABEL].url("record", sequence.pk))
        return _editor(request, sequence, form, 422)
    rows = [
        {"id": step.pk, "position": number, **{name: getattr(step, name) for name in FIELDS}}
        for number, step in enumerate(steps_of(sequence), 1)
    ]
    return _editor(request, sequence, Steps(initial=rows), 200)


def _editor(request: HttpRequest, sequence: Sequence, form: Any, status: int) -> HttpResponse:
    context = {
        "sequence": sequence,
        "steps": form,
        "entity": registry[LABEL],
        "tags": tags_of("customers.contact", request.user),
    }
    return render(request, "sequences/steps.html", context, status=status)


@login_required
@require_safe
def show_preview(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """The first e-mail as it would go out, or why it can't; ``pk`` 0: to whomever."""
    chosen = request.GET.get("sequence", "")
    rows = Sequence.objects.restrict(request.user).filter(deleted_at__isnull=True)
    sequence = get_object_or_404(
        rows, pk=int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 19 else 0
    )
    person, problem, mail = None, "", None
    if pk:
        _bound, record = seen_record(request.user, label, pk, among=LABELS)
        person = person_of(record, request.user)
    try:
        if person is not None:
            check_person(person, sequence)
        mail = preview(sequence, person, request.user)
    except ValidationError as error:
        problem = "; ".join(error.messages)
    return render(request, "sequences/preview.html", {"mail": mail, "problem": problem, "person": person})
