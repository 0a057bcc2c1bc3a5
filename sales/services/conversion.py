"""Turning a lead into an account, a contact and an opportunity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.activities.carrying import carry_tasks
from crm.customfields.carrying import carry_values
from crm.entities.undoing import may_undo_set
from crm.matching.claims import release
from crm.matching.services import Matches, candidates
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.log import carry_over
from crm.records.models import ChangeSet, Entry, Record
from crm.records.undo import undo
from customers.models import Account, AccountContact, Contact
from customers.tracing import carry_touches
from sales import kinds
from sales.models import Lead, Opportunity, OpportunityContact, Stage

T = TypeVar("T", bound=Record)
REVERTED_WITHIN = timedelta(hours=24)

# Which field of the new record takes the value of which field of the lead.
ACCOUNT_FIELDS = {
    "industry": "industry",
    "region": "region",
    "source": "source",
    "website": "website",
    "tax_id": "tax_id",
    "address": "address",
    "phone": "phone",
    "description": "description",
}
PERSON_FIELDS = ACCOUNT_FIELDS | {"phone": "mobile", "email": "email"}
CONTACT_FIELDS = {
    "job_title": "job_title",
    "mobile": "mobile",
    "phone": "phone",
    "email": "email",
    "wechat": "wechat",
    "source": "source",
}
OPPORTUNITY_FIELDS = {"source": "source", "product_text": "interest", "description": "description"}


@dataclass(frozen=True)
class Conversion:
    """What a lead became. ``fresh`` is False when it had been converted before."""

    lead: Lead
    account: Account | None
    contact: Contact | None
    opportunity: Opportunity | None
    fresh: bool = True


@dataclass(frozen=True)
class _Context:
    """What every step of one conversion shares."""

    lead: Lead
    actor: Actor
    changes: ChangeSet


def lead_candidates(lead: Lead, user: Any) -> tuple[Matches, Matches]:
    """Accounts and contacts that the lead may already be, as far as ``user`` may know."""
    return candidates(lead, user, model=Account), candidates(lead, user, model=Contact)


@transaction.atomic
def convert_lead(
    lead: Lead,
    *,
    actor: Actor,
    account: Account | None = None,
    contact: Contact | None = None,
    create_contact: bool = True,
    create_opportunity: bool = True,
    opportunity_name: str = "",
    stage: Stage | None = None,
    amount: Decimal | None = None,
    close_date: date | None = None,
) -> Conversion:
    """Make of a lead an account, a contact and an opportunity, or add it to the ones given.

    Everything belongs to the lead's owner and can be undone as one change set. Converting twice, also at the same moment,
    answers with the first result. ValidationError when the lead lies in the trash.
    """
    locked = Lead.objects.select_for_update(of=("self",)).get(pk=lead.pk)
    if locked.status == Lead.Status.CONVERTED:
        return _done_before(locked)
    if locked.deleted_at:
        raise ValidationError(_("“%(name)s” lies in the trash. Restore it first.") % {"name": locked})
    changes = records.change_set("convert", actor=actor, entity=locked.entity_label(), title=str(locked))
    context = _Context(locked, actor, changes)
    release(locked)  # what only one record may have goes over to what the lead becomes
    if account is None and contact is not None:
        account = contact.account
    account = _fill(context, account, ACCOUNT_FIELDS) if account else _new_account(context)
    if contact is not None:
        contact = _join(context, _fill(context, contact, CONTACT_FIELDS), account)
    elif create_contact and locked.name:
        contact = _new_contact(context, account)
    opportunity = None
    if create_opportunity:
        values = {"stage": stage, "amount": amount, "close_date": close_date}
        opportunity = _new_opportunity(context, account, contact, opportunity_name, values)
    _close(context, account, contact, opportunity)
    return Conversion(locked, account, contact, opportunity)


def may_revert(lead: Lead) -> bool:
    """Whether the conversion is so fresh that it can be taken back."""
    return lead.status == Lead.Status.CONVERTED and timezone.now() - lead.converted_at < REVERTED_WITHIN


@transaction.atomic
def revert_conversion(lead: Lead, *, actor: Actor) -> Lead:
    """Make the lead what it was, and take back all that came of it; within a day, and only as a whole.

    ValidationError where something has been changed or built on since, or the actor may not undo it.
    """
    log = Entry.objects.filter(entity=lead.entity_label(), record_id=lead.pk, kind=kinds.CONVERTED)
    last = log.select_related("change_set").order_by("-at", "-id").first()
    if last is None or last.change_set is None or last.change_set.undone_at or not may_revert(lead):
        raise ValidationError(_("Only what was converted within a day can be taken back."))
    if actor.user is not None and not may_undo_set(actor.user, last.change_set):
        raise ValidationError(_("You may not take back all of what came of it."))
    done = undo(last.change_set, actor=actor)
    if done.conflicts:
        names = ", ".join(dict.fromkeys(entry.title for entry, _why in done.conflicts))
        raise ValidationError(_("It can't be taken back: changed or used since then: %(names)s") % {"names": names})
    lead.refresh_from_db()
    return lead


def _done_before(lead: Lead) -> Conversion:
    return Conversion(lead, lead.converted_account, lead.converted_contact, lead.converted_opportunity, fresh=False)


def _mapped(lead: Lead, fields: dict[str, str]) -> dict[str, Any]:
    return {target: getattr(lead, source) for target, source in fields.items() if getattr(lead, source)}


def _new_account(context: _Context) -> Account:
    """The company, or the person themself when the lead names none."""
    lead = context.lead
    fields = ACCOUNT_FIELDS if lead.company else PERSON_FIELDS
    name = lead.company or lead.name or str(lead)
    account = Account(
        name=name, is_person=bool(lead.name and not lead.company), owner=lead.owner, **_mapped(lead, fields)
    )
    carry_values(lead, account)
    records.save(account, actor=context.actor, changes=context.changes)
    return account


def _new_contact(context: _Context, account: Account) -> Contact:
    lead = context.lead
    contact = Contact(name=lead.name, account=account, owner=lead.owner, **_mapped(lead, CONTACT_FIELDS))
    carry_values(lead, contact)
    records.save(contact, actor=context.actor, changes=context.changes)
    return contact


def _new_opportunity(
    context: _Context, account: Account, contact: Contact | None, name: str, values: dict[str, Any]
) -> Opportunity:
    lead = context.lead
    values["stage"] = values["stage"] or Stage.objects.open().filter(pipeline__active=True).first()
    if values["stage"] is None:
        raise ValidationError(_("There is no pipeline yet. An administrator can add one."))
    name = name or lead.interest or str(account)
    opportunity = Opportunity(
        name=name[:300], account=account, owner=lead.owner, **_mapped(lead, OPPORTUNITY_FIELDS), **values
    )
    carry_values(lead, opportunity)
    records.save(opportunity, actor=context.actor, changes=context.changes)
    if contact:
        part = OpportunityContact(opportunity=opportunity, contact=contact, owner=lead.owner, is_primary=True)
        records.save(part, actor=context.actor, changes=context.changes)
    return opportunity


def _fill(context: _Context, record: T, fields: dict[str, str]) -> T:
    """Take over what the existing record lacks, if the actor may change it."""
    record = type(record).objects.select_for_update(of=("self",)).get(pk=record.pk)
    user = context.actor.user
    if user is not None and not policy.can_record(user, record, "change"):
        return record
    for name, value in _mapped(context.lead, fields).items():
        if not getattr(record, name):
            setattr(record, name, value)
    carry_values(context.lead, record)
    records.save(record, actor=context.actor, changes=context.changes)
    return record


def _join(context: _Context, contact: Contact, account: Account) -> Contact:
    """An existing contact works for the account too."""
    if contact.account_id == account.pk or Contact.objects.of(account).filter(pk=contact.pk).exists():
        return contact
    link = AccountContact(account=account, contact=contact, owner=account.owner, job_title=context.lead.job_title)
    records.save(link, actor=context.actor, changes=context.changes)
    return contact


def _close(context: _Context, account: Account, contact: Contact | None, opportunity: Opportunity | None) -> None:
    """Note on the lead what it became, and let its history show there."""
    lead = context.lead
    lead.status, lead.converted_at = Lead.Status.CONVERTED, timezone.now()
    lead.converted_account, lead.converted_contact, lead.converted_opportunity = account, contact, opportunity
    carry_tasks(lead, opportunity or account, actor=context.actor, changes=context.changes)
    touches = carry_touches(lead, [account, contact])  # undoing takes these copies away again
    records.save(lead, actor=context.actor, changes=context.changes, kind=kinds.CONVERTED, touches=touches)
    carry_over(lead, [record for record in (account, contact, opportunity) if record])
