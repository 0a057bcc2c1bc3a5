"""The consent ledger: noting what people agree to, what holds now, and the one question that senders ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm.entities.entity import registry
from crm.entities.merged import formers
from crm.privacy import kinds, suppression
from crm.privacy.models import Channel, ConsentPurpose, ConsentRecord, ConsentText
from crm.privacy.models.consent import ANY
from crm.privacy.people import find_person, is_person, name_of
from crm.records.actor import Actor
from crm.records.log import log
from crm.records.models import Record

SALT = "crm.privacy.preferences"
# As long as a link in a mail may lie in a mailbox.
MAX_AGE = 400 * 24 * 3600
# What a channel reaches somebody by: the categories of identifiers.
REACHED_BY = {"email": "email", "sms": "phone", "call": "phone"}


@dataclass(frozen=True)
class Verdict:
    """Whether somebody may be contacted, and why (not): in words of the reader."""

    allowed: bool
    why: str


@dataclass(frozen=True)
class State:
    """What holds for one purpose and channel; ``record`` is the line that says so, None where nothing was said."""

    purpose: ConsentPurpose
    channel: str
    granted: bool
    record: ConsentRecord | None

    @property
    def said(self) -> str:
        if self.record is not None:
            return _("Agreed") if self.granted else _("Withdrawn")
        return _("Not asked") if not self.granted else _("Allowed until objection")

    @property
    def label(self) -> str:
        return str(Channel(self.channel).label)


@transaction.atomic
def note_consent(
    record: Record,
    purpose: ConsentPurpose,
    channels: Iterable[str],
    granted: bool,
    *,
    source: str,
    actor: Actor,
    proof: str = "",
    address: str | None = None,
    text: ConsentText | None = None,
    basis: str = "",
    at: datetime | None = None,
) -> list[ConsentRecord]:
    """Add lines to the ledger, one a channel (“any” for all of them). Nothing that was noted is ever changed.

    ``source`` says where it was said (form, phone, preference page), ``proof`` what shows it; ``text`` is what was asked, by
    default its present wording, ``at`` when it was said, if not just now: the last word counts. ValidationError where the record is no person or the channel is none of the purpose's.
    """
    channels = list(dict.fromkeys(channels))
    if not is_person(record):
        raise ValidationError(_("Consents belong to people."))
    if unknown := [one for one in channels if one != ANY and one not in purpose.channels]:
        raise ValidationError(_("The purpose knows no such channel: %(names)s.") % {"names": ", ".join(unknown)})
    text = text or purpose.texts.first()
    rows = [
        ConsentRecord(
            person_entity=record.entity_label(),
            person_id=record.pk,
            purpose=purpose,
            channel=channel,
            granted=granted,
            basis=basis or purpose.basis,
            text=text,
            language=(get_language() or "")[:10],
            source=source[:100],
            proof=proof[:500],
            address=address,
            actor=actor.user,
            at=at or timezone.now(),
        )
        for channel in channels
    ]
    ConsentRecord.objects.bulk_create(rows)
    if rows:
        log(record, kinds.CONSENT, actor=actor, purpose=purpose.code, granted=granted, channels=channels)
    return rows


def states(record: Record, purposes: Iterable[ConsentPurpose] | None = None) -> list[State]:
    """What holds now for each purpose in use and each of its channels."""
    purposes = list(ConsentPurpose.objects.filter(active=True) if purposes is None else purposes)
    latest = _latest(record.entity_label(), [record.pk], [p.pk for p in purposes])
    return [_state(p, channel, latest, record.pk) for p in purposes for channel in p.channels]


def may_contact(record: Record, purpose: str | ConsentPurpose, channel: str) -> bool:
    """Whether the person may be contacted for the purpose by the channel. The one question before each sending of a marketing kind."""
    return verdict(record, purpose, channel).allowed


def verdict(record: Record, purpose: str | ConsentPurpose, channel: str) -> Verdict:
    """``may_contact`` with the reason."""
    found = _purpose(purpose)
    if found is None or not found.active or channel not in found.channels:
        return Verdict(False, _("There is no such purpose."))
    if record.deleted_at is not None or not is_person(record) or name_of(record) == f"#{record.pk}":
        return Verdict(False, _("The person is not there any more."))
    if _suppressed([record], channel):
        return Verdict(False, _("The person asked to be erased."))
    state = _state(found, channel, _latest(record.entity_label(), [record.pk], [found.pk]), record.pk)
    return Verdict(state.granted, state.said)


def objections(record: Record, channel: str) -> list[str]:
    """In words of the reader: for what the person said no to the channel, and whether they asked to be erased."""
    said = [state for state in states(record) if state.channel == channel and state.record and not state.granted]
    found = [f"{state.purpose}: {state.said}" for state in said]
    return [*found, _("The person asked to be erased.")] if erased(record, channel) else found


def erased(record: Record, channel: str) -> bool:
    """Whether the person's address or number of the channel belongs to somebody who was erased."""
    return bool(_suppressed([record], channel))


def contactable(label: str, ids: Collection[int], purpose: str | ConsentPurpose, channel: str) -> set[int]:
    """Those of the records whose people may be contacted; a few queries however many there are."""
    found = _purpose(purpose)
    if found is None or not found.active or channel not in found.channels or not ids:
        return set()
    rows = registry[label].model._base_manager.filter(pk__in=list(ids), deleted_at__isnull=True)
    people = [one for one in rows if is_person(one) and name_of(one) != f"#{one.pk}"]
    latest = _latest(label, [one.pk for one in people], [found.pk])
    gone = _suppressed(people, channel)
    return {one.pk for one in people if one.pk not in gone and _state(found, channel, latest, one.pk).granted}


def preference_link(record: Record) -> str:
    """The address at which the person decides by themselves, without signing in; it is good for nothing else."""
    token = signing.dumps([record.entity_label(), record.pk], salt=SALT, compress=False)
    return reverse("privacy:preferences", args=[token])


def person_of_token(token: str) -> Record | None:
    """The person of a link of ours; None for any other, one that is too old, or somebody who is not there any more."""
    try:
        label, pk = signing.loads(token, salt=SALT, max_age=MAX_AGE)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    record = find_person(label, pk) if isinstance(label, str) and isinstance(pk, int) else None
    if record is None or record.deleted_at is not None or not is_person(record) or name_of(record) == f"#{pk}":
        return None
    return record


def lines_of(label: str, ids: Collection[int], purposes: Collection[ConsentPurpose]) -> dict[tuple, ConsentRecord]:
    """(person, purpose, channel) → the line that counts, for each channel of the purposes about which something was said."""
    latest = _latest(label, list(ids), [one.pk for one in purposes])
    found = {}
    for pk in ids:
        for purpose in purposes:
            for channel in purpose.channels:
                if (line := _state(purpose, channel, latest, pk).record) is not None:
                    found[pk, purpose.pk, channel] = line
    return found


def _purpose(purpose: str | ConsentPurpose) -> ConsentPurpose | None:
    return ConsentPurpose.objects.filter(code=purpose).first() if isinstance(purpose, str) else purpose


def _latest(label: str, ids: list[int], purposes: list[int]) -> dict[tuple[int, int, str], ConsentRecord]:
    """(person, purpose, channel) → the last line about it, also where it was said by a record merged into the person's."""
    own = dict.fromkeys(ids)
    own = {pk: pk for pk in own} | {was: pk for pk, before in formers(label, list(own)).items() for was in before}
    about = ConsentRecord.objects.filter(person_entity=label, person_id__in=own, purpose__in=purposes)
    each = "person_id", "purpose_id", "channel"
    last = about.order_by(*each, "-at", "-pk").distinct(*each).values_list("pk", flat=True)
    rows = ConsentRecord.objects.filter(pk__in=list(last)).select_related("actor", "text").order_by("at", "pk")
    return {(own[row.person_id], row.purpose_id, row.channel): row for row in rows}


def _state(purpose: ConsentPurpose, channel: str, latest: dict, pk: int) -> State:
    lines = [latest[key] for name in (channel, ANY) if (key := (pk, purpose.pk, name)) in latest]
    last = max(lines, key=lambda row: (row.at, row.pk), default=None)
    granted = last.granted if last is not None else purpose.basis != ConsentPurpose.Basis.CONSENT
    return State(purpose, channel, granted, last)


def _suppressed(records: list[Record], channel: str) -> set[int]:
    """Those whose numbers or addresses were erased once."""
    if not suppression.any_suppressed():
        return set()
    kind = REACHED_BY.get(channel)
    held: dict[tuple[str, str], set[int]] = defaultdict(set)
    for record in records:
        for found in suppression.identifiers_of(record):
            if kind is None or found[0] == kind:
                held[found].add(record.pk)
    return {pk for found in suppression.suppressed(held) for pk in held[found]}
