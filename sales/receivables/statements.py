"""Files of the bank: read line by line, matched to who paid and for what, confirmed by a click."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from crm.access import policy
from crm.exchange.columns import find_columns
from crm.exchange.reading import ReadError, Table, open_table
from crm.lib.dates import decide_date_order, parse_date
from crm.lib.money import format_money
from crm.lib.text import normalise_company
from crm.records import services as records
from crm.records.actor import Actor
from customers.models import Account
from sales.contracts.models import OWED
from sales.receivables import payments
from sales.receivables.models import BankStatement, Instalment, Payment, StatementLine

State = StatementLine.State
ROWS = 20_000
SHOWN = 6
ZERO = Decimal(0)
# What banks call their columns; the first that fits wins.
HEADINGS = {
    "paid_on": ("交易日期", "入账日期", "记账日期", "交易时间", "日期", "transaction date", "value date", "date"),
    "credit": ("贷方金额", "贷方发生额", "收入金额", "收入", "贷方", "入账金额", "credit amount", "credit", "deposit"),
    "amount": ("交易金额", "发生额", "金额", "amount"),
    "payer": (
        "对方户名",
        "对方名称",
        "付款人名称",
        "付款方户名",
        "付款人",
        "对方单位",
        "payer",
        "counterparty",
        "name",
    ),
    "payer_account": ("对方账号", "对方帐号", "付款人账号", "payer account", "counterparty account"),
    "reference": ("摘要", "用途", "附言", "备注", "purpose", "reference", "description", "remark"),
    "bank_ref": ("交易流水号", "流水号", "交易参考号", "凭证号", "bank reference", "transaction id", "serial"),
    "tax_id": ("税号", "纳税人识别号", "tax id"),
}


@dataclass(frozen=True)
class Read:
    """What became of a file: lines taken in, read before, and not money that came in."""

    added: int
    known: int
    skipped: int


@dataclass(frozen=True)
class Match:
    """Who may have paid and for what: instalments with the amounts they would get, and why."""

    account: Account
    parts: dict[int, Decimal]
    rows: tuple[Instalment, ...]
    reasons: tuple[str, ...]
    score: int


def read_file(statement: BankStatement, path: Path, *, actor: Actor) -> Read:
    """Take in the lines of a CSV or XLSX file; those that were read before are left out.

    ValidationError when it can't be read, or lacks the day, the amount or the payer.
    """
    try:
        table = open_table(path)
    except ReadError as error:
        raise ValidationError(str(error)) from error
    places = _places(table)
    cells = [row for _number, row in islice(table.rows, ROWS)]
    order = decide_date_order([row[places["paid_on"]] for row in cells])[0] or "YMD"
    found = [line for row in cells if (line := _line(statement, places, row, order)) is not None]
    with transaction.atomic():
        BankStatement._base_manager.select_for_update().get(pk=statement.pk)
        fresh = _unread(statement, found)
        records.save_many(fresh, actor=actor)
    return Read(len(fresh), len(found) - len(fresh), len(cells) - len(found))


def _unread(statement: BankStatement, found: list[StatementLine]) -> list[StatementLine]:
    """Lines that no file has brought yet. Where the bank gives no reference, as many as say the same of this account were read before."""
    refs = {line.bank_ref for line in found if line.bank_ref}
    nameless = {"bank_ref": "", "paid_on__in": {line.paid_on for line in found}}
    here = Q(statement__bank_account=statement.bank_account, **nameless)
    there = Counter(map(_mark, StatementLine.objects.alive().filter(Q(bank_ref__in=refs) | here)))
    fresh = []
    for line in found:
        mark = _mark(line)
        if not there[mark]:
            fresh.append(line)
            there[mark] += bool(line.bank_ref)
        elif not line.bank_ref:
            there[mark] -= 1
    return fresh


def _mark(line: StatementLine) -> Hashable:
    return line.bank_ref or (line.paid_on, line.amount, line.payer, line.payer_account, line.reference)


def _places(table: Table) -> dict[str, int]:
    places = find_columns(table.columns, HEADINGS)
    lacking = [word for field, word in (("paid_on", _("the day")), ("payer", _("the payer"))) if field not in places]
    if "credit" not in places and "amount" not in places:
        lacking.append(_("the amount"))
    if lacking:
        raise ValidationError(_("The file lacks a column for: %(columns)s.") % {"columns": ", ".join(lacking)})
    return places


def _line(statement: BankStatement, places: dict[str, int], row: list[str], order: str) -> StatementLine | None:
    """A line of money that came in; None for what went out and for what is no such line."""

    def cell(field: str) -> str:
        return str(row[places[field]]).strip() if field in places else ""

    amount = _money(cell("credit") if "credit" in places else cell("amount"))
    try:
        day = parse_date(cell("paid_on").split(" ")[0], order)
    except ValueError:
        return None
    if day is None or amount is None or amount <= ZERO:
        return None
    texts = {name: cell(name)[:limit] for name, limit in (("payer", 300), ("payer_account", 100), ("reference", 500))}
    more = {"bank_ref": cell("bank_ref")[:100], "tax_id": cell("tax_id")[:40]}
    return StatementLine(statement=statement, owner_id=statement.owner_id, paid_on=day, amount=amount, **texts, **more)


def _money(text: str) -> Decimal | None:
    plain = re.sub(r"[,\s¥￥元]", "", text)
    return Decimal(plain) if re.fullmatch(r"[+-]?\d+(\.\d{1,2})?", plain) else None


# Matching


def suggestions(line: StatementLine, user: Any) -> list[Match]:
    """Who may have paid this, the likeliest first: by name, tax id, earlier payments, and numbers in the purpose."""
    found: dict[int, tuple[Account, list[str], int]] = {}
    for account, reason, score in _payers(line, user):
        known = found.get(account.pk, (account, [], 0))
        found[account.pk] = (account, [*known[1], reason], known[2] + score)
    matches = [_match(line, account, reasons, score, user) for account, reasons, score in found.values()]
    return sorted(matches, key=lambda match: -match.score)[:SHOWN]


def _payers(line: StatementLine, user: Any) -> Iterator[tuple[Account, str, int]]:
    accounts = Account.objects.restrict(user).filter(deleted_at__isnull=True)
    key = normalise_company(line.payer)
    if line.tax_id:
        for account in accounts.filter(tax_id=line.tax_id)[:3]:
            yield account, _("same tax id"), 50
    if key:
        for account in accounts.filter(name_norm=key)[:5]:
            yield account, _("same name"), 40
        paid = Payment.objects.filter(payer_key=key, state=Payment.State.CONFIRMED, deleted_at__isnull=True)
        for account in accounts.filter(pk__in=paid.values("account"))[:5]:
            yield account, _("paid under this name before"), 35
    numbers = re.findall(r"[A-Za-z]{1,6}\d{5,}", line.reference)[:5]
    if numbers:
        rows = Instalment.objects.restrict(user).filter(contract__number__in=numbers).select_related("account")
        for account in {row.account for row in rows[:20]}:
            if policy.can_record(user, account, "view"):
                yield account, _("its contract is named"), 45
    if not key and not numbers:
        return
    same = Instalment.objects.restrict(user).filter(
        deleted_at__isnull=True, state__in=("due", "overdue"), amount=line.amount, received=0, contract__state__in=OWED
    )
    for row in same.select_related("account")[:5]:
        if policy.can_record(user, row.account, "view"):
            yield row.account, _("an instalment of this amount is due"), 15


def _match(line: StatementLine, account: Account, reasons: list[str], score: int, user: Any) -> Match:
    blank = Payment(account=account, currency=line.currency)
    rows = payments.open_instalments(blank)
    seen = policy.visible_ids(user, Instalment, [row.pk for row in rows])
    rows = [row for row in rows if row.pk in seen]
    named = [row for row in rows if row.contract.number and row.contract.number in line.reference]
    exact = [row for row in rows if row.open_amount == line.amount]
    order = list(dict.fromkeys([*[r for r in named if r in exact], *named, *exact, *rows]))
    parts = payments.suggest(line.amount, order)
    bonus = 20 if exact else 0
    return Match(account, parts, tuple(row for row in order if row.pk in parts), tuple(reasons), score + bonus)


@transaction.atomic
def confirm_line(
    line: StatementLine, *, actor: Actor, account: Account, parts: dict[int, Decimal] | None = None
) -> Payment:
    """It is a payment of this account: registered, confirmed and allocated at once. Twice does it once."""
    line = StatementLine._base_manager.select_for_update().get(pk=line.pk)
    if line.payment is not None:
        return line.payment
    if line.state != State.OPEN:
        raise ValidationError(_("“%(line)s” is settled already.") % {"line": line})
    known = Payment.objects.alive().filter(method="transfer", bank_ref=line.bank_ref).exclude(state="void")
    there = known.first() if line.bank_ref else None
    if there is not None and (there.amount, there.currency) != (line.amount, line.currency):
        told = {"payment": there, "amount": format_money(there.amount, there.currency)}
        raise ValidationError(
            _("“%(payment)s” bears this bank reference, over %(amount)s: correct or void it first.") % told
        )
    payment = there or payments.register_payment(
        actor=actor, account=account, owner=account.owner or actor.user, amount=line.amount, paid_on=line.paid_on,
        payer=line.payer, bank_ref=line.bank_ref, currency=line.currency, submission=f"bank-line-{line.pk}",
    )  # fmt: skip
    payment = payments.confirm_payment(payment, actor=actor)
    if parts and not payment.allocated:
        payment = payments.allocate(payment, actor=actor, parts=parts)
    line.payment, line.state = payment, State.MATCHED
    records.save(line, actor=actor)
    return payment


def match_line(line: StatementLine, *, actor: Actor, account: Account) -> Payment:
    """What the verb does: the suggestion for this account."""
    if actor.user is not None and not policy.can(actor.user, "receivables.payment", "confirm"):
        raise ValidationError(_("Only finance says that money is there."))
    known = next((m for m in suggestions(line, actor.user) if m.account.pk == account.pk), None)
    return confirm_line(line, actor=actor, account=account, parts=known.parts if known else None)


@transaction.atomic
def ignore_line(line: StatementLine, *, actor: Actor) -> StatementLine:
    """It is no payment of a customer."""
    line = StatementLine._base_manager.select_for_update().get(pk=line.pk)
    if line.state == State.OPEN:
        line.state = State.IGNORED
        records.save(line, actor=actor)
    return line
