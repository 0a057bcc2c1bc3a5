"""Money that comes in: registered, confirmed, allocated, refunded, given up. Each is one transaction; twice does it once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.lib.money import format_money
from crm.records import services as records
from crm.records.actor import Actor
from customers.models import Account
from sales.contracts.models import OWED, Contract
from sales.receivables import kinds
from sales.receivables.models import Allocation, Instalment, Payment, Refund, WriteOff

State = Payment.State
ZERO = Decimal(0)
LABEL = "receivables.payment"


# Registering


def register_payment(
    *,
    actor: Actor,
    amount: Decimal,
    paid_on: date,
    account: Account | None = None,
    contract: Contract | None = None,
    submission: str = "",
    owner: Any = None,
    **values: Any,
) -> Payment:
    """Note money that came in. The same ``submission`` again, even at the same moment, is the same payment.

    ValidationError when the bank's reference is registered already.
    """
    account = account or (contract.account if contract else None)
    payment = Payment(
        owner=owner or actor.user or (contract or account).owner,
        account=account,
        contract=contract,
        amount=amount,
        paid_on=paid_on,
        currency=values.pop("currency", "") or (contract.currency if contract else "CNY"),
        submission=submission,
        **values,
    )
    try:
        with transaction.atomic():
            if submission and (there := Payment._base_manager.filter(submission=submission).first()):
                return there
            records.save(payment, actor=actor, kind=kinds.REGISTERED)
    except IntegrityError as error:
        if submission and (there := Payment._base_manager.filter(submission=submission).first()):
            return there
        if "payment_is_registered_once" in str(error):
            text = _("A payment with this bank reference is registered already.")
            raise ValidationError({"bank_ref": text}) from error
        raise
    return payment


def register_for_contract(contract: Contract, *, actor: Actor, **values: Any) -> Payment:
    """A payment of one contract."""
    _must_add(actor)
    return register_payment(actor=actor, contract=contract, owner=contract.owner, **values)


def register_for_account(account: Account, *, actor: Actor, **values: Any) -> Payment:
    """A payment of a customer."""
    _must_add(actor)
    return register_payment(actor=actor, account=account, owner=account.owner or actor.user, **values)


def register_for_instalment(instalment: Instalment, *, actor: Actor, **values: Any) -> Payment:
    """A payment of one instalment: what fits is proposed for it, and counts once it is confirmed."""
    _must_add(actor)
    with transaction.atomic():
        contract = instalment.contract
        payment = register_payment(actor=actor, contract=contract, owner=contract.owner, **values)
        part = min(payment.unallocated, instalment.open_amount)
        if part > 0 and not payment.allocations.filter(deleted_at__isnull=True).exists():
            allocate(payment, actor=actor, parts={instalment.pk: part})
    return Payment.objects.get(pk=payment.pk)


def _must_add(actor: Actor) -> None:
    if actor.user is not None and not policy.can(actor.user, LABEL, "add"):
        raise PermissionDenied(_("You may not register payments."))


# Deciding


@transaction.atomic
def confirm_payment(payment: Payment, *, actor: Actor) -> Payment:
    """The money is there: from now on it counts. Where nothing is proposed, the oldest instalments of its contract are paid."""
    payment = _held(payment)
    if payment.state == State.CONFIRMED:
        return payment
    _must(payment, State.REGISTERED)
    proposed = payment.allocations.filter(deleted_at__isnull=True)
    _drop(list(proposed.filter(instalment__void=True).order_by("pk")), actor)  # owed no more since it was proposed
    payment = _fresh(payment)
    payment.state, payment.confirmed_by, payment.confirmed_at = State.CONFIRMED, actor.user, timezone.now()
    records.save(payment, actor=actor, kind=kinds.CONFIRMED)
    if payment.contract_id and not proposed.exists():
        parts = suggest(payment.unallocated, open_instalments(payment))
        if parts:
            _allocate(payment, parts, actor)
    return _fresh(payment)


@transaction.atomic
def void_payment(payment: Payment, *, actor: Actor, reason: str = "") -> Payment:
    """It was a mistake: it never counts again, and what it paid is open again."""
    return _undo(payment, State.VOID, kinds.VOIDED, (State.REGISTERED, State.CONFIRMED), actor, reason)


@transaction.atomic
def return_payment(payment: Payment, *, actor: Actor, reason: str = "") -> Payment:
    """The bank took it back: what it paid is open again."""
    return _undo(payment, State.RETURNED, kinds.RETURNED, (State.REGISTERED, State.CONFIRMED), actor, reason)


def _undo(payment: Payment, state: str, kind: str, allowed: tuple[str, ...], actor: Actor, reason: str) -> Payment:
    payment = _held(payment)
    if payment.state == state:
        return payment
    _must(payment, *allowed)
    if payment.refunded:
        raise ValidationError(_("A part of it was refunded: it can't be taken back as a whole."))
    _drop(list(payment.allocations.filter(deleted_at__isnull=True).order_by("pk")), actor)
    payment = _fresh(payment)
    payment.state = state
    payment.note = "; ".join(filter(None, (payment.note, reason)))[:500]
    records.save(payment, actor=actor, kind=kind, reason=reason)
    return _fresh(payment)


# What it pays


def open_instalments(payment: Payment) -> list[Instalment]:
    """What it could pay: open instalments of its contract, else of its account, in its currency; the oldest due first."""
    rows = Instalment.objects.alive().filter(void=False, currency=payment.currency, contract__state__in=OWED)
    if payment.contract_id:
        rows = rows.filter(contract=payment.contract_id)
    elif payment.account_id:
        rows = rows.filter(account=payment.account_id)
    else:
        return []
    rows = rows.filter(amount__gt=F("received") + F("written_off"))
    return list(rows.select_related("contract").order_by("due_key", "contract", "seq", "pk"))


def candidates(payment: Payment, user: Any) -> list[Instalment]:
    """The instalments that somebody may see and that it could pay: of its contract first, then of the whole account."""
    wide = Payment(account_id=payment.account_id, currency=payment.currency)
    rows = open_instalments(payment)
    rows += [row for row in open_instalments(wide) if payment.account_id and row.pk not in {r.pk for r in rows}]
    seen = policy.visible_ids(user, Instalment, [row.pk for row in rows])
    taken = set(payment.allocations.filter(deleted_at__isnull=True).values_list("instalment", flat=True))
    return [row for row in rows if row.pk in seen and row.pk not in taken][:40]


def suggest(amount: Decimal, instalments: Sequence[Instalment]) -> dict[int, Decimal]:
    """How an amount pays these instalments, in their order; what is over stays unallocated."""
    parts: dict[int, Decimal] = {}
    for row in instalments:
        part = min(amount, row.open_amount)
        if part > 0:
            parts[row.pk] = part
            amount -= part
    return parts


@transaction.atomic
def allocate(payment: Payment, *, actor: Actor, parts: Mapping[int, Decimal]) -> Payment:
    """Pay so much of each instalment (by its id), of several contracts too; more than either holds is refused."""
    payment = _held(payment)
    _must(payment, State.REGISTERED, State.CONFIRMED)
    _allocate(payment, parts, actor)
    return _fresh(payment)


def _allocate(payment: Payment, parts: Mapping[int, Decimal], actor: Actor) -> None:
    if sum(parts.values(), ZERO) > payment.unallocated:
        left = format_money(payment.unallocated, payment.currency)
        raise ValidationError(_("Only %(left)s of it are left.") % {"left": left}, code="over")
    known = {a.instalment_id: a for a in payment.allocations.filter(deleted_at__isnull=True)}
    rows = []
    for pk in sorted(parts):
        row = known.get(pk) or Allocation(payment=payment, owner_id=payment.owner_id, instalment_id=pk, amount=ZERO)
        row.amount += parts[pk]
        rows.append(row)
    records.save_many(rows, actor=actor)


@transaction.atomic
def release(payment: Payment, *, actor: Actor) -> Payment:
    """Nothing is paid by it any more: it can be allocated anew."""
    payment = _held(payment)
    _drop(list(payment.allocations.filter(deleted_at__isnull=True).order_by("pk")), actor)
    return _fresh(payment)


def _drop(rows: list[Allocation], actor: Actor) -> None:
    if rows:
        records.delete_many(rows, actor=actor)


@transaction.atomic
def refund(
    payment: Payment, *, actor: Actor, amount: Decimal, reason: str, refunded_on: date | None = None, bank_ref: str = ""
) -> Refund:
    """Send back what of a payment is not allocated; release it first where it is."""
    payment = _held(payment)
    _must(payment, State.CONFIRMED)
    if amount > payment.unallocated:
        left = format_money(payment.unallocated, payment.currency)
        text = _("Only %(left)s of it are not allocated: release the rest first.") % {"left": left}
        raise ValidationError({"amount": text}, code="over")
    made = Refund(
        payment=payment,
        owner_id=payment.owner_id,
        amount=amount,
        reason=reason,
        refunded_on=refunded_on or timezone.localdate(),
        bank_ref=bank_ref,
    )
    records.save(made, actor=actor)
    return made


@transaction.atomic
def write_off(instalment: Instalment, *, actor: Actor, amount: Decimal, reason: str) -> WriteOff:
    """Give up a part of what an instalment still brings."""
    list(Instalment._base_manager.select_for_update().filter(pk=instalment.pk))
    instalment = Instalment.objects.get(pk=instalment.pk)
    if amount > instalment.open_amount:
        text = _("Only %(left)s of it are open.")
        left = format_money(instalment.open_amount, instalment.currency)
        raise ValidationError({"amount": text % {"left": left}}, code="over")
    made = WriteOff(
        instalment=instalment,
        owner_id=instalment.owner_id,
        amount=amount,
        reason=reason,
        written_on=timezone.localdate(),
    )
    records.save(made, actor=actor)
    return made


def _held(payment: Payment) -> Payment:
    return Payment._base_manager.select_for_update().get(pk=payment.pk)


def _fresh(payment: Payment) -> Payment:
    return Payment._base_manager.get(pk=payment.pk)


def _must(payment: Payment, *states: str) -> None:
    if payment.state not in states or payment.deleted_at is not None:
        raise ValidationError(
            _("“%(payment)s” is in the state “%(state)s”: this can't be done with it.")
            % {"payment": payment, "state": payment.get_state_display()},
            code="state",
        )
