"""The payment plan of a contract: made from its terms, changed as a whole, so that it always adds up to its amount."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.lib.money import format_money
from crm.lib.spans import later
from crm.records import services as records
from crm.records.actor import Actor
from sales.catalogue.arithmetic import share
from sales.contracts.models import Contract
from sales.receivables.models import Instalment
from sales.receivables.terms import Term, amounts, parse

PLAN = "plan"
ZERO = Decimal(0)


def instalments_of(contract: Contract) -> list[Instalment]:
    """What there is of its plan and not void, in order."""
    return list(Instalment.objects.alive().filter(contract=contract, void=False).order_by("seq", "pk"))


def open_of(contract: Contract) -> list[Instalment]:
    """Those of which something is still owed."""
    return [one for one in instalments_of(contract) if one.open_amount > 0]


@transaction.atomic
def make_plan(contract: Contract, *, actor: Actor, today: date | None = None) -> list[Instalment]:
    """The instalments that the contract's terms make, unless it has some: those must add up. Once and no more.

    ValidationError names the part of the terms that is not understood.
    """
    contract = Contract._base_manager.select_for_update().get(pk=contract.pk)
    there = instalments_of(contract)
    if there:
        check_sum(contract, there)
        return there
    made = drafted(contract, today or timezone.localdate())
    if made:
        write(contract, made, actor=actor)
    return made


def drafted(contract: Contract, today: date) -> list[Instalment]:
    """The instalments that its terms make, unsaved."""
    if not contract.amount:
        return []
    terms = parse(contract.payment_terms, today=today)
    parts = amounts(terms, contract.amount, contract.currency)
    return [
        _instalment(contract, term, amount, seq)
        for seq, (term, amount) in enumerate(((t, a) for t, a in zip(terms, parts, strict=True) if a), 1)
    ]


def _instalment(contract: Contract, term: Term, amount: Decimal, seq: int) -> Instalment:
    return Instalment(
        contract=contract,
        owner_id=contract.owner_id,
        account_id=contract.account_id,
        seq=seq,
        name=term.name,
        ratio=term.ratio,
        amount=amount,
        event=term.event,
        days=term.days,
        months=term.months,
        fixed_on=term.fixed_on,
    )


@transaction.atomic
def write(
    contract: Contract, rows: Sequence[Instalment], *, actor: Actor, gone: Iterable[Instalment] = (), title: str = ""
) -> None:
    """Write instalments of one contract together; what is ``gone`` goes to the trash. ValidationError unless all add up."""
    changes = records.change_set(PLAN, actor=actor, entity=Instalment.entity_label(), title=title or str(contract))
    if gone := list(gone):
        records.delete_many(gone, actor=actor, changes=changes)
    if rows:
        records.save_many(list(rows), actor=actor, changes=changes)
    check_sum(contract, instalments_of(contract))


def check_sum(contract: Contract, rows: Sequence[Instalment]) -> None:
    """ValidationError unless the instalments add up to what the contract comes to. The database holds it at commit, too."""
    total = sum((row.amount for row in rows), ZERO)
    if total != contract.amount:
        told = {
            "sum": format_money(total, contract.currency),
            "amount": format_money(contract.amount, contract.currency),
            "left": format_money(contract.amount - total, contract.currency),
        }
        raise ValidationError(
            _("The instalments add up to %(sum)s, the contract is over %(amount)s: %(left)s is missing.") % told,
            code="sum",
        )


def change_plan(contract: Contract, rows: Sequence[Instalment], *, actor: Actor) -> Contract:
    """Give instalments other amounts, names and days; together they must come to the same."""
    write(contract, rows, actor=actor)
    return contract


def split(
    instalment: Instalment, *, actor: Actor, amount: Decimal, due_on: date | None = None, name: str = ""
) -> Instalment:
    """Make two of one: the second over ``amount``, due on ``due_on``, else with the first. Only what is not paid can be split."""
    if not ZERO < amount < instalment.amount or amount > instalment.open_amount:
        raise ValidationError({"amount": _("Take off more than nothing, and less than what is open.")})
    contract = instalment.contract
    with transaction.atomic():
        last = max((row.seq for row in _all_of(contract)), default=0)
        second = Instalment(
            contract=contract,
            owner_id=instalment.owner_id,
            seq=last + 1,
            name=name or instalment.name,
            amount=amount,
            event=Instalment.Event.DATE if due_on else instalment.event,
            days=0 if due_on else instalment.days,
            months=0 if due_on else instalment.months,
            fixed_on=due_on or instalment.fixed_on,
            remind_days=instalment.remind_days,
        )
        instalment.amount -= amount
        instalment.ratio = None
        write(contract, [instalment, second], actor=actor)
    return instalment


def merge(instalment: Instalment, *, actor: Actor, other: Instalment) -> Instalment:
    """Make one of two; the other must have nothing paid, and goes."""
    if other.contract_id != instalment.contract_id or other.pk == instalment.pk:
        raise ValidationError({"other": _("Choose another instalment of the same contract.")})
    if other.received or other.written_off or other.allocations.filter(deleted_at__isnull=True).exists():
        raise ValidationError({"other": _("Something was paid of “%(name)s” already.") % {"name": other}})
    instalment.amount += other.amount
    instalment.ratio = instalment.ratio + other.ratio if instalment.ratio and other.ratio else None
    write(instalment.contract, [instalment], gone=[other], actor=actor)
    return instalment


def shift(instalment: Instalment, *, actor: Actor, days: int = 0, due_on: date | None = None) -> Instalment:
    """Put off an instalment and say why by its note: to a day, or by so many days."""
    if due_on is None and instalment.due_on is None:
        instalment.days += days
    else:
        instalment.fixed_on = due_on or (instalment.due_on or timezone.localdate()) + timedelta(days=days)
        instalment.event, instalment.days, instalment.months = Instalment.Event.DATE, 0, 0
    records.save(instalment, actor=actor)
    return instalment


def _all_of(contract: Contract) -> list[Instalment]:
    return list(Instalment._base_manager.filter(contract=contract, deleted_at__isnull=True))


@transaction.atomic
def void_open(contract: Contract, *, actor: Actor) -> int:
    """Nothing is owed of its instalments any more, what came in stays; how many were voided."""
    changes = records.change_set(PLAN, actor=actor, entity=Instalment.entity_label(), title=str(contract))
    rows = open_of(contract)
    for row in rows:
        row.void = True
    records.save_many(rows, actor=actor, changes=changes)
    return len(rows)


@transaction.atomic
def follow_change(
    contract: Contract,
    difference: Decimal,
    *,
    actor: Actor,
    spread: str = "last",
    due_on: date | None = None,
    name: str = "",
) -> None:
    """Let the plan come to ``difference`` more or less. Less is taken off what is open, the last one first.

    ValidationError when more was received than the contract comes to from then on.
    """
    if difference:
        rows = open_of(contract)
        grow = _more if difference > 0 else _less
        changed, gone = grow(contract, rows, difference, spread, due_on, name)
        write(contract, changed, gone=gone, actor=actor, title=name)


def _more(
    contract: Contract, rows: list[Instalment], difference: Decimal, spread: str, due_on: date | None, name: str
) -> tuple[list[Instalment], list[Instalment]]:
    if spread == "even" and rows:
        for row, part in zip(rows, share(difference, [r.open_amount for r in rows], contract.currency), strict=True):
            row.amount, row.ratio = row.amount + part, None
        return rows, []
    if spread == "last" and rows:
        rows[-1].amount, rows[-1].ratio = rows[-1].amount + difference, None
        return rows[-1:], []
    last = max((row.seq for row in _all_of(contract)), default=0)
    day = due_on or later(timezone.localdate(), 1)
    made = _instalment(contract, Term(name[:200], event=Instalment.Event.DATE, fixed_on=day), difference, last + 1)
    return [made], []


def _less(
    contract: Contract, rows: list[Instalment], difference: Decimal, spread: str, due_on: date | None, name: str
) -> tuple[list[Instalment], list[Instalment]]:
    left, changed, gone = -difference, [], []
    for row in reversed(rows):
        part = min(left, row.open_amount)
        if not part:
            break
        left -= part
        row.ratio = None
        if part == row.amount and not row.allocations.filter(deleted_at__isnull=True).exists():
            gone.append(row)
        else:
            row.amount -= part
            changed.append(row)
    if left:
        raise ValidationError(
            _("More was received already than the contract would come to: refund %(left)s first.")
            % {"left": format_money(left, contract.currency)}
        )
    return changed, gone
