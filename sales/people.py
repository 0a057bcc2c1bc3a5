"""Leads are people, and the same ones as the contacts that came of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crm.privacy.people import person_kind, same_person
from sales.models import Lead

person_kind("sales.lead", name="name", also={"title": "name"}, never=frozenset({"company", "website"}))


@same_person
def converted(record: Any) -> Iterator[Any]:
    """The lead of a contact, the contact of a lead; a private person's account, too."""
    if isinstance(record, Lead):
        yield record.converted_contact
        yield record.converted_account
    elif record._meta.label_lower == "customers.contact":
        yield from Lead._base_manager.filter(converted_contact=record.pk)
    elif record._meta.label_lower == "customers.account":
        yield from Lead._base_manager.filter(converted_account=record.pk)
