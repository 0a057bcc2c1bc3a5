"""Calls: dialled by the telephone system, announced by it, shown to who is called, and written down once."""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access import policy
from crm.activities.services import add_follow_up
from crm.customfields import definitions
from crm.entities.entity import registry
from crm.lib import http
from crm.lib.phone import normalise_phone
from crm.matching.keys import phone_key
from crm.matching.models import MatchKey
from crm.messaging.models import Extension, PhoneCall, Telephony
from crm.messaging.secrets import SecretLost, open_secret
from crm.messaging.signing import sign
from crm.records.actor import Actor
from crm.records.models import Outgoing, Record
from crm.records.outgoing import NotSent, outgoing_kind, queue_outgoing

DIAL = "dial"
# A call that could not be started at once must not ring minutes later.
STALE = timedelta(seconds=60)
SHOWN = timedelta(minutes=30)
ORDER = ("customers.contact", "customers.account", "sales.lead")
RANK = {PhoneCall.State.RINGING: 0, PhoneCall.State.ANSWERED: 1, PhoneCall.State.ENDED: 2}


def extension_of(user: Any) -> Extension | None:
    """The telephone by which the system dials for the user."""
    rows = Extension.objects.filter(user=user, telephony__active=True).select_related("telephony")
    return rows.order_by("pk").first()


def dial_url_of(user: Any) -> str | None:
    """Where the system is told to dial for the user, empty where it only answers; None: the user has no telephone of it."""
    return definitions.kept("messaging.dial_urls", _dial_urls).get(user.pk)


def _dial_urls() -> dict[int, str]:
    rows = Extension.objects.filter(telephony__active=True).order_by("-pk")
    return dict(rows.values_list("user_id", "telephony__dial_url"))


def dial(record: Record, number: str, *, actor: Actor) -> Outgoing:
    """Let the telephone system connect the user with the number. ValidationError when it can't."""
    extension, plain = extension_of(actor.user), normalise_phone(number)
    if extension is None or not extension.telephony.dial_url:
        raise ValidationError(_("No telephone system dials for you. Use the number itself."))
    if not plain:
        raise ValidationError(_("%(number)s is no telephone number.") % {"number": number})
    payload = {"extension": extension.pk, "number": plain}
    return queue_outgoing(DIAL, secrets.token_hex(16), payload, record=record, actor=actor)


@outgoing_kind(DIAL, label=gettext_lazy("Dialling"), most_attempts=1)
def send_dial(outgoing: Outgoing) -> None:
    """Ask the telephone system to dial."""
    if timezone.now() - outgoing.made_at > STALE:
        raise NotSent(_("Too late: the call was wanted a while ago."), final=True)
    extension = Extension.objects.select_related("telephony").get(pk=outgoing.payload["extension"])
    told = {"event": "dial", "id": outgoing.key, "extension": extension.number, "number": outgoing.payload["number"]}
    body = json.dumps(told).encode()
    try:
        headers = sign(open_secret(extension.telephony.secret), body)
        headers |= {"Content-Type": "application/json", "Idempotency-Key": outgoing.key}
        answer = http.call("POST", extension.telephony.dial_url, data=body, headers=headers, seconds=10)
    except SecretLost:
        raise NotSent(_("Enter the secret of the telephone system again."), final=True) from None
    except http.NotReached as error:
        raise NotSent(str(error), final=True) from None
    if not answer.ok:
        raise NotSent(f"{answer.status} {answer.text[:300]}", final=True)


def callers(number: str, user: Any) -> list[Record]:
    """The records with the number that the user may see: contacts first."""
    key = phone_key(number)
    if key is None:
        return []
    rows = MatchKey.objects.filter(kind=key.kind, value=key.value).values_list("entity", "record_id")[:200]
    wanted: dict[str, list[int]] = {}
    for label, pk in rows:
        wanted.setdefault(label, []).append(pk)
    found: list[Record] = []
    for label in sorted(wanted, key=lambda one: ORDER.index(one) if one in ORDER else len(ORDER)):
        if label in registry:
            model = registry[label].model
            ids = policy.visible_ids(user, model, wanted[label])
            found += model._base_manager.filter(pk__in=ids, deleted_at__isnull=True).order_by("pk")[:5]
    return found[:5]


@transaction.atomic
def take_event(telephony: Telephony, told: dict[str, Any]) -> PhoneCall:
    """What the telephone system says of a call. ValidationError names what is missing. The same again changes nothing."""
    call_id, number = str(told.get("call") or "")[:100], str(told.get("number") or "")[:32]
    state = str(told.get("event") or "")
    if not call_id or state not in PhoneCall.State.values or not _clean(call_id + number):
        raise ValidationError("call, number and event (ringing, answered, ended) are required.")
    PhoneCall.objects.bulk_create(
        [PhoneCall(telephony=telephony, call_id=call_id, number=normalise_phone(number) or number)],
        ignore_conflicts=True,
    )
    call = PhoneCall.objects.select_for_update(of=("self",)).get(telephony=telephony, call_id=call_id)
    _note(call, PhoneCall.State(state), told)
    if call.state == PhoneCall.State.ENDED:
        _write_down(call)
    call.save()
    return call


def _clean(text: str) -> bool:
    return all(character.isprintable() for character in text)


def _note(call: PhoneCall, state: PhoneCall.State, told: dict[str, Any]) -> None:
    now = timezone.now()
    if told.get("direction") in PhoneCall.Direction.values:
        call.direction = told["direction"]
    extension = str(told.get("extension") or "")[:32]
    if extension and call.follow_up is None:
        found = Extension.objects.filter(telephony=call.telephony, number=extension).select_related("user").first()
        call.user = found.user if found else call.user
    if call.user_id and not call.record_id:
        record = next(iter(callers(call.number, call.user)), None)
        if record is not None:
            call.entity, call.record_id = record.entity_label(), record.pk
    # Events may overtake each other: a call that is over does not ring again.
    if RANK[state] >= RANK[PhoneCall.State(call.state)]:
        call.state = state
    if state == PhoneCall.State.ANSWERED:
        call.answered_at = call.answered_at or now
    if state == PhoneCall.State.ENDED:
        call.ended_at = call.ended_at or now
        call.seconds = _seconds(told, call)
    recording = str(told.get("recording") or "")[:500]
    if recording.startswith(("https://", "http://")) and _clean(recording):
        call.recording = recording


def _seconds(told: dict[str, Any], call: PhoneCall) -> int:
    given = told.get("seconds")
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= 86_400:
        return given
    start: datetime | None = call.answered_at
    return int((call.ended_at - start).total_seconds()) if start and call.ended_at else 0


def _write_down(call: PhoneCall) -> None:
    """A follow-up on the caller's record, once a call."""
    entity = registry.get(call.entity)
    if call.follow_up is not None or entity is None or call.user is None:
        return
    record = entity.model._base_manager.filter(pk=call.record_id, deleted_at__isnull=True).first()
    if record is None or not policy.can_record(call.user, record, "view"):
        return
    actor = Actor(call.user, f"call:{call.call_id}"[:100])
    with translation.override(call.user.language or translation.get_language()):
        text = _summary(call)
    call.follow_up = add_follow_up(record, kind="call", text=text, actor=actor, happened_at=call.started_at).pk


def _summary(call: PhoneCall) -> str:
    minutes, seconds = divmod(call.seconds, 60)
    said = {"minutes": minutes, "seconds": seconds}
    if call.direction == PhoneCall.Direction.IN:
        text = _("Incoming call, %(minutes)s min %(seconds)s s.") if call.seconds else _("Missed call.")
    else:
        text = _("Outgoing call, %(minutes)s min %(seconds)s s.") if call.seconds else _("Outgoing call, not answered.")
    return "\n".join(filter(None, [text % said, call.recording]))


def open_calls(user: Any) -> list[PhoneCall]:
    """The calls that the user is in, or just was called by, and has not put aside."""
    rows = PhoneCall.objects.filter(user=user, closed_at=None, started_at__gt=timezone.now() - SHOWN)
    return list(rows.exclude(state=PhoneCall.State.ENDED).order_by("-started_at")[:3])
