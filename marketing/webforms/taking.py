"""What becomes of a submission: a new record, or one more touch of a record that is there."""

from __future__ import annotations

import hashlib
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.activities.services import touch as note_activity
from crm.entities.constraints import refusal
from crm.entities.forms import EntityForm
from crm.matching.claims import Collision
from crm.matching.keys import Key, keys_of
from crm.matching.services import matching_ids
from crm.notifications.services import notify
from crm.privacy.consent import note_consent
from crm.privacy.models import ConsentText
from crm.privacy.models.consent import ANY
from crm.privacy.people import is_person
from crm.records.actor import Actor
from crm.records.errors import Conflict
from crm.records.log import log
from crm.records.models import Record
from customers.models import Account, Contact
from customers.tracing import Touch, Traced, add_touch, trail_of
from marketing import kinds
from marketing.events.identities import identity_of, join
from marketing.models import FormSubmission, TrackedLink, WebForm
from marketing.webforms.fields import public_form
from sales.models import Lead

State = FormSubmission.State
# One name or one company says too little about who it is.
SURE = ("phone", "email")
WORKED = (Lead.Status.NEW, Lead.Status.CONTACTED, Lead.Status.NURTURING, Lead.Status.QUALIFIED)


class NotTaken(Exception):
    """Nothing could be made of a submission, for a reason that the form's people can do something about."""


def take(submission: FormSubmission) -> FormSubmission:
    """Make of a submission what it is for; it is kept as failed, with the reason, where that can't be done."""
    form = submission.form
    submission.attempts += 1
    try:
        with transaction.atomic():
            record, state = _write(form, submission)
            submission.on_entity, submission.on_id = record.entity_label(), record.pk
            submission.state, submission.reason = state, ""
            submission.save()
            _tell(form, submission, record)
    except NotTaken as failed:
        return _fail(submission, str(failed))
    return submission


def _write(form: WebForm, submission: FormSubmission) -> tuple[Record, str]:
    made = public_form(form, submission.values)
    if not made.is_valid():
        raise NotTaken(_in_words(made))
    queue_up(made.instance)
    if (known := known_as(made.instance)) is not None:
        return known, State.JOINED
    if not form.owner.is_active or not policy.can(form.owner, form.target, "add"):
        raise NotTaken(_("The form's owner may not add such records (any more)."))
    record = made.instance
    record.owner = form.give_to or form.owner
    if not record.source_id:
        code = submission.trail.get("code")
        link = TrackedLink.objects.filter(code=code).first() if code else None
        record.source = (link and link.source) or form.source
    try:
        with transaction.atomic():
            made.bound.entity.save(record, actor=_actor(form))
    except Collision as error:
        # Only one record may have it: then it is that one's touch.
        if (holder := holder_of(error)) is None:
            raise NotTaken(" ".join(error.messages)) from error
        return holder, State.JOINED
    except (ValidationError, IntegrityError, DataError) as error:
        refused = error if isinstance(error, ValidationError) else refusal(type(record), error)
        raise NotTaken(" ".join(refused.messages)) from error
    except Conflict as error:
        raise NotTaken(_("The record was changed in the meantime.")) from error
    return record, State.CREATED


def known_as(record: Record) -> Record | None:
    """The record of the same person that is there already: a lead that is worked on, a contact, a private customer."""
    for model in (Lead, Contact, Account):
        ids = matching_ids([record], model=model, kinds=SURE)[0]
        rows = model._base_manager.filter(pk__in=ids, deleted_at__isnull=True)
        if model is Lead:
            rows = rows.filter(status__in=WORKED)
        if model is Account:
            rows = rows.filter(is_person=True)
        if (found := rows.order_by("-pk").first()) is not None:
            return found
    return None


def holder_of(collision: Collision) -> Record | None:
    """The first living record that stands in the way."""
    for label, pk in collision.holders:
        found = apps.get_model(label)._base_manager.filter(pk=pk, deleted_at__isnull=True).first() if pk else None
        if isinstance(found, Traced):
            return found
    return None


def queue_up(record: Record) -> None:
    """Those who send the same number or address at the same moment come one after the other."""
    keys = sorted(key for key in keys_of(record) if key.kind in SURE)
    with connection.cursor() as cursor:
        for key in keys:
            cursor.execute("select pg_advisory_xact_lock(%s)", [_number_of(key)])


def _number_of(key: Key) -> int:
    digest = hashlib.sha256(f"marketing.form|{key.kind}|{key.value}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


def _tell(form: WebForm, submission: FormSubmission, record: Record) -> None:
    """Its touch, its entry, and a word to the owner."""
    trail = trail_of(submission.trail)
    link = TrackedLink.objects.filter(code=trail.code).first() if trail.code else None
    add_touch(
        record,
        kind=Touch.Kind.FORM,
        trail=trail,
        at=submission.at,
        name=form.name,
        channel=link.channel if link else form.channel,
        source=(link and link.source) or form.source,
        campaign=(link and link.campaign) or trail.utm_campaign or form.campaign,
    )
    told = {"phone": submission.values.get("mobile"), "email": [submission.email], "visitor": [trail.visitor]}
    known = [identity_of(kind, (texts or [""])[0]) for kind, texts in told.items()]
    join({(record.entity_label(), record.pk): [one for one in known if one is not None]}, submission.at)
    _note_consent(form, submission, record)
    log(record, kinds.FORM_SENT, actor=Actor(None, _actor(form).cause), form=form.name, form_id=form.pk)
    note_activity(record, submission.at)
    new = submission.state == State.CREATED
    record.refresh_from_db(fields=["owner"])
    kind = kinds.NEW_BY_FORM if new else kinds.AGAIN_BY_FORM
    if record.owner_id:
        notify([record.owner_id], kind, record=record, data={"form": form.name}, key=f"form-{submission.pk}")


def _note_consent(form: WebForm, submission: FormSubmission, record: Record) -> None:
    """Into the ledger, where it is surely the person who agreed: who is new, or confirmed the address."""
    consent = submission.consent
    if not form.purpose_id or not consent.get("given") or not is_person(record):
        return
    if submission.state != State.CREATED and submission.confirmed_at is None:
        return
    text = ConsentText.objects.filter(pk=consent.get("ledger"), purpose=form.purpose_id).first()
    version = consent.get("version")
    note_consent(
        record,
        form.purpose,
        [ANY],
        True,
        source=f"form:{form.name}",
        actor=Actor(None, f"form:{form.pk}"),
        proof="" if text else f"v{version}: {consent.get('text', '')}",
        address=submission.address,
        text=text,
    )


def _fail(submission: FormSubmission, reason: str) -> FormSubmission:
    submission.state, submission.reason = State.FAILED, reason[:500]
    submission.save()
    form = submission.form
    notify([form.owner_id], kinds.FORM_FAILED, record=form, key=f"form-failed-{submission.pk}")
    return submission


def confirm(submission: FormSubmission) -> FormSubmission:
    """The link in the mail was used: now it is taken. Using it again changes nothing."""
    with transaction.atomic():
        locked = (
            FormSubmission.objects.select_for_update(of=("self",)).select_related("form__owner").get(pk=submission.pk)
        )
        if locked.state != State.WAITING:
            return locked
        locked.confirmed_at = timezone.now()
        return take(locked)


def retry(submission: FormSubmission) -> FormSubmission:
    """Take what failed, or what was held for spam, once more."""
    with transaction.atomic():
        locked = (
            FormSubmission.objects.select_for_update(of=("self",)).select_related("form__owner").get(pk=submission.pk)
        )
        return take(locked) if locked.state in (State.FAILED, State.SPAM) else locked


def _actor(form: WebForm) -> Actor:
    return Actor(form.owner, f"form:{form.pk}")


def _in_words(made: EntityForm) -> str:
    told: list[Any] = []
    for name, messages in made.errors.items():
        label = made.fields[name].label if name in made.fields else ""
        told.append(f"{label}: {' '.join(map(str, messages))}" if label else " ".join(map(str, messages)))
    return " · ".join(told)
