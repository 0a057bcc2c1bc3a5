"""What receivables do when contracts are approved, changed and ended."""

from __future__ import annotations

from crm.records.actor import Actor
from sales.contracts.approving import before_submit, on_approval, on_change, on_end
from sales.contracts.models import Contract, ContractChange
from sales.receivables import plan
from sales.receivables.terms import amounts, parse


@before_submit
def terms_are_understood(contract: Contract) -> None:
    """Whoever hands it in hears at once which part of the terms says nothing."""
    there = plan.instalments_of(contract)
    if there:
        plan.check_sum(contract, there)
    elif contract.amount:
        amounts(parse(contract.payment_terms, today=contract.created_at.date()), contract.amount, contract.currency)


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
