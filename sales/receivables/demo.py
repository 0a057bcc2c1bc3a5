"""Money of the demo company: paid, part paid, overdue, registered and to be confirmed, and a file of the bank."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from crm.demo.steps import World, bench_page, demo_step
from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import User
from sales.receivables import (
    demo_many,  # noqa: F401 - registers its step
    payments,
    standing,
)
from sales.receivables.models import BankStatement, Instalment, Payment, StatementLine

SHARES = (Decimal(1), Decimal(1), Decimal("0.4"), Decimal(0))
LONG_AGO = timedelta(days=60)


@demo_step(100, "payments")
def make_payments(world: World) -> None:
    """Of what came due lately three of four were paid, wholly or in part, before that all but a few; the newest wait for finance."""
    finance = User.objects.filter(username="finance").first()
    today = world.now.date()
    standing.turn(today)
    due = Instalment.objects.alive().filter(due_on__lte=today, state__in=("due", "overdue"))
    rows = list(due.select_related("contract__owner", "account").order_by("due_on", "pk"))
    if finance is None or Payment.objects.exists():
        return
    for number, row in enumerate(rows):
        late = number % 11 == 5 if today - row.due_on > LONG_AGO else True
        part = (row.amount * SHARES[number % len(SHARES) if late else 0]).quantize(Decimal("0.01"))
        if not part:
            continue
        paid_on = min(today, row.due_on + timedelta(days=number % 9))
        payment = payments.register_for_instalment(
            row, actor=Actor(row.contract.owner, "demo"), amount=part, paid_on=paid_on, method="transfer",
            payer=row.account.name, bank_ref=f"CMB{today:%Y}{number:06}", submission="",
        )  # fmt: skip
        if number < len(rows) - 1:
            payments.confirm_payment(payment, actor=Actor(finance, "demo"))
    _statement(world, finance)


def _statement(world: World, finance: User) -> None:
    """A file of the bank with lines that fit open instalments, and one that fits nothing."""
    today, actor = world.now.date(), Actor(finance, "demo")
    statement = BankStatement(owner=finance, name=f"招商银行 {today:%Y-%m}", bank_account="1209 0871 6610 888")
    records.save(statement, actor=actor)
    rows = list(Instalment.objects.alive().filter(state="overdue").select_related("contract", "account")[:3])
    lines = [
        StatementLine(
            statement=statement, owner=finance, paid_on=today, amount=row.open_amount, payer=row.account.name,
            reference=f"货款 {row.contract.number}", bank_ref=f"CMB{today:%Y%m%d}{place:04}",
        )
        for place, row in enumerate(rows)
    ]  # fmt: skip
    lines.append(
        StatementLine(
            statement=statement, owner=finance, paid_on=today, amount=Decimal("1280.50"), payer="某某商贸行",
            reference="退押金", bank_ref=f"CMB{today:%Y%m%d}9999",
        )
    )  # fmt: skip
    records.save_many(lines, actor=actor)


@bench_page("instalments, overdue first", goal=3.0, roles=("manager", "finance", "admin"))
def instalments(user: User) -> tuple[str, str, dict | None]:
    """The list that finance works from."""
    return "GET", "/sales/instalments/?view=open", None
