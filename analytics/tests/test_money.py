"""Plan, receipts, ageing, durations and the mix against what lies in the lists that their links open."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from analytics.money import MoneyBoard
from crm.access.models import Scope
from crm.approvals import writing
from crm.approvals.models import ApprovalInstance, ApprovalProcess
from crm.approvals.nodes import fresh_node
from crm.records import services as records
from crm.records.actor import Actor
from sales.catalogue.factories import make_product
from sales.contracts import services as contracts
from sales.contracts.models import Contract, ContractLine
from sales.quotes.factories import make_quote
from sales.quotes.models import Quote
from sales.receivables import payments
from sales.receivables.factories import make_contract, make_payment
from sales.receivables.models import Instalment

pytestmark = pytest.mark.django_db
D = Decimal
LABELS = (
    "receivables.instalment", "receivables.payment", "contracts.contract", "contracts.contractline", "catalogue.product",
)  # fmt: skip


def sold(owner, day):
    """A signed contract over 100,000 for one product."""
    actor = Actor(owner, "test")
    contract = make_contract(owner=owner, starts_on=day)
    line = ContractLine(document=contract, product=make_product(owner=owner), unit_price=D(100_000), tax_rate=D(0))
    records.save(line, actor=actor)
    contract.refresh_from_db()
    return contracts.sign_contract(contracts.approve_contract(contract, actor=actor), actor=actor, signed_on=day)


@pytest.fixture
def company(rep, other, grant):
    """A signed contract of each: of 100,000 each, 30 % on signature; 20,000 of the first came in."""
    today = timezone.localdate()
    for label in LABELS:
        grant(rep, label, view=Scope.OWN)
        grant(other, label, view=Scope.ALL)
    mine, theirs = (sold(owner, today - timedelta(days=40)) for owner in (rep, other))
    paid = make_payment(mine, 20_000, owner=rep, paid_on=today)
    payments.confirm_payment(paid, actor=Actor(None, "test"))
    make_payment(mine, 7_000, owner=rep, paid_on=today)  # nobody has confirmed it
    late = today - timedelta(days=35)
    Instalment.objects.filter(seq=1).update(due_on=late, state="overdue")
    return mine, theirs


def amounts(client, url):
    """What the list that a number opens holds: rows, and the sum of their amounts."""
    page = client.get(url)
    assert page.status_code == 200, url
    assert not page.context["query"].problems, url
    records = page.context["page"].records
    return len(records), sum((getattr(r, "total", None) or r.amount for r in records), D(0))


@pytest.mark.parametrize("name", ["rep", "other"])
def test_every_number_opens_its_rows(client, company, rep, other, name):
    reader = {"rep": rep, "other": other}[name]
    client.force_login(reader)
    board = MoneyBoard(reader, "this_year", timezone.localdate())
    for _label, *pair in board.months:
        for sums in pair:
            assert amounts(client, sums.url) == (sums.count, sum(sums.of.values(), D(0)))
    for _label, sums in board.mix:
        assert amounts(client, sums.url) == (sums.count, sum(sums.of.values(), D(0)))
    for _label, sums in board.ageing:
        assert amounts(client, sums.url)[0] == sums.count


def test_what_a_seller_reads_is_theirs(company, rep, other):
    today = timezone.localdate()
    mine, whole = (MoneyBoard(user, "this_year", today) for user in (rep, other))
    assert sum(sums.of.get("CNY", 0) for _l, _p, sums in mine.months) == D(20_000)
    owed = company[0].instalments.get(seq=1).open_amount
    assert [(label, sums.of) for label, sums in mine.ageing if sums.count] == [("31–60 days", {"CNY": owed})]
    assert [sums.count for _label, sums in whole.ageing] == [0, 2, 0, 0]
    # All that is owed fell due within the last three whole months: of 30,000 what is open.
    months = today.replace(day=1) - (today.replace(day=1) - timedelta(days=75)).replace(day=1)
    assert [one["days"] for one in mine.outstanding] == [round(owed / D(30_000) * months.days)]
    assert mine.durations == []
    assert sum(sums.count for _label, sums in whole.mix) == 2 * sum(sums.count for _label, sums in mine.mix) > 0


def test_it_is_for_who_knows_the_amounts(client, company, rep, field_rule):
    client.force_login(rep)
    page = client.get("/analytics/money/")
    assert page.status_code == 200
    assert [block["name"] for block in page.context["blocks"]] == ["plan", "ageing"]
    assert client.get("/analytics/money/?part=mix").context["mix"]["name"] == "mix"
    whole = client.get("/analytics/money/?part=all").content.decode()
    assert "Sold by product category" in whole and "Sold by product category" not in page.content.decode()
    field_rule(rep, "receivables.payment", "amount", "masked")
    assert not MoneyBoard(rep, "", timezone.localdate()).knows_payments
    assert "Received" not in client.get("/analytics/money/").content.decode()
    field_rule(rep, "receivables.instalment", "amount", "hidden")
    assert client.get("/analytics/money/").status_code == 403


def test_how_long_it_took(client, company, rep, boss):
    contract = company[0]
    quote = make_quote(owner=rep, account=contract.account)
    Quote.objects.filter(pk=quote.pk).update(created_at=timezone.now() - timedelta(days=52))
    Contract.objects.filter(pk=contract.pk).update(quote=quote)
    board = MoneyBoard(
        rep, "last_year" if timezone.localdate().timetuple().tm_yday < 41 else "this_year", timezone.localdate()
    )
    assert [(str(one.label), one.count, one.days) for one in board.durations] == [("From quote to signature", 1, 12.0)]
    client.force_login(rep)
    assert amounts(client, board.durations[0].url)[0] == 1


def test_the_time_of_approvals_opens_them(client, company, rep, other):
    process = ApprovalProcess.objects.create(entity="contracts.contract", name="审批", principal=other)
    node = fresh_node() | {"by": "people", "people": [other.pk]}
    version = writing.save_version(process, {"nodes": [node]}, actor=Actor(other))
    now, today = timezone.now(), timezone.localdate()
    for number, contract in enumerate(company):
        for days, state in ((1 + number, "approved"), (9, "approved"), (50, "rejected"), (800, "approved")):
            ended = now - timedelta(days=800 if days == 800 else 0)
            ApprovalInstance.objects.create(
                process=process, version=version, entity="contracts.contract", record_id=contract.pk, title="合同",
                requester=rep, state=state, made_at=ended - timedelta(days=days), ended_at=ended, holds=False,
            )  # fmt: skip
    for reader, count, days in ((rep, 2, 5.0), (other, 4, 5.5)):
        (told,) = [d for d in MoneyBoard(reader, "this_year", today).durations if "Approval" in str(d.label)]
        assert (told.count, told.days) == (count, days)
        client.force_login(reader)
        page = client.get(told.url)
        assert sorted(row["extra"] for row in page.context["rows"]) == ([1, 9] if reader == rep else [1, 2, 9, 9])
