"""Customers for tests and demos, written through the same services as everything else."""

from __future__ import annotations

from itertools import count
from typing import Any

from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import User
from customers.models import (
    Account,
    AccountContact,
    AccountRelation,
    Contact,
    ContactRelation,
    Preference,
    RelationType,
    Source,
)

_numbers = count(1)


def some_user(owner: User | None = None) -> User:
    """The given owner, or one user for all who do not care."""
    return owner or User.objects.get_or_create(username="somebody", defaults={"name": "某人"})[0]


def make_account(**values: Any) -> Account:
    """A saved account; ``owner`` and every field may be given."""
    values["owner"] = some_user(values.get("owner"))
    account = Account(**{"name": f"远山科技{next(_numbers)}号有限公司", **values})
    records.save(account, actor=Actor(account.owner, "factory"))
    return account


def make_contact(**values: Any) -> Contact:
    """A saved contact."""
    values["owner"] = some_user(values.get("owner"))
    contact = Contact(**{"name": f"王小{next(_numbers)}", **values})
    records.save(contact, actor=Actor(contact.owner, "factory"))
    return contact


def make_affiliation(account: Account, contact: Contact, **values: Any) -> AccountContact:
    """A saved link of a person with a further company."""
    link = AccountContact(account=account, contact=contact, owner=account.owner, **values)
    records.save(link, actor=Actor(account.owner, "factory"))
    return link


def make_preference(contact: Contact, text: str = "只喝绿茶", **values: Any) -> Preference:
    """A saved preference of a person."""
    made = Preference(contact=contact, owner=contact.owner, text=text, **values)
    records.save(made, actor=Actor(contact.owner, "factory"))
    return made


def make_source(name: str = "展会") -> Source:
    """The source of that name."""
    return Source.objects.get_or_create(name=name)[0]


def make_tie(first: Account | Contact, other: Account | Contact, name: str = "竞争对手", back: str = "") -> Any:
    """A saved tie between two accounts or two people: ``other`` is the ``name`` of ``first``."""
    sides, tie = ("account", AccountRelation) if isinstance(first, Account) else ("contact", ContactRelation)
    kind, _made = RelationType.objects.get_or_create(between=sides, name=name, defaults={"reverse_name": back})
    made = tie(**{sides: first, "other": other, "type": kind, "owner": first.owner})
    records.save(made, actor=Actor(first.owner, "factory"))
    return made
