"""Where websites, shops and tills send what people did."""

from __future__ import annotations

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from crm.exchange.reading.errors import ReadError
from crm.inbound.models import Connection
from crm.inbound.receiving import verified
from crm.messaging.signing import Refused
from crm.records.audit import audit
from marketing.events.files import MOST as MOST_ROWS
from marketing.events.files import EventFile, take_file
from marketing.events.jobs import MOST, on_disk, start
from marketing.events.rights import may_bring
from marketing.events.taking import MOST as MOST_AT_ONCE
from marketing.events.taking import take_events
from marketing.models import BehaviourEvent


@csrf_exempt
@never_cache
@require_POST
def receive(request: HttpRequest, token: str) -> JsonResponse:
    """``{"events": [{"id", "at", "kind", "who", …}]}``, signed; each event is kept once, however often it is sent."""
    connection = get_object_or_404(Connection, token=token, active=True)
    try:
        events = verified(request, connection).get("events")
    except Refused as refused:
        return JsonResponse({"error": str(refused)}, status=refused.status)
    if not isinstance(events, list) or not 0 < len(events) <= MOST_AT_ONCE:
        return JsonResponse({"error": f"Send 1 to {MOST_AT_ONCE} events under “events”."}, status=422)
    told = take_events(connection, events)
    return JsonResponse(told, status=422 if told["refused"] == len(events) else 200)


class EventFileForm(forms.Form):
    """A file of events."""

    file = forms.FileField(label=gettext_lazy("File"), max_length=255)
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind of all rows that name none"),
        required=False,
        choices=lambda: [("", "–"), *BehaviourEvent.Kind.choices],
    )


@login_required
@require_http_methods(["GET", "POST"])
def bring(request: HttpRequest) -> HttpResponse:
    """Events out of a file, with what became of its rows."""
    if not may_bring(request.user):
        raise PermissionDenied
    form = EventFileForm(request.POST or None, request.FILES or None)
    told = None
    if request.method == "POST" and form.is_valid():
        upload, kind = form.cleaned_data["file"], form.cleaned_data["kind"]
        try:
            with on_disk(upload) as path:
                if EventFile(path, kind).longer_than(MOST_ROWS):
                    return redirect("jobs:job", pk=start(upload, kind=kind, user=request.user).pk)
                told = take_file(path, kind=kind)
        except ReadError as error:
            form.add_error("file", str(error))
        else:
            audit(request.user, "imported", entity="marketing.behaviourevent", count=told["kept"])
    lines = (
        [(line, " ".join(t for texts in reasons.values() for t in texts)) for line, reasons in told["errors"].items()]
        if told
        else []
    )
    context = {"form": form, "told": told, "lines": lines, "most": MOST}
    return render(request, "marketing/events_file.html", context, status=422 if form.errors else 200)
