"""A company that has sold for years: contracts with plans and payments by the ten thousand, to be measured (sets M and L)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.utils.timezone import make_aware

from crm.demo import words
from crm.demo.loading import Maker, chunks, load
from crm.demo.steps import World, demo_step
from crm.users.models import User
from sales.contracts.models import Contract
from sales.receivables import standing
from sales.receivables.models import Allocation, Instalment, Payment

BATCH = 2000
YEARS = 3
# What of the contract, how many days after it was signed.
PLAN = ((Decimal("0.3"), "预付款", 7), (Decimal("0.6"), "验收款", 90), (Decimal("0.1"), "质保金", 365))
CENT = Decimal("0.01")


@demo_step(105, "contracts with plans")
def make_many(world: World) -> None:
    """Signed over three years; nearly all that came due long ago was paid, of the last month about half."""
    finance = User.objects.filter(username="finance").first()
    for batch in chunks(_contracts(world), BATCH):
        load(batch, links=[("customers.account", "account_id")])
        plan = [part for contract in batch for part in _plan(world, contract)]
        payments = [_payment(world, part, finance) for part in plan if part.received]
        load(plan, links=[("contracts.contract", "contract_id"), ("customers.account", "account_id")])
        if payments:
            load(payments, links=[("contracts.contract", "contract_id"), ("customers.account", "account_id")])
            load(_allocations(plan, payments))


def _contracts(world: World) -> Iterator[Contract]:
    random, make, today = world.random, Maker(Contract), world.now.date()
    for i in range(world.counts.get("contracts", 0)):
        pk, owner, _since, name = world.left["accounts"][random.randrange(len(world.left["accounts"]))]
        signed = today - timedelta(days=int(YEARS * 365 * random.random()))
        ends = signed + timedelta(days=364)
        yield make(
            number=f"LS{signed:%y}{i:07}",
            title=f"{name} {random.choice(words.PROJECTS)}合同"[:300],
            account_id=pk,
            owner=owner,
            amount=Decimal(int(10 ** (3.7 + 2.6 * random.random()))) * 10 + CENT * random.randrange(100),
            state=Contract.State.ACTIVE if ends >= today else Contract.State.COMPLETED,
            seal=Contract.Seal.BOTH,
            signed_on=signed,
            starts_on=signed,
            ends_on=ends,
            created_at=_at(signed),
            updated_at=_at(signed),
        )


def _plan(world: World, contract: Contract) -> Iterator[Instalment]:
    """The instalments of one contract, as they stand; the last takes what rounding left."""
    make, left = Maker(Instalment), contract.amount
    for seq, (ratio, name, days) in enumerate(PLAN, 1):
        amount = left if seq == len(PLAN) else (contract.amount * ratio).quantize(CENT)
        left -= amount
        due_on = contract.signed_on + timedelta(days=days)
        part = make(
            contract_id=contract.pk,
            account_id=contract.account_id,
            owner=contract.owner,
            seq=seq,
            name=name,
            ratio=ratio * 100,
            amount=amount,
            fixed_on=due_on,
            due_on=due_on,
            received=_received(world, amount, due_on),
            created_at=contract.created_at,
            updated_at=contract.created_at,
        )
        part.state = standing.state_of(part, world.now.date())
        yield part


def _received(world: World, amount: Decimal, due_on: date) -> Decimal:
    late = (world.now.date() - due_on).days
    chance = world.random.random()
    if late < 0 or chance > (0.97 if late > 30 else 0.5):
        return Decimal(0)
    return amount if chance > 0.04 else (amount * Decimal("0.4")).quantize(CENT)


def _payment(world: World, part: Instalment, finance: User | None) -> Payment:
    paid_on = min(world.now.date(), part.due_on + timedelta(days=world.random.randrange(-5, 25)))
    return Maker(Payment)(
        number=f"LS{part.contract_id:09}{part.seq}",
        account_id=part.account_id,
        contract_id=part.contract_id,
        owner=part.owner,
        paid_on=paid_on,
        amount=part.received,
        allocated=part.received,
        method=Payment.Method.TRANSFER,
        bank_ref=f"LS{part.contract_id:09}{part.seq}",
        state=Payment.State.CONFIRMED,
        confirmed_by=finance,
        confirmed_at=_at(paid_on),
        created_at=_at(paid_on),
        updated_at=_at(paid_on),
    )


def _allocations(plan: Sequence[Instalment], payments: Sequence[Payment]) -> list[Allocation]:
    make, paid = Maker(Allocation), (part for part in plan if part.received)
    return [
        make(
            payment_id=payment.pk,
            instalment_id=part.pk,
            owner=payment.owner,
            amount=payment.amount,
            created_at=payment.created_at,
            updated_at=payment.created_at,
        )
        for part, payment in zip(paid, payments, strict=True)
    ]


def _at(day: date) -> datetime:
    return make_aware(datetime.combine(day, time(10)))
