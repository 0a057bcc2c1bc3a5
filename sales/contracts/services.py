"""The life of a contract: handed in, approved, signed, in force, accepted, completed or ended."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.approvals import services as approvals
from crm.approvals.models import ApprovalProcess
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Record
from sales.contracts import approving, kinds
from sales.contracts.models import Contract, ContractParty

State, Seal = Contract.State, Contract.Seal
APPROVE = {"effect": "do:approve", "params": {}}
FORCE = (State.APPROVED, State.SIGNED, State.ACTIVE, State.COMPLETED, State.EXPIRED)
"""A contract counts: it was approved and not terminated."""


def process_for(record: Record, verb: str, user: Any) -> ApprovalProcess | None:
    """The process that stands before a verb on this record; None: nobody has to be asked."""
    found = ApprovalProcess.objects.filter(entity=record.entity_label(), verb=verb, active=True)
    return next((one for one in found.select_related("current") if approvals.applies(one, record, user)), None)


def is_draft(contract: Contract) -> bool:
    """Whether it can be handed in: a draft, or one that came back."""
    if contract.state == State.APPROVING:
        return approvals.open_instance(contract) is None
    return contract.state == State.DRAFT


def is_approvable(contract: Contract) -> bool:
    """Whether the verb of its approval may run now: nobody is being asked any more."""
    return contract.state == State.APPROVING and approvals.open_instance(contract) is None


@transaction.atomic
def submit_contract(contract: Contract, *, actor: Actor, note: str = "") -> Contract:
    """Ask for approval by the process that fits it; where none does, it is approved at once.

    ValidationError says what is missing: lines or an amount, terms that are not understood.
    """
    contract = _held(contract)
    if contract.state not in (State.DRAFT, State.APPROVING):
        raise ValidationError(_("“%(contract)s” was handed in already.") % {"contract": contract})
    if not contract.amount and contract.kind != Contract.Kind.FRAMEWORK:
        raise ValidationError({"amount": _("Enter the amount, or lines.")})
    for check in approving.checks:
        check(contract)
    if contract.state == State.DRAFT:
        contract.state = State.APPROVING
        records.save(contract, actor=actor, kind=kinds.SUBMITTED)
    requester = actor.user or contract.owner
    process = process_for(contract, "approve", requester)
    if process is None:
        return approve_contract(contract, actor=actor)
    approvals.start(process, contract, actor=actor, requester=requester, note=note, carry=APPROVE)
    return contract


@transaction.atomic
def reopen_contract(contract: Contract, *, actor: Actor) -> Contract:
    """Back to a draft: it was rejected or withdrawn."""
    contract = _held(contract)
    if contract.state == State.APPROVING:
        contract.state = State.DRAFT
        records.save(contract, actor=actor, kind=kinds.RETURNED)
    return contract


@transaction.atomic
def approve_contract(contract: Contract, *, actor: Actor) -> Contract:
    """It was agreed to: the order and the payment plan are made with it, all or nothing. Twice does it once."""
    contract = _held(contract)
    if contract.state in FORCE:
        return contract
    if contract.state not in (State.DRAFT, State.APPROVING):
        raise ValidationError(_("“%(contract)s” can't be approved any more.") % {"contract": contract})
    contract.state = State.APPROVED
    records.save(contract, actor=actor, kind=kinds.APPROVED)
    for follow in approving.approvals:
        follow(contract, actor=actor)
    contract.refresh_from_db()
    return contract


@transaction.atomic
def sign_contract(
    contract: Contract, *, actor: Actor, seal: str = Seal.BOTH, signed_on: date | None = None
) -> Contract:
    """Note whose seal it bears; with both it is signed, and in force from its first day on."""
    contract = _held(contract)
    _must(contract, State.APPROVED)
    both = seal == Seal.BOTH or {seal, contract.seal} == {Seal.OURS, Seal.THEIRS}
    contract.seal = Seal.BOTH if both else seal
    if both:
        contract.state, contract.signed_on = State.SIGNED, signed_on or timezone.localdate()
    records.save(contract, actor=actor, kind=kinds.SIGNED if both else kinds.SEALED)
    if both:
        parties = list(ContractParty.objects.alive().filter(contract=contract, signed_on__isnull=True))
        for party in parties:
            party.signed_on = contract.signed_on
        records.save_many(parties, actor=actor)
    if both and contract.starts_on is not None and contract.starts_on <= timezone.localdate():
        return activate_contract(contract, actor=actor)
    return contract


@transaction.atomic
def activate_contract(contract: Contract, *, actor: Actor) -> Contract:
    """From now on it is in force."""
    contract = _held(contract)
    _must(contract, State.SIGNED)
    contract.state, contract.starts_on = State.ACTIVE, contract.starts_on or timezone.localdate()
    records.save(contract, actor=actor, kind=kinds.ACTIVATED)
    return contract


@transaction.atomic
def accept_contract(contract: Contract, *, actor: Actor, accepted_on: date | None = None) -> Contract:
    """The customer accepted what was delivered: what waits for that comes due, and warranties begin."""
    contract = _held(contract)
    _must(contract, State.SIGNED, State.ACTIVE, State.COMPLETED, State.EXPIRED)
    contract.accepted_on = accepted_on or timezone.localdate()
    records.save(contract, actor=actor, kind=kinds.ACCEPTED)
    return contract


@transaction.atomic
def complete_contract(contract: Contract, *, actor: Actor) -> Contract:
    """Everything was delivered. What is still owed stays owed."""
    contract = _held(contract)
    _must(contract, State.SIGNED, State.ACTIVE, State.EXPIRED)
    contract.state = State.COMPLETED
    records.save(contract, actor=actor, kind=kinds.COMPLETED)
    return contract


@transaction.atomic
def terminate_contract(contract: Contract, *, actor: Actor, reason: str, ended_on: date | None = None) -> Contract:
    """End it early: nothing more is owed, what came in stays."""
    contract = _held(contract)
    _must(contract, State.APPROVED, State.SIGNED, State.ACTIVE)
    contract.state, contract.end_reason = State.TERMINATED, reason
    contract.ended_on = ended_on or timezone.localdate()
    records.save(contract, actor=actor, kind=kinds.TERMINATED, reason=reason)
    for follow in approving.ends:
        follow(contract, actor=actor)
    return contract


@transaction.atomic
def expire_contract(contract: Contract, *, actor: Actor) -> Contract:
    """Its last day is over."""
    contract = _held(contract)
    _must(contract, State.SIGNED, State.ACTIVE)
    contract.state = State.EXPIRED
    records.save(contract, actor=actor, kind=kinds.EXPIRED)
    return contract


def _held(contract: Contract) -> Contract:
    """The contract as it is, kept until the transaction ends."""
    return Contract._base_manager.select_for_update(of=("self",)).select_related("account", "owner").get(pk=contract.pk)


def _must(contract: Contract, *states: str) -> None:
    if contract.state not in states:
        raise ValidationError(
            _("“%(contract)s” is in the state “%(state)s”: this can't be done with it.")
            % {"contract": contract, "state": contract.get_state_display()},
            code="state",
        )
