"""What receivables do when contracts are approved, changed and ended."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.records.actor import Actor
from sales.catalogue.pricing import plain
from sales.contracts.approving import before_submit, on_approval, on_change, on_end, tells_plan
from sales.contracts.models import Contract, ContractChange
from sales.quotes.models import Quote
from sales.quotes.services import before_release
from sales.receivables import plan
from sales.receivables.models import Instalment
from sales.receivables.terms import amounts, parse


@before_submit
def terms_are_understood(contract: Contract) -> None:
    """Whoever hands it in hears at once which part of the terms says nothing."""
    there = plan.instalments_of(contract)
    if there:
        plan.check_sum(contract, there)
    elif contract.amount:
        amounts(parse(contract.payment_terms, today=contract.created_at.date()), contract.amount, contract.currency)


@before_release
def offered_terms_are_understood(quote: Quote) -> None:
    """The customer accepts no terms that no plan can be made of."""
    if quote.payment_terms.strip():
        parse(quote.payment_terms, today=timezone.localdate())


@on_approval
def make_plan(contract: Contract, *, actor: Actor) -> None:
    """The payment plan."""
    plan.make_plan(contract, actor=actor)


@on_change
def follow_change(contract: Contract, change: ContractChange, *, actor: Actor) -> None:
    """The plan comes to what the contract comes to."""
    difference = contract.amount - (change.amount_before or 0)
    plan.follow_change(contract, difference, actor=actor, spread=change.spread, due_on=change.due_on, name=change.title)


@on_end
def void_plan(contract: Contract, *, actor: Actor) -> None:
    """Nothing more is owed."""
    plan.void_open(contract, actor=actor)


@tells_plan
def told_plan(contract: Contract) -> list[dict[str, str]]:
    """Its instalments; before there are any, those that its terms would make."""
    try:
        rows = plan.instalments_of(contract) or plan.drafted(contract, timezone.localdate())
    except ValidationError:
        return []  # terms that nobody understands yet
    return [
        {
            "name": row.name,
            "share": plain(row.ratio) if row.ratio is not None else "",
            "amount": plain(row.amount),
            "due": _due(row),
        }
        for row in rows
    ]


def _due(row: Instalment) -> str:
    day = row.fixed_on or row.due_on
    if day is not None:
        return day.isoformat()
    told = {"event": row.get_event_display(), "days": row.days, "months": row.months}
    if row.months:
        return _("%(event)s, %(months)s months") % told
    return _("%(event)s, %(days)s days") % told if row.days else str(told["event"])
