"""Suggestions from what the house knows already: the record's own address and e-mail, its parent company, its account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.access import policy
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.lib.text import domain_of, is_public_domain
from crm.matching.models import MatchKey
from crm.reference.addresses import read_address
from customers.models import Account, Contact
from customers.suggesting.proposals import Proposal, suggester

ACCOUNT, CONTACT = "customers.account", "customers.contact"
MOST = 3


@suggester(ACCOUNT, "address", _("From the address"), reads=("address",))
def region_from_address(account: Account, user: Any) -> Iterator[Proposal]:
    """The city that the address names."""
    found = read_address(account.address) if account.address else None
    if found:
        yield Proposal("region", str(found.region), found.name)


@suggester(ACCOUNT, "name", _("From the name"), reads=("name",))
def region_from_name(account: Account, user: Any) -> Iterator[Proposal]:
    """The city with which the name of a company begins."""
    found = None if account.is_person or account.address or account.region_id else read_address(account.name)
    if found and found.rest:
        yield Proposal("region", str(found.region), found.name)


@suggester(ACCOUNT, "email", _("From the e-mail address"), reads=("email",))
def website_from_email(account: Account, user: Any) -> Iterator[Proposal]:
    """The company's own domain."""
    yield from _website(account.email)


@suggester(ACCOUNT, "people", _("From the e-mail addresses of its people"), reads=("website",))
def website_from_people(account: Account, user: Any) -> Iterator[Proposal]:
    """The domain at which the people of the account are reached, as far as the user may know."""
    if account.email or account.website or not account.pk or not policy.can(user, CONTACT, "view"):
        return
    people = bind(registry[CONTACT], user)
    if "email" in people.readable(["email"]):
        emails = people.records().filter(account=account).exclude(email="").values_list("email", flat=True)[:50]
        domains = {domain for email in emails if (domain := domain_of(email)) and not is_public_domain(domain)}
        if len(domains) == 1:
            yield from _website(f"x@{domains.pop()}")


def _website(email: str) -> Iterator[Proposal]:
    domain = domain_of(email) if email else None
    if domain and not is_public_domain(domain):
        yield Proposal("website", f"https://{domain}", domain)


@suggester(ACCOUNT, "parent", _("From the parent company"), reads=("parent",))
def from_parent(account: Account, user: Any) -> Iterator[Proposal]:
    """A subsidiary mostly works in the industry of its parent."""
    bound = bind(registry[ACCOUNT], user)
    if account.parent_id:
        parent = bound.records().filter(pk=account.parent_id, industry__isnull=False).select_related("industry").first()
        if parent is not None and bound.readable_on(parent, ["industry"]):
            yield Proposal("industry", str(parent.industry_id), str(parent.industry))


@suggester(CONTACT, "email", _("From the e-mail address"), reads=("email",))
def account_from_email(contact: Contact, user: Any) -> Iterator[Proposal]:
    """Companies with the domain of the person's e-mail address, among those that the user sees."""
    domain = domain_of(contact.email) if contact.email and not contact.account_id else None
    if not domain or is_public_domain(domain):
        return
    keys = MatchKey.objects.filter(entity=ACCOUNT, kind=MatchKey.Kind.DOMAIN, value=domain).values("record_id")
    bound = bind(registry[ACCOUNT], user)
    for account in bound.records().filter(pk__in=keys).order_by("pk")[:MOST] if bound.can("view") else ():
        if len(bound.readable_on(account, ["website", "email"])) == 2:
            yield Proposal("account", str(account.pk), str(account))


@suggester(CONTACT, "account", _("From the account"), reads=("account",))
def from_account(contact: Contact, user: Any) -> Iterator[Proposal]:
    """People mostly sit where their company does, and came the way it came."""
    bound = bind(registry[ACCOUNT], user)
    account = (
        bound.records().filter(pk=contact.account_id).select_related("source").first() if contact.account_id else None
    )
    if account is None:
        return
    known = bound.readable_on(account, ["address", "source"])
    if account.address and "address" in known:
        yield Proposal("address", account.address, account.address)
    if account.source_id and "source" in known:
        yield Proposal("source", str(account.source_id), str(account.source))
