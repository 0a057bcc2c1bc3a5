"""Contracts made of what is there already: of a quote, of an opportunity, of the contract that ends. Nothing is typed twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.documents.printing import company
from crm.records import services as records
from crm.records.actor import Actor
from sales.catalogue.models import OpportunityLine, PricedDocument, PricedLine
from sales.contracts import kinds
from sales.contracts.models import Contract, ContractLine, ContractParty, ContractTemplate
from sales.models import Opportunity
from sales.quotes.models import Quote

DOCUMENT = ("currency", "tax_included", "discount_percent", "discount_amount")
LINE = (
    "position", "product_id", "name", "unit", "quantity", "list_price", "unit_price", "discount_percent", "tax_rate",
    "note",
)  # fmt: skip


def copy_lines(lines: Iterable[PricedLine], document: PricedDocument, model: type[PricedLine]) -> list[Any]:
    """The same lines as unsaved lines of another document; what does not count is left out."""
    return [
        model(document=document, owner_id=document.owner_id, **{name: getattr(line, name) for name in LINE})
        for line in lines
        if line.counts
    ]


@transaction.atomic
def contract_of_quote(quote: Quote, *, actor: Actor) -> Contract:
    """The contract of an accepted quote, with its lines, its terms and both parties; the same quote makes one alone."""
    quote = Quote._base_manager.select_for_update().get(pk=quote.pk)
    there = Contract.objects.alive().filter(quote=quote).exclude(state=Contract.State.TERMINATED).first()
    if there is not None:
        return there
    if quote.state != Quote.State.ACCEPTED:
        raise ValidationError(_("“%(quote)s” was not accepted yet.") % {"quote": quote})
    contract = Contract(
        owner_id=quote.owner_id,
        title=quote.title or quote.account.name,
        account_id=quote.account_id,
        contact_id=quote.contact_id,
        opportunity_id=quote.opportunity_id,
        quote=quote,
        payment_terms=quote.payment_terms,
        description=quote.terms,
        **{name: getattr(quote, name) for name in DOCUMENT},
    )
    return _made(contract, quote.lines.filter(deleted_at__isnull=True), actor=actor)


@transaction.atomic
def contract_of_deal(deal: Opportunity, *, actor: Actor) -> Contract:
    """The contract of an opportunity: that which it has, else of its accepted quote, else of what it is about."""
    deal = Opportunity._base_manager.select_for_update().get(pk=deal.pk)
    there = Contract.objects.alive().filter(opportunity=deal).exclude(state=Contract.State.TERMINATED).first()
    if there is not None:
        return there
    quote = Quote.objects.alive().filter(opportunity=deal, state=Quote.State.ACCEPTED).order_by("-pk").first()
    if quote is not None:
        return contract_of_quote(quote, actor=actor)
    if deal.account_id is None:
        raise ValidationError(_("A contract needs an account: choose it on “%(deal)s”.") % {"deal": deal})
    contract = Contract(
        owner_id=deal.owner_id,
        title=deal.name,
        account_id=deal.account_id,
        opportunity=deal,
        amount=deal.amount or 0,
        currency=deal.currency,
    )
    return _made(contract, OpportunityLine.objects.alive().filter(document=deal), actor=actor)


@transaction.atomic
def renew_contract(
    contract: Contract, *, actor: Actor, starts_on: date | None = None, ends_on: date | None = None
) -> Contract:
    """The contract that follows one that ends: the same things, for as long again. Once and no more."""
    contract = Contract._base_manager.select_for_update().get(pk=contract.pk)
    there = Contract.objects.alive().filter(renewal_of=contract).exclude(state=Contract.State.TERMINATED).first()
    if there is not None:
        return there
    if contract.ends_on is None and starts_on is None:
        raise ValidationError(_("“%(contract)s” has no end: say when the next one starts.") % {"contract": contract})
    start = starts_on or contract.ends_on + timedelta(days=1)
    length = contract.ends_on - contract.starts_on if contract.ends_on and contract.starts_on else timedelta(days=364)
    renewal = Contract(
        owner_id=contract.owner_id,
        title=contract.title,
        kind=Contract.Kind.RENEWAL,
        account_id=contract.account_id,
        contact_id=contract.contact_id,
        renewal_of=contract,
        amount=contract.amount,
        starts_on=start,
        ends_on=ends_on or start + length,
        renews=contract.renews,
        remind_days=contract.remind_days,
        template_id=contract.template_id,
        clauses=contract.clauses,
        payment_terms=contract.payment_terms,
        **{name: getattr(contract, name) for name in DOCUMENT},
    )
    made = _made(renewal, contract.lines.filter(deleted_at__isnull=True), actor=actor)
    records.log(contract, kinds.RENEWED, actor=actor, to=str(made))
    return made


def standard_template(kind: str) -> ContractTemplate | None:
    """The template that contracts of a kind have unless another is chosen."""
    rows = ContractTemplate.objects.alive().filter(kind=kind, active=True)
    return rows.order_by("position", "pk").first()


def _made(contract: Contract, lines: Iterable[PricedLine], *, actor: Actor) -> Contract:
    if contract.template_id is None and not contract.clauses:
        contract.template = standard_template(contract.kind)
    records.save(contract, actor=actor)
    records.save_many(copy_lines(lines, contract, ContractLine), actor=actor)
    records.save_many(_parties(contract), actor=actor)
    contract.refresh_from_db()
    return contract


def _parties(contract: Contract) -> list[ContractParty]:
    """The customer as we know them, and us."""
    account, head = contract.account, company()
    customer = ContractParty(
        contract=contract,
        owner_id=contract.owner_id,
        role=ContractParty.Role.CUSTOMER,
        name=account.name,
        account=account,
        tax_id=account.tax_id,
        signatory=contract.contact.name if contract.contact else "",
    )
    us = ContractParty(
        contract=contract,
        owner_id=contract.owner_id,
        role=ContractParty.Role.US,
        name=head["name"],
        tax_id=head["tax_id"][:40],
        signatory=str(contract.owner),
    )
    return [customer, us]
