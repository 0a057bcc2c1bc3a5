"""The pages of those who keep a form: its fields, and what was sent."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import registry
from crm.records.actor import Actor
from marketing.models import FormSubmission, WebForm
from marketing.webforms.building import builder
from marketing.webforms.taking import retry

LABEL = "marketing.webform"


@login_required
@require_POST
def save_fields(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the rows of the builder; what is wrong is told on the page it came from."""
    bound, form = _form(request, pk)
    rows = builder(form, request.POST)
    if rows.is_valid():
        rows.save(actor=Actor.of(request))
        messages.success(request, _("The fields were saved."))
        return HttpResponseRedirect(_tab(bound, form, "fields"))
    for error in [*rows.non_form_errors(), *(m for e in rows.errors for ms in e.values() for m in ms)]:
        messages.error(request, str(error))
    return HttpResponseRedirect(_tab(bound, form, "fields"))


@login_required
@require_POST
def retry_submission(request: HttpRequest, pk: int, submission_pk: int) -> HttpResponse:
    """Take what failed, or was held for spam, once more."""
    bound, form = _form(request, pk)
    submission = get_object_or_404(form.submissions.select_related("form__owner"), pk=submission_pk)
    done = retry(submission)
    if done.state in FormSubmission.DONE:
        messages.success(request, _("It was taken."))
    else:
        messages.error(request, done.reason)
    return HttpResponseRedirect(_tab(bound, form, "submissions"))


def _form(request: HttpRequest, pk: int) -> tuple[BoundEntity, WebForm]:
    """404 hides a form out of reach; who may only look at it is refused."""
    bound = bind(registry[LABEL], request.user)
    form = get_object_or_404(bound.records("view").select_related("owner"), pk=pk)
    if not bound.can_record("change", form):
        raise PermissionDenied
    return bound, form


def _tab(bound: BoundEntity, form: Any, name: str) -> str:
    return f"{bound.url('record', form.pk)}?tab={name}"
