"""A signed call is kept before anything is made of it, and taken once."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest

from crm.inbound.models import Connection, Delivery
from crm.lib.http import client_address
from crm.messaging.signing import Refused, read

LARGEST = 512 * 1024


def verified(request: HttpRequest, connection: Connection) -> dict[str, Any]:
    """The body of a call that is signed with the connection's secret. Raises Refused."""
    return read(request, connection.secret, LARGEST)


def key_of(request: HttpRequest) -> str:
    """By what the same call is known again: its own key, else its signature. Raises Refused for a key that can't be kept."""
    key = request.headers.get("Idempotency-Key", "") or request.headers.get("X-Idempotency-Key", "")
    if key:
        if len(key) > 90 or not key.isascii() or not key.isprintable():
            raise Refused(400, "The idempotency key is too long, or no plain text.")
        return f"key:{key}"
    mark = f"{request.headers.get('X-Timestamp')}|{request.headers.get('X-Signature')}"
    return hashlib.sha256(mark.encode()).hexdigest()


def keep(request: HttpRequest, connection: Connection) -> tuple[Delivery, bool]:
    """The delivery of a verified call, and whether it came for the first time."""
    key = key_of(request)
    fresh = Delivery(
        connection=connection, key=key, body=request.body.decode(), address=client_address(request) or None
    )
    try:
        with transaction.atomic():
            fresh.save(force_insert=True)
    except IntegrityError:
        return Delivery.objects.select_related("connection__user").get(connection=connection, key=key), False
    return fresh, True
