"""What accounts and contacts are compared by."""

from __future__ import annotations

from collections.abc import Iterator

from crm.matching.keys import Key, company_key, email_key, match_keys, person_key, phone_key, tax_key
from customers.models import Account, Contact


@match_keys("customers.account")
def account_keys(account: Account) -> Iterator[Key | None]:
    """Name, phone, e-mail and tax id; a private person's name alone says too little."""
    yield None if account.is_person else company_key(account.name)
    yield phone_key(account.phone)
    yield email_key(account.email)
    yield tax_key(account.tax_id)


@match_keys("customers.contact")
def contact_keys(contact: Contact) -> Iterator[Key | None]:
    """Numbers and addresses anywhere; the name within the account."""
    yield person_key(contact.name, contact.account_id)
    for number in (contact.mobile, contact.phone, contact.phone2):
        yield phone_key(number)
    for address in (contact.email, contact.email2):
        yield email_key(address)
