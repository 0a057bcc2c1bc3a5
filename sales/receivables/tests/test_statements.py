"""A file of the bank becomes payments by a click; nothing is read or counted twice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account
from sales.receivables import statements
from sales.receivables.factories import make_contract
from sales.receivables.models import BankStatement, Instalment, Payment, StatementLine

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def contract(boss):
    account = make_account(owner=boss, name="北辰重工集团有限公司")
    return make_contract(owner=boss, account=account, signed_on=date(2026, 11, 1))


@pytest.fixture
def statement(boss):
    made = BankStatement(owner=boss, name="招行 11 月")
    records.save(made, actor=Actor(boss))
    return made


def csv(contract) -> bytes:
    return (
        "交易日期,借方金额,贷方金额,对方户名,摘要,交易流水号\n"
        f'2026-11-08,,"30,000.00",北辰重工集团有限公司,货款 {contract.number},A001\n'
        "2026-11-09,500.00,,某供应商,采购,A002\n"
        "2026-11-10,,99.50,某某商贸行,退押金,A003\n"
        '2026-11-08,,"30,000.00",北辰重工集团有限公司,货款,A001\n'
    ).encode("gb18030")


def test_a_file_becomes_payments(boss, client, contract, statement):
    client.force_login(boss)
    url = f"/sales/bank/{statement.pk}/read/"
    for _again in range(2):
        client.post(url, {"file": SimpleUploadedFile("bank.csv", csv(contract))})
    assert sorted(StatementLine.objects.values_list("bank_ref", "amount")) == [
        ("A001", D(30_000)),
        ("A003", D("99.50")),
    ]
    line = StatementLine.objects.get(bank_ref="A001")
    best = statements.suggestions(line, boss)[0]
    first = Instalment.objects.get(contract=contract, seq=1)
    assert (best.account.pk, best.parts) == (contract.account_id, {first.pk: D(30_000)})
    address = f"/sales/statementlines/{line.pk}/do/match/"
    assert client.get(address).status_code == 200
    assert client.post(address, {"account": contract.account_id}).status_code in (200, 302)
    statements.confirm_line(line, actor=Actor(boss), account=contract.account)
    payment = Payment.objects.get()
    first.refresh_from_db()
    assert (payment.state, payment.bank_ref, first.state) == ("confirmed", "A001", "paid")
    assert statements.suggestions(StatementLine.objects.get(bank_ref="A003"), boss) == []


def test_lines_without_a_reference_are_read_once_each(boss, statement, tmp_path):
    path, line = tmp_path / "x", "2026-11-08,500.00,甲,货款\n"
    for lines, told in ((2, (2, 0)), (2, (0, 2)), (3, (1, 2))):
        path.write_text("日期,收入金额,对方户名,摘要\n2026-11-13,1.00,乙,\n" + line * lines)
        read = statements.read_file(statement, path, actor=Actor(boss))
        first = int(told == (2, 0))
        assert (read.added, read.known) == (told[0] + first, told[1] + 1 - first)


def test_a_known_payer_is_suggested(boss, contract, statement):
    payer = StatementLine(statement=statement, owner=boss, paid_on=date(2026, 11, 8), amount=D(1), payer="王小明个体户")
    records.save(payer, actor=Actor(boss))
    statements.confirm_line(payer, actor=Actor(boss), account=contract.account)
    again = StatementLine(statement=statement, owner=boss, paid_on=date(2026, 11, 9), amount=D(2), payer="王小明个体户")
    assert [match.account.pk for match in statements.suggestions(again, boss)] == [contract.account_id]


def test_where_nobody_fits_any_customer_may_be_chosen(boss, client, contract, statement):
    client.force_login(boss)
    line = StatementLine(statement=statement, owner=boss, paid_on=date(2026, 11, 8), amount=D(1), payer="陌生公司")
    records.save(line, actor=Actor(boss))
    address = f"/sales/statementlines/{line.pk}/do/match/"
    assert 'data-remote="/customers/accounts/choices/"' in client.get(address).content.decode()
    assert client.post(address, {"account": contract.account_id}).status_code in (200, 302)
    assert Payment.objects.get().account == contract.account


def test_a_file_without_amounts_is_refused(boss, statement, tmp_path):
    path = tmp_path / "x"
    path.write_text("日期,对方户名\n2026-01-01,甲\n2026-01-02,乙\n")
    with pytest.raises(ValidationError):
        statements.read_file(statement, path, actor=Actor(boss))
    assert not StatementLine.objects.exists()


def test_strangers_read_nothing_in(rep, client, statement):
    client.force_login(rep)
    assert client.post(f"/sales/bank/{statement.pk}/read/", {}).status_code == 404
