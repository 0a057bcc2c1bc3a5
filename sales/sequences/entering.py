"""Who may go through a sequence, and how they get in."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.messaging.consent import EMAIL, ask
from crm.messaging.drafts import accounts_of
from crm.messaging.merging import merge, values_for
from crm.messaging.models import MailAccount, MailMessage
from crm.messaging.reaching import emails_of
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Record
from crm.reference.calendars import worktime_of
from customers.models import Contact
from sales.models import Lead, Opportunity
from sales.sequences import kinds
from sales.sequences.models import Enrolment, Sequence, SequenceStep
from sales.sequences.timing import due_after

Person = Lead | Contact
MAIL = SequenceStep.Kind.MAIL
MARKETING = "marketing"
LABELS = ("sales.lead", "customers.contact", "sales.opportunity")


def steps_of(sequence: Sequence) -> list[SequenceStep]:
    """The steps in their order."""
    rows = SequenceStep.objects.alive().filter(sequence=sequence).select_related("template")
    return list(rows.order_by("position", "pk"))


def purpose_of(sequence: Sequence) -> str:
    """For what people are contacted: advertising needs their consent, the rest goes until they object."""
    return MARKETING if sequence.marketing else ""


def person_of(record: Record, user: Any) -> Person | None:
    """The person of a record: itself, or the main contact of an opportunity as far as ``user`` sees them."""
    if isinstance(record, Lead | Contact):
        return record
    seen = Contact.objects.restrict(user) if user is not None else Contact.objects.all()
    parts = record.people.filter(deleted_at__isnull=True, contact__in=seen.filter(deleted_at__isnull=True))
    first = parts.select_related("contact").order_by("-is_primary", "pk").first()
    return first.contact if first else None


def check_person(person: Person, sequence: Sequence) -> None:
    """ValidationError with the reason why the person can't go through the sequence; nothing is asked of rights."""
    told = {"person": person}
    if person.deleted_at or person.owner_id is None:
        raise ValidationError(_("%(person)s belongs to nobody: claim or restore it first.") % told, code="pooled")
    if isinstance(person, Lead) and person.status in (Lead.Status.CONVERTED, Lead.Status.INVALID):
        raise ValidationError(_("%(person)s is converted or invalid.") % told, code="closed")
    if not person.email:
        raise ValidationError(_("%(person)s has no e-mail address.") % told, code="address")
    if came_back(person.email):
        raise ValidationError(_("E-mails to %(person)s came back.") % told, code="bounced")
    ask(person, purpose_of(sequence), EMAIL)


def came_back(address: str) -> bool:
    """Whether the last mail to an address came back for good."""
    sent = MailMessage._base_manager.filter(direction="out", addresses__contains=[address.lower()])
    last = sent.filter(state=MailMessage.State.SENT).order_by("-sent_at").first()
    return bool(last and last.bounced_at and last.bounce.get("final"))


def others_of(person: Person) -> Any:
    """The enrolments of a person that are not over."""
    link = "lead" if isinstance(person, Lead) else "contact"
    return Enrolment.objects.alive().filter(**{link: person}, state__in=Enrolment.RUNNING)


def mailbox_of(user: Any, steps: list[SequenceStep]) -> MailAccount | None:
    """From where the mails of the sequence go out. ValidationError where there are some and the user has no mailbox that sends."""
    found = next((account for account in accounts_of(user) if account.can_send), None)
    if found is None and any(step.kind == MAIL for step in steps):
        raise ValidationError(_("You have no mailbox that can send: set one up first."), code="mailbox")
    return found


@transaction.atomic
def enrol(record: Record, *, actor: Actor, sequence: Sequence) -> Enrolment:
    """Let the person of a lead, contact or opportunity go through a sequence. ValidationError with the reason where it can't be."""
    person = person_of(record, actor.user)
    if person is None:
        raise ValidationError(_("“%(record)s” has no contact who could be written to.") % {"record": record})
    made = Enrolment(
        sequence=sequence,
        owner=actor.user,
        lead=person if isinstance(person, Lead) else None,
        contact=person if isinstance(person, Contact) else None,
        opportunity=record if isinstance(record, Opportunity) else None,
        account=record.account if isinstance(record, Opportunity) else getattr(person, "account", None),
    )
    begin(made, actor=actor, kind=kinds.ENROLLED)
    return made


def begin(made: Enrolment, *, actor: Actor, kind: str) -> None:
    """Set an enrolment going that is new or was paused; whoever comes first holds the person."""
    person, sequence = made.person, made.sequence
    if person is None:
        raise ValidationError(_("Choose a lead or a contact."))
    type(person)._base_manager.select_for_update(of=("self",)).get(pk=person.pk)
    steps = steps_of(sequence)
    if not sequence.active or sequence.deleted_at:
        raise ValidationError(_("“%(sequence)s” is switched off.") % {"sequence": sequence}, code="off")
    if not steps:
        raise ValidationError(_("“%(sequence)s” has no steps yet.") % {"sequence": sequence}, code="empty")
    check_person(person, sequence)
    if others_of(person).exclude(pk=made.pk).exists():
        raise ValidationError(_("%(person)s goes through a sequence already.") % {"person": person}, code="twice")
    now = timezone.now()
    if made.mailbox is None:
        made.mailbox = mailbox_of(made.owner, steps)
    if made.step is None:
        made.step, made.next_at = steps[0], due_after(now, steps[0], sequence.hours, worktime_of(made.owner))
    made.next_at = max(made.next_at or now, now)
    made.state, made.note = Enrolment.State.ACTIVE, ""
    records.save(made, actor=actor, kind=kind)


def preview(sequence: Sequence, person: Person | None, user: Any) -> dict[str, str] | None:
    """The first e-mail as ``user`` would write it to the person; None where there is none."""
    step = next((one for one in steps_of(sequence) if one.kind == MAIL), None)
    if step is None:
        return None
    subject, body = step.texts()
    if person is not None:
        values = values_for(user, person)
        subject, body = merge(subject, values), merge(body, values)
    to = next(iter(emails_of(person, user)), None) if person is not None else None
    return {"to": to.value if to else "", "subject": subject, "body": body}
