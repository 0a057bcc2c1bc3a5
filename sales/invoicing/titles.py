"""Titles of invoices: one default an account, offered from what is known of it."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.records import services as records
from crm.records.actor import Actor
from customers.models import Account
from sales.invoicing.models import InvoiceTitle

KNOWN = ("name", "tax_id", "address", "phone")


def proposed(account: Account, user: Any = None) -> InvoiceTitle:
    """An unsaved title of what is known of the account, as far as ``user`` (None: the program) may read it there."""
    readable = KNOWN if user is None else bind(registry["customers.account"], user).readable(list(KNOWN))
    given = {name: str(getattr(account, name) or "") for name in KNOWN if name in readable}
    return InvoiceTitle(owner=user or account.owner, account=account, is_default=not default_of(account), **given)


def default_of(account: Account) -> InvoiceTitle | None:
    """The title that is meant where none is named."""
    rows = InvoiceTitle.objects.alive().filter(account=account)
    return rows.order_by("-is_default", "pk").first()


@transaction.atomic
def title_for(account: Account, *, actor: Actor) -> InvoiceTitle:
    """The account's default title, made of its own data where it has none."""
    list(Account._base_manager.select_for_update(no_key=True).filter(pk=account.pk).values_list("pk"))
    there = default_of(account)
    if there is None:
        there = proposed(account, actor.user)
        records.save(there, actor=actor)
    return there


@transaction.atomic
def save_title(title: InvoiceTitle, *, actor: Actor, **options: Any) -> Any:
    """Write a title; a new default takes the place of the one before."""
    if title.is_default and title.account_id:
        others = InvoiceTitle.objects.alive().filter(account=title.account_id, is_default=True).exclude(pk=title.pk)
        for other in others:
            other.is_default = False
            records.save(other, actor=actor, changes=options.get("changes"))
    return records.save(title, actor=actor, **options)


def make_default(title: InvoiceTitle, *, actor: Actor) -> InvoiceTitle:
    """Invoices are made out to it from now on."""
    title.is_default = True
    save_title(title, actor=actor)
    return title
