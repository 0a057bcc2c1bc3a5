"""Titles of invoices: one default an account, offered from what is known of it."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from crm.records import services as records
from crm.records.actor import Actor
from customers.models import Account
from sales.invoicing.models import InvoiceTitle


def proposed(account: Account, owner: Any = None) -> InvoiceTitle:
    """An unsaved title of what is known of the account: nothing is typed twice."""
    return InvoiceTitle(
        owner=owner or account.owner,
        account=account,
        name=account.name,
        tax_id=account.tax_id,
        address=account.address,
        phone=str(account.phone or ""),
        is_default=not default_of(account),
    )


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
        there = proposed(account, actor.user or account.owner)
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
