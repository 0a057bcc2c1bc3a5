"""What other programs tell us: signed, taken once, answered in JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from crm.messaging import calls, sms
from crm.messaging.models import SmsProvider, Telephony
from crm.messaging.signing import Refused, is_first, read


@csrf_exempt
@require_POST
def receipt(request: HttpRequest, pk: int) -> JsonResponse:
    """A delivery receipt: ``{"id", "state": "delivered" or else, "reason"}``."""
    provider = get_object_or_404(SmsProvider, pk=pk)
    return _take(request, provider.receipt_secret, lambda told: {"known": sms.take_receipt(provider, told)})


@csrf_exempt
@require_POST
def call(request: HttpRequest, pk: int) -> JsonResponse:
    """A call: ``{"call", "event", "number", "extension", "direction", "seconds", "recording"}``."""
    telephony = get_object_or_404(Telephony, pk=pk, active=True)
    return _take(request, telephony.secret, lambda told: {"state": calls.take_event(telephony, told).state})


def _take(request: HttpRequest, secret: str, work: Callable[[dict[str, Any]], dict]) -> JsonResponse:
    try:
        told = read(request, secret)
        with transaction.atomic():
            if not is_first(request):
                return JsonResponse({"status": "known"})
            return JsonResponse({"status": "ok"} | work(told))
    except Refused as refused:
        return JsonResponse({"error": str(refused)}, status=refused.status)
    except ValidationError as error:
        return JsonResponse({"error": " ".join(error.messages)}, status=422)
