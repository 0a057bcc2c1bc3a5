"""What accounts and contacts are compared by."""

from __future__ import annotations

from collections.abc import Iterator

from crm.matching.keys import (
    Key,
    company_keys,
    domain_key,
    email_key,
    match_keys,
    person_key,
    phone_key,
    tax_key,
)
from customers import people  # noqa: F401 - they register themselves
from customers.models import Account, Contact


def workplace(contact: Contact) -> Iterator[tuple[str, int | None]]:
    """A contact may have the number of the account it belongs to."""
    yield "customers.account", contact.account_id


@match_keys("customers.account", group="customers", person=lambda account: account.is_person)
def account_keys(account: Account) -> Iterator[Key | None]:
    """Name, phone, e-mail, tax id and domain; a private person's name alone says too little."""
    if not account.is_person:
        yield from company_keys(account.name)
        yield domain_key(account.website)
        yield domain_key(account.email)
    yield phone_key(account.phone)
    yield email_key(account.email)
    yield tax_key(account.tax_id)


@match_keys("customers.contact", group="customers", kin=workplace, person=lambda contact: True)
def contact_keys(contact: Contact) -> Iterator[Key | None]:
    """Numbers and addresses anywhere; the name within the account."""
    yield person_key(contact.name, contact.account_id)
    for number in (contact.mobile, contact.phone, contact.phone2):
        yield phone_key(number)
    for address in (contact.email, contact.email2):
        yield email_key(address)
