"""Calls between programs that share a secret: signed over the moment and the body, and taken once.

``X-Timestamp`` holds seconds since 1970, ``X-Signature`` the hexadecimal HMAC-SHA256 of ``<timestamp>.<body>``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from crm.messaging.models import WebhookSeen
from crm.messaging.secrets import SecretLost, open_secret

WINDOW = 300
LARGEST = 64 * 1024


class Refused(Exception):
    """The call is not taken; ``status`` is what it is answered with."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def sign(secret: str, body: bytes, moment: int | None = None) -> dict[str, str]:
    """The headers that sign a body now."""
    moment = int(time.time()) if moment is None else moment
    return {"X-Timestamp": str(moment), "X-Signature": _signature(secret, str(moment), body)}


def _signature(secret: str, moment: str, body: bytes) -> str:
    return hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()


def read(request: HttpRequest, secret: str, largest: int = LARGEST) -> dict[str, Any]:
    """The object that a signed call holds, of at most ``largest`` bytes. Raises Refused."""
    try:
        plain = open_secret(secret)
    except SecretLost:
        plain = ""
    moment, signature = request.headers.get("X-Timestamp", ""), request.headers.get("X-Signature", "")
    if int(request.headers.get("Content-Length") or 0) > largest:
        raise Refused(413, "The body is too large.")
    body = request.body
    if len(body) > largest:
        raise Refused(413, "The body is too large.")
    right = moment.isascii() and moment.isdigit() and len(moment) < 15
    # Without a secret nobody may call; the comparison takes as long for every signature.
    if not plain or not right or not hmac.compare_digest(_signature(plain, moment, body).encode(), signature.encode()):
        raise Refused(403, "The signature is not right.")
    if abs(time.time() - int(moment)) > WINDOW:
        raise Refused(403, "The moment lies too far away.")
    try:
        found = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refused(400, "This is no JSON.") from None
    if not isinstance(found, dict):
        raise Refused(400, "This is no JSON object.")
    return found


def _no_number(name: str) -> None:
    raise ValueError(name)


def is_first(request: HttpRequest) -> bool:
    """Note a call that was verified, inside the transaction of its effect; False when it came before."""
    mark = f"{request.path}|{request.headers.get('X-Timestamp')}|{request.headers.get('X-Signature')}"
    nonce = hashlib.sha256(mark.encode()).hexdigest()
    _seen, made = WebhookSeen.objects.get_or_create(nonce=nonce)
    return made


def forget_old() -> int:
    """Drop what is too old to be repeated."""
    return WebhookSeen.objects.filter(at__lt=timezone.now() - timedelta(seconds=4 * WINDOW)).delete()[0]
