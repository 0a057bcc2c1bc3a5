"""What is done on the page of an activity: ticking steps off, inviting people, answering."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from crm.access import policy
from crm.activities import attending, checklists
from crm.activities.models import Participant, Task
from crm.activities.panels import guests_context, steps_context
from crm.activities.schedule import LABEL, bound_for
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.links import RemoteSelect, is_id
from crm.records.actor import Actor
from crm.records.errors import Conflict
from crm.users.models import User


class InviteForm(forms.Form):
    """A colleague, who may do it, too; or a person among the customers."""

    user = forms.ModelChoiceField(
        User.objects.filter(is_active=True), required=False, label=gettext_lazy("Colleague"), widget=RemoteSelect
    )
    acts = forms.BooleanField(required=False, label=gettext_lazy("Does it together with the owner"))

    def __init__(self, *args: Any, reader: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reader = reader
        self.fields["user"].widget.remote_url = reverse("activities:anybody")
        for entity in attending.people_entities(reader):
            field = forms.ModelChoiceField(
                entity.model.objects.restrict(reader), required=False, label=entity.name, widget=RemoteSelect
            )
            field.widget.remote_url = entity.url("choices")
            self.fields[entity.label.replace(".", "_")] = field

    @property
    def person(self) -> Any:
        """The person among the customers who was chosen, if any."""
        names = [entity.label.replace(".", "_") for entity in attending.people_entities(self.reader)]
        return next((self.cleaned_data[name] for name in names if self.cleaned_data.get(name)), None)

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        chosen = [name for name in self.fields if name != "acts" and given.get(name)]
        if not self.errors and len(chosen) != 1:
            raise ValidationError(_("Choose exactly one person."))
        return given


@login_required
@require_POST
def step(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick a step of the checklist off: ``number``, its ``words``, ``done``."""
    task = _task(request, pk, "change")
    if policy.field_mode(request.user, [(LABEL, "checklist")]) is not None:
        raise PermissionDenied
    number = request.POST.get("number", "")
    try:
        done = request.POST.get("done") == "1"
        number_of = int(number) if is_id(number) else -1
        checklists.tick_step(task, number_of, request.POST.get("words", ""), done=done, actor=Actor.of(request))
        status = 200
    except Conflict:
        status = 409
    return _panel(request, task.pk, "activities/steps.html", steps_context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest, pk: int) -> HttpResponse:
    """Let somebody take part."""
    task = _task(request, pk, "change")
    form = InviteForm(request.POST or None, reader=request.user)
    here = bound_for(request.user).url("record", task.pk)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            attending.invite(task, actor=Actor.of(request), user=given["user"], person=form.person, acts=given["acts"])
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            messages.success(request, _("They take part now."))
            if request.htmx:
                return HttpResponse(status=204, headers={"HX-Redirect": here})
            return HttpResponseRedirect(here)
    name = "activities/invite_dialog.html" if request.htmx else "activities/invite_page.html"
    context = {"form": form, "target": task, "entity": bound_for(request.user), "cancel_url": here}
    return render(request, name, context, status=422 if form.errors else 200)


@login_required
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept, perhaps or decline."""
    row = get_object_or_404(Participant, pk=pk)
    task = _task(request, row.task_id, "view")
    try:
        attending.answer(row, request.POST.get("state", ""), actor=Actor.of(request))
    except ValidationError as error:
        return HttpResponse(" ".join(error.messages), status=422, content_type="text/plain")
    return _panel(request, task.pk, "activities/guests.html", guests_context)


@login_required
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take somebody off; oneself, or by whoever may change the activity."""
    row = get_object_or_404(Participant, pk=pk)
    task = _task(request, row.task_id, "view")
    if row.user_id != request.user.pk and not policy.can_record(request.user, task, "change"):
        raise PermissionDenied
    attending.uninvite(row, actor=Actor.of(request))
    if not Task.objects.restrict(request.user).filter(pk=task.pk).exists():
        there = bind(registry[LABEL], request.user).url("list")
        return HttpResponse(status=204, headers={"HX-Redirect": there}) if request.htmx else HttpResponseRedirect(there)
    return _panel(request, task.pk, "activities/guests.html", guests_context)


def _task(request: HttpRequest, pk: int, action: str) -> Task:
    bound = bound_for(request.user)
    if not bound.can(action):
        raise PermissionDenied
    return get_object_or_404(bound.records(action), pk=pk)


def _panel(request: HttpRequest, pk: int, template: str, made: Any, *, status: int = 200) -> HttpResponse:
    """The panel anew; without htmx the page of the activity."""
    task = Task.objects.restrict(request.user).filter(pk=pk).first()
    if task is None:
        raise Http404
    if not request.htmx:
        if status == 409:
            messages.error(request, _("The checklist was changed in the meantime."))
        return HttpResponseRedirect(bound_for(request.user).url("record", pk))
    response = render(request, template, {"record": task, **(made(task, request.user) or {})}, status=status)
    if status == 409:
        said = _("The checklist was changed in the meantime.")
        response["HX-Trigger"] = json.dumps({"toast": {"text": said, "level": "error"}})
    return response
