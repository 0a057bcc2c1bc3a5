"""Suggestions for leads, and for customers from leads that were there before: by the domain of an e-mail address or the company's name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.access import policy
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.lib.text import domain_of, is_public_domain
from crm.matching.models import MatchKey
from crm.reference.addresses import read_address
from customers.suggesting.proposals import Proposal, suggester
from sales.models import Lead

ACCOUNT, LEAD = "customers.account", "sales.lead"
EARLIER = ("company", "industry", "region", "website", "email")
OF_ACCOUNT = ("name", "industry", "region", "website", "email")
LINKS = ("industry", "region")


def own_domain(email: str) -> str:
    """The domain of an address that is a company's own."""
    domain = domain_of(email) if email else None
    return domain if domain and not is_public_domain(domain) else ""


@suggester(LEAD, "email", _("From the e-mail address"), reads=("email",))
def website_from_email(lead: Lead, user: Any) -> Iterator[Proposal]:
    """The company's own domain."""
    if domain := own_domain(lead.email):
        yield Proposal("website", f"https://{domain}", domain)


@suggester(LEAD, "address", _("From the address"), reads=("address",))
def region_from_address(lead: Lead, user: Any) -> Iterator[Proposal]:
    """The city that the address names."""
    if lead.address and (found := read_address(lead.address)):
        yield Proposal("region", str(found.region), found.name)


@suggester(LEAD, "account", _("From a customer"), reads=("email", "company"))
def from_account(lead: Lead, user: Any) -> Iterator[Proposal]:
    """What is known of the customer whose domain or name it is, as far as the user sees them."""
    bound = bind(registry[ACCOUNT], user)
    if not bound.can("view"):
        return
    if domain := own_domain(lead.email):
        keys = MatchKey.objects.filter(entity=ACCOUNT, kind=MatchKey.Kind.DOMAIN, value=domain).values("record_id")
        wanted = Q(pk__in=keys)
    elif lead.company:
        wanted = Q(name=lead.company)
    else:
        return
    account = bound.records().filter(wanted).select_related(*LINKS).order_by("pk").first()
    known = bound.readable_on(account, OF_ACCOUNT) if account is not None else {}
    if len(known) == len(OF_ACCOUNT):
        yield Proposal("company", account.name, account.name)
        yield from _links(account)
        if account.website:
            yield Proposal("website", account.website, account.website)


def _links(record: Any) -> Iterator[Proposal]:
    for name in LINKS:
        if (value := getattr(record, name)) is not None:
            yield Proposal(name, str(value.pk), str(value), str(record))


@suggester(LEAD, "leads", _("From an earlier lead"), reads=("email",))
def from_leads(lead: Lead, user: Any) -> Iterator[Proposal]:
    """What an earlier lead of the same company said."""
    yield from _earlier(lead, lead.email, user, "company")


@suggester(ACCOUNT, "leads", _("From an earlier lead"), reads=("email",))
def account_from_leads(account: Any, user: Any) -> Iterator[Proposal]:
    """What a lead of the same company said."""
    if not account.is_person:
        yield from _earlier(account, account.email, user, "name")


def _earlier(record: Any, email: str, user: Any, company: str) -> Iterator[Proposal]:
    domain = own_domain(email)
    if not domain or not policy.can(user, LEAD, "view"):
        return
    bound = bind(registry[LEAD], user)
    keys = MatchKey.objects.filter(entity=LEAD, kind=MatchKey.Kind.DOMAIN, value=domain).values("record_id")
    mine = bound.records().filter(pk__in=keys)
    mine = mine.exclude(pk=record.pk) if isinstance(record, Lead) and record.pk else mine
    for lead in mine.exclude(company="").select_related(*LINKS).order_by("-pk")[:1]:
        if len(bound.readable_on(lead, EARLIER)) == len(EARLIER):
            yield Proposal(company, lead.company, lead.company, str(lead))
            yield from _links(lead)
