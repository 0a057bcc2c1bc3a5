"""What a partner's person sees. Every page of the portal reads through here, and nothing else is ever read for them.

Of a lead or an opportunity only what ``facts_of`` names leaves the house: what is wanted and where before the partner accepts,
how to reach the person after. Names of our people, amounts, notes, files and other partners are never told.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from sales.models import Lead
from sales.partners.models import DealRegistration, LeadForward, PartnerPerson

SHOWN = ("sent", "accepted", "won", "lost")
OPEN_TO_ALL = ("company", "region", "city", "industry", "interest")
AFTER_ACCEPTING = ("name", "job_title", "mobile", "phone", "email", "wechat", "address")


def forwards_of(person: PartnerPerson) -> QuerySet[LeadForward]:
    """What was forwarded to the person's partner and is there still."""
    rows = LeadForward.objects.filter(partner=person.partner, state__in=SHOWN, deleted_at__isnull=True)
    return rows.select_related("lead__region", "lead__industry", "opportunity__account__region").order_by("-created_at")


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
    labels = {name: str(record._meta.get_field(name).verbose_name) for name in names}
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
