"""Every number opens the rows that make it: what counts for whom, with shares of deal teams, and each month of the cash outlook."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from crm.activities.models import FollowUp
from crm.entities.testing import listed
from crm.records import services as records
from crm.records.actor import Actor
from sales.contracts.models import Contract
from sales.deals.models import DealMember
from sales.factories import make_lead, make_opportunity
from sales.models import Lead
from sales.planning import cash
from sales.planning.attainment import Board
from sales.planning.models import Crediting
from sales.planning.subjects import tree
from sales.planning.tests.samples import sale
from sales.purchasing import billing
from sales.purchasing.factories import make_bill, make_purchase
from sales.receivables import payments
from sales.receivables.factories import make_contract, make_payment
from sales.receivables.models import Payment

pytestmark = pytest.mark.django_db
D = Decimal
DAY = date(2026, 5, 2)


def shared_sale(owner, amount, shares, day=DAY, **values):
    """A contract of a sale that a team shares."""
    deal = make_opportunity(owner=owner)
    for person, share in shares.items():
        records.save(DealMember(opportunity=deal, user=person, share=D(share)), actor=Actor(owner, "test"))
    return sale(owner, amount, day, opportunity=deal, account=deal.account, **values)


def by_person(reader, metric="sales", year=2026):
    """What the board says of each person in reach."""
    board = Board(reader, metric, year, "year")
    return {s.pk: board.cell(s, board.spans[-1]) for s in board.subjects if not s.is_unit}


def test_shares_of_a_team_count_and_add_up_to_the_cent(client, people):
    rep, other, boss, chief = people.values()
    shared_sale(rep, "0.05", {other: "33.33", boss: "33.34"})
    shared_sale(rep, "100.01", {other: "50", boss: "50"})
    shared_sale(other, "777.77", {rep: "12.5"})
    shared_sale(other, "10", {rep: "30"}, state="draft")
    sale(boss, "1000", DAY)
    total = sum(Contract.objects.filter(state="signed").values_list("amount", flat=True))
    whole = {pk: cell.actual for pk, cell in by_person(chief).items() if cell.actual}
    # 0.05: a third is 0.02, two thirds 0.03; a hundred and a cent: half of it is 50.01; an eighth of 777.77 is 97.22
    want = {
        rep.pk: D("0.02") + D("97.22"),
        other.pk: D("0.02") + D("50.01") + D("680.55"),
        boss.pk: D("0.01") + 50 + 1000,
    }
    assert (whole, sum(whole.values())) == (want, total)
    # A part is one's own figure, also where the contract is another's, and that of who sees one's contracts.
    assert {pk: cell.actual for pk, cell in by_person(rep).items()} == {rep.pk: want[rep.pk]}
    assert {pk: cell.actual for pk, cell in by_person(boss).items()} == {rep.pk: want[rep.pk], boss.pk: want[boss.pk]}
    for reader in people.values():
        client.force_login(reader)
        for cell in by_person(reader).values():
            page = client.get(cell.url)
            assert page.context["total"] == sum(row["worth"] for row in page.context["rows"]) == cell.actual
    client.force_login(rep)
    rows = client.get(by_person(rep)[rep.pk].url).context["rows"]
    assert [row["worth"] for row in rows if not row["url"]] == [D("97.22")]  # of a contract that is not theirs to read
    Crediting.objects.update_or_create(pk=1, defaults={"by": "owner"})
    assert {pk: c.actual for pk, c in by_person(chief).items() if c.actual} == {
        rep.pk: D("100.06"), other.pk: D("777.77"), boss.pk: D(1000),
    }  # fmt: skip


def test_a_department_has_the_parts_of_its_people(client, people):
    rep, other, boss, chief = people.values()
    shared_sale(rep, 1000, {other: 25})
    shared_sale(other, 100, {boss: 10})
    board = Board(chief, "sales", 2026, "year")
    unit = next(s for s in board.subjects if s.is_unit)
    cell = board.cell(unit, board.spans[-1])
    assert cell.actual == D(760)
    client.force_login(chief)
    assert sorted(row["worth"] for row in client.get(cell.url).context["rows"]) == [D(10), D(750)]


def test_who_may_not_know_shares_has_all_with_the_owner(people, field_rule):
    rep, other, _boss, chief = people.values()
    shared_sale(rep, 1000, {other: 25})
    field_rule(chief, "deals.dealmember", "share", "hidden")
    assert {pk: cell.actual for pk, cell in by_person(chief).items() if cell.actual} == {rep.pk: D(1000)}


def test_receipts_are_what_was_kept_and_open_the_same(client, people):
    rep, other, boss, chief = people.values()
    contract = shared_sale(rep, 90_000, {other: 40}, day=date(2025, 1, 1))
    for amount, refunded, state, day in (
        (1000, 0, "confirmed", DAY), (500, 120, "confirmed", DAY + timedelta(days=9)), (70, 0, "registered", DAY),
        (60, 0, "returned", DAY), (30, 0, "confirmed", date(2025, 12, 31)),
    ):  # fmt: skip
        paid = make_payment(contract, amount, paid_on=day)
        Payment.objects.filter(pk=paid.pk).update(state=state, refunded=refunded)
    for reader, want in ((rep, {rep: 828}), (other, {other: 552}), (boss, {rep: 828}), (chief, {rep: 828, other: 552})):
        found = by_person(reader, "receipts")
        assert {pk: cell.actual for pk, cell in found.items() if cell.actual} == {u.pk: D(n) for u, n in want.items()}
        client.force_login(reader)
        for cell in found.values():
            page = client.get(cell.url)
            assert sum(row["worth"] for row in page.context["rows"]) == cell.actual


@pytest.mark.parametrize("metric", ["leads", "visits"])
def test_leads_and_visits_are_the_rows_of_their_list(client, people, metric):
    rep, other, _boss, chief = people.values()
    moment = timezone.make_aware(timezone.datetime(2026, 5, 31, 23, 30))
    for number, owner in enumerate((rep, rep, rep, other)):
        at = moment + timedelta(hours=number // 2)
        if metric == "leads":
            Lead.objects.filter(pk=make_lead(owner=owner).pk).update(created_at=at)
        else:
            kind = "visit" if number else "call"
            lead = make_lead(owner=owner)
            visit = FollowUp(on_entity="sales.lead", on_id=lead.pk, owner=owner, kind=kind, text="到访", happened_at=at)
            records.save(visit, actor=Actor(owner, "test"))
    many = 0 if metric == "visits" else 1
    label = {"leads": "sales.lead", "visits": "activities.followup"}[metric]
    for reader in (rep, chief):
        board = Board(reader, metric, 2026, "month")
        client.force_login(reader)
        for subject in board.subjects:
            cells = [board.cell(subject, span) for span in board.spans]
            for cell in cells:
                assert len(listed(client, label, "?" + cell.url.partition("?")[2])) == cell.actual
            if subject.key == f"u{rep.pk}" or subject.is_unit:
                assert [int(cells[month].actual) for month in (4, 5, 12)] == [1 + many, 1, 2 + many]


def test_rows_are_for_whom_the_subject_is_in_reach(client, people):
    rep, other, _boss, _chief = people.values()
    sale(other, 5, DAY)
    client.force_login(rep)
    way = "/sales/attainment/rows/?metric=sales&first=2026-05-01&last=2026-05-31&subject="
    assert client.get(f"{way}u{rep.pk}").status_code == 200
    for bad in (f"u{other.pk}", "", "d1"):
        assert client.get(way + bad).status_code == 404
    assert client.get(way.replace("2026-05-31", "2026-13-99") + f"u{rep.pk}").status_code == 404
    assert client.get("/sales/cash/rows/?flow=due&month=1999-01").status_code == 404
    assert client.get("/sales/cash/rows/?flow=none").status_code == 403


def test_cash_goes_out_for_bills_orders_and_refunds_and_opens_its_rows(client, people):
    rep, other, _boss, chief = people.values()
    today = timezone.localdate()
    this, actor = today.replace(day=1), Actor(None, "test")
    contract = make_contract(owner=rep, amount=D(1000), signed_on=today)
    paid = payments.confirm_payment(make_payment(contract, 500, paid_on=today), actor=actor)
    payments.release(paid, actor=actor)
    payments.refund(Payment.objects.get(pk=paid.pk), actor=actor, amount=D(50), reason="多付", refunded_on=today)
    later = (this + timedelta(days=40)).replace(day=15)
    supplier = {"expected_on": later}
    purchase = make_purchase(owner=rep, lines=((10, 100),), **supplier)
    type(purchase.supplier).objects.filter(pk=purchase.supplier_id).update(payment_days=5)
    bill = make_bill(purchase, 300, due_on=today - timedelta(days=70))
    billing.settle_bill(bill, actor=actor, amount=D(100), paid_on=today)
    make_bill(make_purchase(owner=other, expected_on=later), 1000, due_on=later)
    made = {m.first: m.sums for m in cash.outlook(rep, today)}
    assert made[this]["received"] == D(500)
    assert (made[this]["refunded"], made[this]["paid"], made[this]["bills"]) == (D(50), D(100), D(200))
    assert made[later.replace(day=1)] == {"orders": D(700)}
    assert {m.first: m.sums for m in cash.outlook(chief, today)}[later.replace(day=1)]["bills"] == D(1000)
    for reader in (rep, chief):
        client.force_login(reader)
        for month in cash.outlook(reader, today):
            assert month.total == sum(cash.FLOWS[name].sign * amount for name, amount in month.sums.items())
            for name, amount in month.sums.items():
                page = client.get(month.urls[name])
                assert page.context["total"] == sum(row["worth"] for row in page.context["rows"]) == amount
    assert client.get("/sales/cash/").status_code == 200


def test_what_a_terminated_contract_has_too_much_is_to_be_paid_back(people):
    rep, today = people["rep"], timezone.localdate()
    contract = make_contract(owner=rep, amount=D(1000), signed_on=today)
    paid = payments.confirm_payment(make_payment(contract, 500, paid_on=today), actor=Actor(None, "test"))
    payments.release(paid, actor=Actor(None, "test"))
    assert "surplus" not in {name for m in cash.outlook(rep, today) for name in m.sums}
    Contract.objects.filter(pk=contract.pk).update(state="terminated")
    assert {m.first: m.sums for m in cash.outlook(rep, today)}[today.replace(day=1)]["surplus"] == D(500)


def test_pages_ask_the_same_for_many_as_for_few(client, people, django_assert_max_num_queries):
    rep, other, _boss, chief = people.values()
    client.force_login(chief)
    pages = ("/sales/attainment/?year=2026", "/sales/forecast/", "/sales/cash/")
    rows = Board(chief, "sales", 2026).cell(tree(chief, "planning.target")[0], [DAY.replace(day=1)]).url

    def asked(address):
        with django_assert_max_num_queries(40) as counted:
            assert client.get(address).status_code == 200
        return len(counted)

    for address in (*pages, rows):
        client.get(address)
    shared_sale(rep, 1000, {other: 25})
    few = [asked(address) for address in (*pages, rows)]
    for _n in range(6):
        shared_sale(rep, 1000, {other: 25})
        make_bill(make_purchase(owner=rep), 300, due_on=DAY)
    assert [asked(address) for address in (*pages, rows)] == few
