"""What a partner's person sees. Every page of the portal reads through here, and nothing else is ever read for them.

Of a lead or an opportunity only what ``facts_of`` names leaves the house: what is wanted and where before the partner accepts,
how to reach the person after. Names of our people, amounts, notes, files and other partners are never told.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from crm.files.models import StoredFile
from crm.files.services import files_of
from sales.models import Lead
from sales.partners.models import (
    CoopOpportunity,
    DealRegistration,
    LeadForward,
    PartnerDocument,
    PartnerFeedback,
    PartnerPerson,
)
from sales.partners.publishing import documents_for

SHOWN = ("sent", "accepted", "won", "lost")
OPEN_TO_ALL = ("company", "region", "city", "industry", "interest")
AFTER_ACCEPTING = ("name", "job_title", "mobile", "phone", "email", "wechat", "address")


def forwards_of(person: PartnerPerson) -> QuerySet[LeadForward]:
    """What was forwarded to the person's partner and is there still."""
    rows = LeadForward.objects.filter(partner=person.partner, state__in=SHOWN, deleted_at__isnull=True)
    return rows.select_related("lead__region", "lead__industry", "opportunity__account__region").order_by("-created_at")


def declined_by(person: PartnerPerson, pk: int) -> bool:
    """Whether the person themself declined it, and so sees it no longer."""
    return LeadForward.objects.filter(pk=pk, partner=person.partner, state="declined", answered_by=person).exists()


def facts_of(forward: LeadForward) -> list[tuple[str, str, str]]:
    """(label, value, kind) of what the partner may know of it at present."""
    source: Any = forward.source
    if source is None or source.deleted_at:
        return []
    accepted = forward.state != LeadForward.State.SENT
    if isinstance(source, Lead):
        names = OPEN_TO_ALL + (AFTER_ACCEPTING if accepted else ())
        return _facts(source, names)
    account = source.account
    found = _facts(account, ("region",)) if account is not None else []
    if source.product_text:
        found.append((_("Wanted"), source.product_text, "text"))
    if accepted and account is not None:
        found = [(_("Account"), str(account), "text"), *found, *_facts(account, ("phone", "address"))]
    return found


def _facts(record: Any, names: tuple[str, ...]) -> list[tuple[str, str, str]]:
    kinds = {"mobile": "phone", "phone": "phone", "email": "email"}
    labels = {name: capfirst(str(record._meta.get_field(name).verbose_name)) for name in names}
    labels["name"] = _("Contact")
    values = {name: str(getattr(record, name) or "") for name in names}
    return [(labels[name], values[name], kinds.get(name, "text")) for name in names if values[name]]


def title_of(forward: LeadForward) -> str:
    """What it is called for the partner: a person's own name only once they accepted."""
    source: Any = forward.source
    if isinstance(source, Lead) and forward.state == LeadForward.State.SENT:
        return source.company or source.interest or _("Enquiry %(number)s") % {"number": forward.pk}
    return forward.title


def colleagues_of(person: PartnerPerson) -> QuerySet[PartnerPerson]:
    """Who signs in for the same partner."""
    rows = PartnerPerson.objects.filter(partner=person.partner, deleted_at__isnull=True)
    return rows.exclude(state=PartnerPerson.State.REVOKED).order_by("name", "pk")


def registrations_of(person: PartnerPerson) -> QuerySet[DealRegistration]:
    """What was registered for the person's partner."""
    rows = DealRegistration.objects.filter(partner=person.partner, deleted_at__isnull=True)
    return rows.select_related("submitted_by").order_by("-created_at")


def feedback_of(person: PartnerPerson) -> QuerySet[PartnerFeedback]:
    """What the person's partner told us, with what we answered. The customer that we tied it to is never told."""
    rows = PartnerFeedback.objects.filter(partner=person.partner, submitted_by__isnull=False, deleted_at__isnull=True)
    return rows.select_related("submitted_by").order_by("-created_at")


def coops_of(person: PartnerPerson) -> QuerySet[CoopOpportunity]:
    """Joint business that is shown to the person's partner."""
    rows = CoopOpportunity.objects.filter(partner=person.partner, shared=True, deleted_at__isnull=True)
    return rows.select_related("account", "proposed_by", "agreed_by").order_by("-created_at")


def documents_of(person: PartnerPerson) -> list[tuple[PartnerDocument, list[StoredFile]]]:
    """What is published for the person's partner today, each with its files."""
    found = [(document, files_of(document)) for document in documents_for(person.partner)[:200]]
    return [(document, files) for document, files in found if files]


def file_of(person: PartnerPerson, document: int, file: int) -> tuple[PartnerDocument, StoredFile] | None:
    """One file of a document that is published for the person's partner today."""
    found = documents_for(person.partner).filter(pk=document).first()
    known = {one.pk: one for one in files_of(found)} if found is not None else {}
    return (found, known[file]) if found is not None and file in known else None
