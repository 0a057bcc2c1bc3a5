"""Calling and texting from a record, and the call that is coming in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.entities.brief import briefs
from crm.entities.finding import seen_record
from crm.messaging import calls, sms
from crm.messaging.consent import SMS, warnings
from crm.messaging.merging import merge, values_for
from crm.messaging.models import MessageTemplate, PhoneCall
from crm.messaging.reaching import phones_of
from crm.records.actor import Actor

STOP_POLLING = 286


def _number(request: HttpRequest, record: Any) -> str:
    """The number that was asked for, if it is one of the record's that the user may know."""
    wanted = request.POST.get("number", "")
    if wanted not in {reached.value for reached in phones_of(record, request.user)}:
        raise Http404
    return wanted


@login_required
@require_POST
def dial(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """Let the telephone system connect us."""
    bound, record = seen_record(request.user, label, pk)
    try:
        calls.dial(record, _number(request, record), actor=Actor.of(request))
        messages.info(request, _("Your telephone rings in a moment."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(bound.url("record", pk))


@login_required
@require_http_methods(["GET", "POST"])
def text(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """Write a text message to a record."""
    bound, record = seen_record(request.user, label, pk)
    context = {
        "record": record,
        "label": label,
        "numbers": phones_of(record, request.user),
        "templates": _texts(request, record, label),
        "longest": sms.LONGEST,
        "objections": warnings(record, SMS),
        "url": bound.url("record", pk),
    }
    chosen = request.GET.get("template", "")
    context["words"] = next((words for key, _name, words in context["templates"] if str(key) == chosen), "")
    if request.method == "POST":
        context["words"] = request.POST.get("text", "")
        try:
            number = _number(request, record)
            sms.queue_sms(record, number=number, text=context["words"], actor=Actor.of(request))
        except ValidationError as error:
            return render(request, "messaging/text.html", context | {"errors": error.messages}, status=422)
        messages.success(request, _("The text message goes out."))
        return redirect(context["url"])
    return render(request, "messaging/text.html", context)


def _texts(request: HttpRequest, record: Any, label: str) -> list[tuple[int, str, str]]:
    """(id, name, text) of the templates, filled in for the record."""
    rows = MessageTemplate.objects.filter(active=True, channel=MessageTemplate.Channel.SMS, entity__in=["", label])
    values, found = values_for(request.user, record), []
    for template in rows[:30]:
        try:
            found.append((template.pk, template.name, merge(template.body, values)))
        except ValidationError:
            continue
    return found


@login_required
@require_safe
def now(request: HttpRequest) -> HttpResponse:
    """The call that rings for the user; 204: none, 286: nobody ever rings here."""
    found = calls.open_calls(request.user)
    if not found:
        return HttpResponse(status=204 if calls.extension_of(request.user) else STOP_POLLING)
    shown = [
        {"call": call, "records": briefs(calls.callers(call.number, request.user), request.user)} for call in found
    ]
    return render(request, "messaging/calling.html", {"calls": shown})


@login_required
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a call aside."""
    rows = PhoneCall.objects.filter(pk=pk, user=request.user, closed_at=None)
    rows.update(closed_at=timezone.now())
    return HttpResponse(status=204)
