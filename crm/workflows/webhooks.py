"""Calling other systems: signed, under an idempotency key, claimed before it is sent.

The receiver checks ``X-CRM-Signature: t=<seconds>,v1=<hex>`` where v1 is HMAC-SHA256 of ``<t>.<body>`` under the key shown
in the administration, and drops what it has seen under the same ``Idempotency-Key``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.entities.bound import bind
from crm.entities.entity import entity_of
from crm.lib.http import NotReached, call
from crm.records.actor import Actor
from crm.records.models import Outgoing, Record
from crm.records.outgoing import NotSent, outgoing_kind, queue_outgoing
from crm.workflows.judging import stored
from crm.workflows.models import Webhook

KIND = "workflows.webhook"
TRY_AGAIN = frozenset({408, 425, 429})


def key_of(webhook: Webhook) -> str:
    """The key that signs calls of a webhook; another after its ``turn`` has been raised."""
    told = f"webhook:{webhook.pk}:{webhook.turn}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), told, hashlib.sha256).hexdigest()


def sign(key: str, moment: int, body: bytes) -> str:
    """The value of ``X-CRM-Signature``."""
    return f"t={moment},v1={hmac.new(key.encode(), f'{moment}.'.encode() + body, hashlib.sha256).hexdigest()}"


def queue_call(webhook: Webhook, record: Record, *, actor: Actor) -> Outgoing:
    """Call the webhook about the record once the caller's transaction has committed: what its principal may read of it."""
    payload = {"webhook": webhook.pk, "body": body_of(record, actor)}
    return queue_outgoing(KIND, str(uuid4()), payload, actor=actor, record=record)


def body_of(record: Record, actor: Actor) -> dict[str, Any]:
    """The record as the actor may know it."""
    bound = bind(entity_of(record), actor.user)
    fields = bound.readable(name for name in bound.field_names if "__" not in name)
    return {
        "entity": record.entity_label(),
        "id": record.pk,
        "title": str(record),
        "cause": actor.cause,
        "at": timezone.now().isoformat(),
        "fields": {name: stored(field.raw(record)) for name, field in fields.items()},
        "texts": {name: field.text(record) for name, field in fields.items()},
    }


@outgoing_kind(KIND, label=_("Call of a webhook"))
def send_call(outgoing: Outgoing) -> dict[str, Any]:
    """POST it; the same key at every attempt."""
    webhook = Webhook.objects.filter(pk=outgoing.payload["webhook"], active=True).first()
    if webhook is None:
        raise NotSent("The webhook is switched off or gone.", final=True)
    body = json.dumps(outgoing.payload["body"], cls=DjangoJSONEncoder, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": outgoing.key,
        "X-CRM-Signature": sign(key_of(webhook), int(time.time()), body),
    }
    try:
        answer = call("POST", webhook.url, data=body, headers=headers)
    except NotReached as error:
        raise NotSent(str(error)) from error
    if not answer.ok:
        retry = answer.status >= 500 or answer.status in TRY_AGAIN
        raise NotSent(f"HTTP {answer.status}: {answer.text[:200]}", final=not retry)
    return {"status": answer.status}
