"""Where websites, shops and tills send what people did."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from crm.inbound.models import Connection
from crm.inbound.receiving import verified
from crm.messaging.signing import Refused
from marketing.events.taking import MOST, take_events


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
    if not isinstance(events, list) or not 0 < len(events) <= MOST:
        return JsonResponse({"error": f"Send 1 to {MOST} events under “events”."}, status=422)
    told = take_events(connection, events)
    return JsonResponse(told, status=422 if told["refused"] == len(events) else 200)
