"""Text messages by a provider that is asked over HTTP, in the words that its settings say."""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.activities.services import touch
from crm.entities.entity import registry
from crm.lib import http
from crm.lib.phone import normalise_phone
from crm.messaging import consent, kinds
from crm.messaging.merging import merge
from crm.messaging.models import SmsProvider, TextMessage
from crm.messaging.secrets import SecretLost, open_secret
from crm.records.actor import Actor
from crm.records.log import log
from crm.records.models import Outgoing, Record
from crm.records.outgoing import NotSent, outgoing_kind, queue_outgoing

ONCE, REPEAT = "sms", "sms.repeat"
LONGEST = 1000
# Statuses by which a server says that it did nothing and may be asked again.
LATER = frozenset({408, 425, 429, 503})
State = TextMessage.State


def provider_in_use() -> SmsProvider | None:
    """The provider that messages go through; None: there is none."""
    return SmsProvider.objects.filter(active=True).order_by("pk").first()


@transaction.atomic
def queue_sms(
    record: Record,
    *,
    number: str,
    text: str,
    actor: Actor,
    key: str = "",
    at: datetime | None = None,
    person: Record | None = None,
    purpose: str = "",
) -> TextMessage:
    """Send a text message to a number of the record. ``key`` makes it once only. ValidationError when it can't be sent.

    Who sends without a person looking at it names ``person`` and ``purpose``, as for mails.
    """
    provider, plain = provider_in_use(), normalise_phone(number)
    if provider is None:
        raise ValidationError(_("No SMS provider is set up. An administrator can do that."))
    if not plain:
        raise ValidationError(_("%(number)s is no telephone number.") % {"number": number})
    if not text.strip() or len(text) > LONGEST:
        raise ValidationError(_("A text message has between 1 and %(most)s characters.") % {"most": LONGEST})
    if person is not None:
        consent.ask(person, purpose, consent.SMS)
    key = key[:64] or secrets.token_hex(16)
    message, made = TextMessage.objects.get_or_create(
        key=key,
        defaults={
            "provider": provider,
            "entity": record.entity_label(),
            "record_id": record.pk,
            "number": plain,
            "text": text,
            "writer": actor.user,
        },
    )
    if made:
        kind = REPEAT if provider.drops_doubles else ONCE
        payload = {"sms": message.pk, **consent.told(person, purpose)}
        queue_outgoing(kind, key, payload, record=record, actor=actor, at=at)
    return message


def _settled(outgoing: Outgoing) -> None:
    """Note how sending ended; tell the timeline once it is out."""
    message = TextMessage.objects.select_for_update().filter(pk=outgoing.payload["sms"]).first()
    if message is None:
        return
    was = message.state
    message.state = {
        Outgoing.State.QUEUED: State.QUEUED,
        Outgoing.State.DONE: State.SENT if was not in {State.DELIVERED, State.UNDELIVERED} else was,
        Outgoing.State.UNKNOWN: State.UNKNOWN,
        Outgoing.State.FAILED: State.FAILED,
        Outgoing.State.CANCELLED: State.CANCELLED,
    }[Outgoing.State(outgoing.state)]
    message.error = outgoing.error
    message.provider_key = outgoing.result.get("id", message.provider_key)
    message.save(update_fields=["state", "error", "provider_key"])
    record = _record(message)
    if record is not None and outgoing.state == Outgoing.State.DONE:
        log(record, kinds.SMS_SENT, actor=Actor(outgoing.made_by, outgoing.cause), text=message.text, sms=message.pk)
        touch(record, timezone.now())


def _record(message: TextMessage) -> Record | None:
    """What it was about, if that is still there."""
    entity = registry.get(message.entity)
    return entity.model._base_manager.filter(pk=message.record_id).first() if entity else None


@outgoing_kind(ONCE, label=gettext_lazy("Text message"), settled=_settled)
@outgoing_kind(REPEAT, label=gettext_lazy("Text message"), settled=_settled, may_repeat=True)
def send(outgoing: Outgoing) -> dict | None:
    """Ask the provider to send one message."""
    message = TextMessage.objects.select_related("provider").get(pk=outgoing.payload["sms"])
    consent.ask_again(outgoing, consent.SMS)
    provider = message.provider
    if not provider.active:
        raise NotSent(_("The SMS provider is switched off."))
    headers, body = _request(provider, message)
    try:
        answer = http.call("POST", provider.url, data=body, headers=headers)
    except http.NotReached as error:
        raise NotSent(str(error)) from None
    if answer.status in LATER:
        raise NotSent(f"{answer.status} {answer.text[:300]}")
    if 400 <= answer.status < 500:
        raise NotSent(f"{answer.status} {answer.text[:300]}", final=True)
    if not answer.ok:
        # Whether it was sent before the server failed, nobody can tell.
        raise http.NoAnswer(f"{answer.status} {answer.text[:300]}")
    said = _read(answer.text)
    if provider.ok_path and str(at_path(said, provider.ok_path)) != provider.ok_value:
        raise NotSent(answer.text[:500], final=True)
    return {"id": str(at_path(said, provider.id_path) or "")[:200]} if provider.id_path else None


def _request(provider: SmsProvider, message: TextMessage) -> tuple[dict[str, str], bytes]:
    try:
        secret = open_secret(provider.secret)
        values = {"number": message.number, "text": message.text, "key": message.key, "secret": secret}
        body = merge(provider.body, values)
        json.loads(body)
        lines = [line.partition(":") for line in merge(provider.headers, values).splitlines() if ":" in line]
    except (ValidationError, ValueError, SecretLost) as error:
        raise NotSent(_("The provider's settings are not right: %(why)s") % {"why": error}, final=True) from None
    headers = {name.strip(): value.strip() for name, _colon, value in lines}
    return {"Content-Type": "application/json", "Idempotency-Key": message.key} | headers, body.encode()


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def at_path(data: Any, path: str) -> Any:
    """What lies at “data.items.0.id”; None where there is nothing."""
    for step in path.split("."):
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and step.isdigit() and int(step) < len(data):
            data = data[int(step)]
        else:
            return None
    return data


@transaction.atomic
def take_receipt(provider: SmsProvider, told: dict[str, Any]) -> bool:
    """What the provider says became of a message; False when it is none of ours. A later word never undoes “delivered”."""
    key = str(told.get("id") or "")[:200]
    rows = TextMessage.objects.select_for_update().filter(provider=provider)
    message = (rows.filter(key=key).first() or rows.filter(provider_key=key).first()) if key else None
    if message is None:
        return False
    if message.state != State.DELIVERED:
        was = message.state
        message.state = State.DELIVERED if told.get("state") == "delivered" else State.UNDELIVERED
        message.error = "" if message.state == State.DELIVERED else str(told.get("reason") or "")[:500]
        message.receipt_at = timezone.now()
        message.save(update_fields=["state", "error", "receipt_at"])
        record = _record(message)
        if message.state == State.UNDELIVERED != was and record is not None:
            log(record, kinds.SMS_LOST, actor=Actor(None, "receipt"), text=message.text, reason=message.error)
    return True
