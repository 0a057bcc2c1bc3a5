"""Where other programs send records to."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from crm.inbound.models import Connection, Delivery
from crm.inbound.receiving import keep, verified
from crm.inbound.taking import take
from crm.messaging.signing import Refused


@csrf_exempt
@never_cache
@require_POST
def receive(request: HttpRequest, token: str) -> JsonResponse:
    """One record, or a list of them, in the program's own shape; the answer says what became of each."""
    connection = get_object_or_404(Connection.objects.select_related("user"), token=token, active=True)
    try:
        verified(request, connection)
        delivery, first = keep(request, connection)
    except Refused as refused:
        return JsonResponse({"error": str(refused)}, status=refused.status)
    except UnicodeDecodeError:
        return JsonResponse({"error": "The body is no UTF-8."}, status=400)
    if first:
        take(delivery)
    status = 422 if delivery.state == Delivery.State.FAILED else 200
    told = {"delivery": delivery.pk, "state": delivery.state, "known": not first, "results": delivery.results}
    return JsonResponse(told | ({"error": delivery.error} if delivery.error else {}), status=status)
