"""How instalments and payments stand: worked out from facts alone, here and nowhere else.

``due_on`` follows what an instalment waits for, ``received`` and ``written_off`` what was allocated of confirmed payments and
given up, ``state`` all of them and the day. Derived columns: they bump no version and write no entry.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date, timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.lib.spans import later
from sales.contracts.models import OWED, Contract
from sales.receivables.models import Allocation, Instalment, Payment, Refund, WriteOff

Facts = Callable[[Collection[int]], dict[int, date]]
ZERO = Decimal(0)
State = Instalment.State
COLUMNS = ("received", "written_off", "due_on", "state")
_facts: dict[str, Facts] = {}
_own_facts: dict[str, Facts] = {}


def fact(event: str) -> Callable[[Facts], Facts]:
    """Decorator: ``fn(contract ids)`` gives the day on which the event happened, for those contracts where it has."""

    def add(fn: Facts) -> Facts:
        _facts[event] = fn
        return fn

    return add


def own_fact(event: str) -> Callable[[Facts], Facts]:
    """Decorator: ``fn(instalment ids)`` gives the day on which the event happened for an instalment itself; that day goes first."""

    def add(fn: Facts) -> Facts:
        _own_facts[event] = fn
        return fn

    return add


def _own(column: str) -> Facts:
    def read(ids: Collection[int]) -> dict[int, date]:
        known = Contract._base_manager.filter(pk__in=ids, **{f"{column}__isnull": False})
        return dict(known.values_list("pk", column))

    return read


fact(Instalment.Event.SIGNING)(_own("signed_on"))
fact(Instalment.Event.START)(_own("starts_on"))
fact(Instalment.Event.ACCEPTANCE)(_own("accepted_on"))


def due_of(
    instalment: Instalment, happened: dict[str, dict[int, date]], own: dict[str, dict[int, date]]
) -> date | None:
    """When it is due; None while what it waits for has not happened."""
    if instalment.event == Instalment.Event.DATE:
        return instalment.fixed_on
    day = own.get(instalment.event, {}).get(instalment.pk)
    day = day or happened.get(instalment.event, {}).get(instalment.contract_id)
    return later(day, instalment.months, instalment.days) if day else None


def state_of(instalment: Instalment, today: date, *, owed: bool = True) -> str:
    """What its columns and the day make of it. It is due from ``remind_days`` before its day, overdue from the day after."""
    settled = instalment.received + instalment.written_off
    if instalment.void:
        return State.VOID
    if settled >= instalment.amount:
        return State.PAID
    if owed and instalment.due_on is not None and instalment.due_on < today:
        return State.OVERDUE
    if settled:
        return State.PARTIAL
    soon = instalment.due_on is not None and instalment.due_on - timedelta(days=instalment.remind_days) <= today
    return State.DUE if owed and soon else State.PENDING


def refresh(instalments: QuerySet[Instalment], *, today: date | None = None) -> int:
    """Work out anew how these stand, locked in the order of their ids; how many changed."""
    rows = list(instalments.select_for_update().order_by("pk"))
    if not rows:
        return 0
    ids, day = [row.pk for row in rows], today or timezone.localdate()
    contracts = {row.contract_id for row in rows}
    owed = set(Contract._base_manager.filter(pk__in=contracts, state__in=OWED).values_list("pk", flat=True))
    happened = {event: read(contracts) for event, read in _facts.items() if any(r.event == event for r in rows)}
    own = {event: read(ids) for event, read in _own_facts.items() if any(r.event == event for r in rows)}
    confirmed = Allocation._base_manager.filter(payment__state=Payment.State.CONFIRMED, deleted_at__isnull=True)
    received = _sums(confirmed.filter(instalment__in=ids), "instalment")
    written = _sums(WriteOff._base_manager.filter(instalment__in=ids, deleted_at__isnull=True), "instalment")
    moved = []
    for row in rows:
        before = [getattr(row, name) for name in COLUMNS]
        row.received, row.written_off = received.get(row.pk, ZERO), written.get(row.pk, ZERO)
        if row.received + row.written_off > row.amount:
            raise ValidationError(
                _("“%(name)s” is over %(amount)s: more than that can't be allocated to it.")
                % {"name": row, "amount": row.amount},
                code="over",
            )
        row.due_on = due_of(row, happened, own)
        row.state = state_of(row, day, owed=row.contract_id in owed)
        if before != [getattr(row, name) for name in COLUMNS]:
            moved.append(row)
    Instalment._base_manager.bulk_update(moved, COLUMNS, batch_size=1000)
    return len(moved)


def settle(payments: Iterable[int]) -> None:
    """Work out anew what of these payments is allocated and refunded, locked in the order of their ids."""
    rows = list(Payment._base_manager.select_for_update().filter(pk__in=set(payments)).order_by("pk"))
    ids = [row.pk for row in rows]
    allocated = _sums(Allocation._base_manager.filter(payment__in=ids, deleted_at__isnull=True), "payment")
    refunded = _sums(Refund._base_manager.filter(payment__in=ids, deleted_at__isnull=True), "payment")
    moved = []
    for row in rows:
        new = (allocated.get(row.pk, ZERO), refunded.get(row.pk, ZERO))
        if sum(new) > row.amount:
            raise ValidationError(
                _("“%(name)s” is over %(amount)s: more than that can't be allocated or refunded.")
                % {"name": row, "amount": row.amount},
                code="over",
            )
        if new != (row.allocated, row.refunded):
            row.allocated, row.refunded = new
            moved.append(row)
    Payment._base_manager.bulk_update(moved, ("allocated", "refunded"), batch_size=1000)


def _sums(rows: QuerySet, by: str) -> dict[int, Decimal]:
    return dict(rows.order_by().values_list(by).annotate(Sum("amount")))


TURN = """
with judged as (
    select i.id, case
        when i.void then 'void'
        when i.received + i.written_off >= i.amount then 'paid'
        when c.state = any(%(owed)s) and i.due_on < %(today)s then 'overdue'
        when i.received + i.written_off > 0 then 'partially_paid'
        when c.state = any(%(owed)s) and i.due_on - i.remind_days <= %(today)s then 'due'
        else 'pending' end as state
    from receivables_instalment i join contracts_contract c on c.id = i.contract_id
    where i.deleted_at is null and i.state in ('pending', 'due', 'partially_paid') and i.due_on <= %(latest)s
)
update receivables_instalment i set state = judged.state from judged
where i.id = judged.id and i.state <> judged.state
"""


def turn(today: date | None = None) -> int:
    """What a new day makes of all instalments, in one statement: pending → due → overdue; how many moved."""
    day = today or timezone.localdate()
    with connection.cursor() as cursor:
        cursor.execute(TURN, {"owed": list(OWED), "today": day, "latest": day + timedelta(days=3650)})
        return cursor.rowcount
