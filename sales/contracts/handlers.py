"""What holds for contracts at every door, and what follows from writing them."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db.models import Exists, F, OuterRef
from django.utils.translation import gettext as _

from crm.approvals.course import on_settled
from crm.approvals.models import ApprovalInstance
from crm.documents import texts
from crm.documents.services import keep_pdf
from crm.documents.verbs import spoken
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.diff import diff
from crm.records.hooks import WriteBatch, before_write, on, on_written
from crm.records.models import Entry, Record
from customers.levels.services import is_held
from customers.models import Account
from sales.contracts import changing, kinds
from sales.contracts.changing import CHANGE
from sales.contracts.locking import OPEN, locked_fields
from sales.contracts.models import (
    Contract,
    ContractChange,
    ContractChangeLine,
    ContractLine,
    ContractParty,
    ContractTemplate,
)
from sales.contracts.services import reopen_contract

State = Contract.State
IN_FORCE = (State.SIGNED, State.ACTIVE)
OVER = (State.COMPLETED, State.TERMINATED, State.EXPIRED)
PARTIES = frozenset({"signed_on", "signatory"})
SETTLED = (ApprovalInstance.State.REJECTED, ApprovalInstance.State.WITHDRAWN)


@before_write
def keep_contracts(batch: WriteBatch) -> None:
    """What was agreed stays as it was agreed: it changes by a change of the contract alone, whichever door it comes through."""
    if batch.model is not Contract or getattr(batch.changes, "kind", "") == CHANGE:
        return
    for before, after in zip(batch.before, batch.after, strict=True):
        if before is None or before.state in OPEN:
            continue
        told = {"contract": before, "state": before.get_state_display()}
        if before.deleted_at is None and after.deleted_at is not None:
            raise ValidationError(_("“%(contract)s” counts: terminate it instead.") % told, code="locked")
        changed = set(diff(before, after))
        locked = changed & locked_fields(before)
        if batch.undoing:
            locked = changed & {*locked_fields(before), "state", "seal", "accepted_on", "ended_on"}
        if locked:
            text = _("“%(contract)s” is in the state “%(state)s”: this changes by a contract change alone.") % told
            raise ValidationError({name: ValidationError(text, code="locked") for name in sorted(locked)})


@before_write
def keep_clauses_readable(batch: WriteBatch) -> None:
    """Clauses are told as soon as they are written when their variables can't be read."""
    if batch.model not in (Contract, ContractTemplate):
        return
    for before, after in zip(batch.before, batch.after, strict=True):
        if after.clauses and (before is None or before.clauses != after.clauses):
            try:
                texts.check(after.clauses)
            except ValidationError as error:
                raise ValidationError({"clauses": error.messages}) from None


@before_write
def keep_parts(batch: WriteBatch) -> None:
    """Lines and parties are as fixed as their contract; of a party it may still be told who signed and when."""
    if batch.model not in (ContractLine, ContractParty) or getattr(batch.changes, "kind", "") == CHANGE:
        return
    name = "document_id" if batch.model is ContractLine else "contract_id"
    touched = [
        getattr(row, name)
        for before, after in zip(batch.before, batch.after, strict=True)
        for row in (before, after)
        if row is not None and not _only_signs(batch.model, before, after)
    ]
    fixed = Contract._base_manager.filter(pk__in=touched).exclude(state__in=OPEN).first() if touched else None
    if fixed is not None:
        text = _("“%(contract)s” is agreed: its lines and parties change by a contract change alone.")
        raise ValidationError(text % {"contract": fixed}, code="locked")


def _only_signs(model: type, before: Record | None, after: Record) -> bool:
    if model is not ContractParty or before is None or before.deleted_at != after.deleted_at:
        return False
    return set(diff(before, after)) <= PARTIES


@before_write
def keep_changes(batch: WriteBatch) -> None:
    """A change in force is history."""
    if batch.model is ContractChangeLine:
        ids = {row.document_id for row in (*batch.before, *batch.after) if row is not None}
        over = ContractChange._base_manager.filter(pk__in=ids, state__in=("applied", "dropped")).first()
    elif batch.model is ContractChange:
        pairs = zip(batch.before, batch.after, strict=True)
        over = next(
            (b for b, a in pairs if b is not None and b.state in ("applied", "dropped") and _touches(b, a)), None
        )
    else:
        return
    if over is not None:
        raise ValidationError(_("“%(change)s” is settled and stays as it is.") % {"change": over}, code="locked")


def _touches(before: Record, after: Record) -> bool:
    return before.deleted_at != after.deleted_at or bool(diff(before, after))


@on_written
def follow_total(batch: WriteBatch) -> None:
    """A contract with lines comes to their total; without, to what was typed. Runs after the totals were added up."""
    if batch.model is ContractLine:
        ids = {row.document_id for row in (*batch.after, *batch.before) if row is not None}
    elif batch.model is Contract:
        ids = {row.pk for row in batch.after}
    else:
        return
    lines = ContractLine._base_manager.filter(document=OuterRef("pk"), deleted_at__isnull=True)
    rows = Contract._base_manager.filter(Exists(lines), pk__in=ids).exclude(amount=F("total"))
    if rows.update(amount=F("total")) and batch.model is Contract:
        known = dict(Contract._base_manager.filter(pk__in=ids).values_list("pk", "amount"))
        for row in batch.after:
            row.amount = known[row.pk]


@on_written
def make_customers(batch: WriteBatch) -> None:
    """Whoever has a contract that both signed is a customer, unless somebody keeps the life cycle by hand."""
    if batch.model is not Contract:
        return
    signed = {
        after.account_id
        for before, after in zip(batch.before, batch.after, strict=True)
        if after.state in IN_FORCE and (before is None or before.state != after.state)
    }
    accounts = list(Account.objects.alive().filter(pk__in=signed).select_related("level_hold")) if signed else []
    moved = []
    for account in accounts:
        before = (account.kind, account.lifecycle)
        if account.kind == Account.Kind.PROSPECT:
            account.kind = Account.Kind.CUSTOMER
        if not is_held(account):
            account.lifecycle = Account.Lifecycle.ACTIVE
        if before != (account.kind, account.lifecycle):
            moved.append(account)
    if moved:
        records.save_many(moved, actor=Actor(None, "contract"))


@on_settled
def back_to_draft(instance: ApprovalInstance, record: Record, *, actor: Actor) -> None:
    """What was rejected or withdrawn is a draft again."""
    if instance.state not in SETTLED:
        return
    if isinstance(record, Contract):
        reopen_contract(record, actor=actor)
    elif isinstance(record, ContractChange):
        changing.reopen_change(record, actor=actor)


@on(kinds.APPROVED, name="contracts.filed")
def file_paper(entry: Entry) -> None:
    """What was approved lies among the documents of the contract, as the customer reads it: a version each time."""
    contract = Contract.objects.alive().select_related("owner").filter(pk=entry.record_id).first()
    if contract is not None:
        actor, language = Actor(contract.owner, "approval"), spoken(contract.owner)
        keep_pdf(contract, actor=actor, language=language, name=contract.number, whole=True)
