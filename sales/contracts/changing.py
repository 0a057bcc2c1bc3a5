"""Changes of contracts in force: drafted with what the contract says, approved, then put in force with everything that follows."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.approvals import services as approvals
from crm.records import services as records
from crm.records.actor import Actor
from sales.contracts import approving, kinds
from sales.contracts.making import DOCUMENT, copy_lines
from sales.contracts.models import Contract, ContractChange, ContractChangeLine, ContractLine
from sales.contracts.services import process_for

State = ContractChange.State
CHANGE = "contract_change"
CHANGEABLE = (Contract.State.APPROVED, Contract.State.SIGNED, Contract.State.ACTIVE)
APPLY: dict[str, Any] = {"effect": "do:apply", "params": {}}


def is_changeable(contract: Contract) -> bool:
    return contract.state in CHANGEABLE


@transaction.atomic
def draft_change(
    contract: Contract,
    *,
    actor: Actor,
    title: str,
    reason: str = "",
    amount: Any = None,
    ends_on: date | None = None,
    spread: str = ContractChange.Spread.LAST,
    due_on: date | None = None,
) -> ContractChange:
    """A change with the lines of the contract, to be edited; a contract without lines gets its new ``amount``."""
    if contract.state not in CHANGEABLE:
        raise ValidationError(_("“%(contract)s” is not in force: change it directly.") % {"contract": contract})
    count = ContractChange._base_manager.filter(contract=contract).count()
    change = ContractChange(
        contract=contract,
        owner_id=contract.owner_id,
        seq=count + 1,
        title=title,
        reason=reason,
        amount=contract.amount if amount is None else amount,
        ends_on=ends_on,
        spread=spread,
        due_on=due_on,
        **{name: getattr(contract, name) for name in DOCUMENT},
    )
    records.save(change, actor=actor)
    lines = contract.lines.filter(deleted_at__isnull=True)
    records.save_many(copy_lines(lines, change, ContractChangeLine), actor=actor)
    change.refresh_from_db()
    return change


def is_open(change: ContractChange) -> bool:
    """Whether it can be handed in."""
    if change.state == State.APPROVING:
        return approvals.open_instance(change) is None
    return change.state == State.DRAFT


def is_applicable(change: ContractChange) -> bool:
    return change.state == State.APPROVING and approvals.open_instance(change) is None


@transaction.atomic
def submit_change(change: ContractChange, *, actor: Actor, note: str = "") -> ContractChange:
    """Ask for approval of a change; where nobody has to be asked, it is in force at once."""
    change = ContractChange._base_manager.select_for_update().get(pk=change.pk)
    if change.state not in (State.DRAFT, State.APPROVING):
        raise ValidationError(_("“%(change)s” was handed in already.") % {"change": change})
    if change.state == State.DRAFT:
        change.state = State.APPROVING
        records.save(change, actor=actor)
    requester = actor.user or change.owner
    process = process_for(change, "apply", requester)
    if process is None:
        return apply_change(change, actor=actor)
    approvals.start(process, change, actor=actor, requester=requester, note=note, carry=APPLY)
    return change


@transaction.atomic
def apply_change(change: ContractChange, *, actor: Actor) -> ContractChange:
    """The contract says from now on what the change says; its plan and its orders follow. Twice does it once."""
    contract = Contract._base_manager.select_for_update().get(pk=change.contract_id)
    change = ContractChange._base_manager.select_for_update().get(pk=change.pk)
    if change.state == State.APPLIED:
        return change
    if change.state == State.DROPPED or contract.state not in CHANGEABLE:
        raise ValidationError(_("“%(change)s” can't be put in force any more.") % {"change": change})
    changes = records.change_set(CHANGE, actor=actor, entity=Contract.entity_label(), title=str(change))
    lines = list(change.lines.filter(deleted_at__isnull=True))
    change.amount_before, change.applied_on, change.state = contract.amount, timezone.localdate(), State.APPLIED
    if lines:
        change.amount = change.total
        old = list(contract.lines.filter(deleted_at__isnull=True).order_by("position", "pk"))
        change.replaced = old
        records.delete_many(old, actor=actor, changes=changes) if old else None
        records.save_many(copy_lines(lines, contract, ContractLine), actor=actor, changes=changes)
        contract.refresh_from_db()
    change.retermed = any(getattr(contract, name) != getattr(change, name) for name in DOCUMENT)
    for name in DOCUMENT:
        setattr(contract, name, getattr(change, name))
    contract.amount = contract.amount if change.amount is None else change.amount
    contract.ends_on = change.ends_on or contract.ends_on
    records.save(contract, actor=actor, changes=changes)
    records.save(change, actor=actor, changes=changes, kind=kinds.CHANGE_APPLIED)
    contract.refresh_from_db()
    for follow in approving.changes:
        follow(contract, change, actor=actor)
    return change


@transaction.atomic
def drop_change(change: ContractChange, *, actor: Actor) -> ContractChange:
    """It will not be made."""
    change = ContractChange._base_manager.select_for_update().get(pk=change.pk)
    if change.state in (State.DRAFT, State.APPROVING):
        change.state = State.DROPPED
        records.save(change, actor=actor)
    return change


@transaction.atomic
def reopen_change(change: ContractChange, *, actor: Actor) -> ContractChange:
    """Back to a draft: it was rejected or withdrawn."""
    change = ContractChange._base_manager.select_for_update().get(pk=change.pk)
    if change.state == State.APPROVING:
        change.state = State.DRAFT
        records.save(change, actor=actor)
    return change
