"""Targets, attainment, forecast and snapshots against slow, obvious sums; and what nobody out of reach may learn."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from crm.records import services as records
from crm.records.actor import Actor
from crm.reference.models import ExchangeRate
from crm.users.models import Department
from sales.factories import make_opportunity, make_pipeline
from sales.models import Opportunity
from sales.planning import cash, snapshots, targets
from sales.planning.attainment import Board
from sales.planning.factories import make_target
from sales.planning.forecast import CATEGORIES, Forecast, Period
from sales.planning.models import ForecastAdjustment, ForecastLine, Target
from sales.planning.subjects import tree
from sales.planning.tests.samples import sale
from sales.receivables.factories import make_contract

pytestmark = pytest.mark.django_db
D = Decimal


def test_attainment_is_the_sum_of_what_the_link_shows(client, people):
    rep, other, boss, chief = people.values()
    ExchangeRate.objects.create(currency="USD", day=date(2025, 1, 1), rate=D(7))
    ExchangeRate.objects.create(currency="USD", day=date(2025, 5, 10), rate=D("7.2"))
    sale(rep, 1000, date(2025, 5, 2))
    sale(rep, 100, date(2025, 5, 9), "USD")
    sale(rep, 100, date(2025, 5, 10), "USD")
    sale(rep, 50, date(2025, 5, 11), "EUR")  # nobody knows what a euro is worth
    sale(rep, 5000, date(2025, 5, 3), state="draft")
    sale(other, 300, date(2025, 5, 4))
    make_target(date(2025, 5, 1), 4840, owner=rep)
    board = Board(rep, "sales", 2025, "month")
    (subject,) = board.subjects
    cell = board.cell(subject, [date(2025, 5, 1)])
    assert (cell.target, cell.actual, cell.rate, board.actuals.unrated) == (D(4840), D(2420), 50, 1)
    client.force_login(rep)
    page = client.get(cell.url)
    assert page.context["total"] == cell.actual
    assert sorted(row["worth"] or 0 for row in page.context["rows"]) == [0, 700, 720, 1000]
    whole = Board(chief, "sales", 2025, "year")
    assert sum(whole.cell(s, whole.spans[0]).actual for s in whole.subjects if not s.is_unit) == D(2720)
    team = Board(boss, "sales", 2025, "year")
    unit = next(s for s in team.subjects if s.is_unit)
    assert team.cell(unit, team.spans[0]).actual == D(2420)


def test_nobody_sees_targets_of_people_out_of_reach(client, people, department):
    rep, other, boss, chief = people.values()
    month = date(2026, 3, 1)
    mine, theirs = make_target(month, owner=rep), make_target(month, 777_777, owner=other)
    unit = make_target(month, 555_555, owner=chief, unit=department)
    seen = {user.username: set(Target.objects.restrict(user)) for user in people.values()}
    assert seen == {"rep": {mine}, "other": {theirs}, "boss": {mine, unit}, "chief": {mine, theirs, unit}}
    assert [s.key for s in tree(rep, "planning.target")] == [f"u{rep.pk}"]
    client.force_login(boss)
    text = client.get("/sales/attainment/?year=2026&by=month").content.decode()
    assert rep.name in text
    assert other.name not in text
    assert "777" not in text
    client.force_login(rep)
    assert client.get("/sales/targets/plan/").status_code == 403
    assert "555" not in client.get("/sales/attainment/?year=2026&by=month").content.decode()


def test_the_grid_is_saved_as_one_change_and_only_within_reach(client, people, department):
    rep, other, boss, _chief = people.values()
    client.force_login(boss)
    page = client.get("/sales/targets/plan/?year=2027&metric=sales")
    typed = {f"u{rep.pk}-1": "1.2万", f"u{rep.pk}-2": "3,000", f"d{department.pk}-1": "20000", f"u{other.pk}-1": "9"}
    given = {"year": 2027, "metric": "sales", "mark": page.context["mark"], "do": "save", **typed}
    assert client.post("/sales/targets/plan/", given).status_code == 302
    kept = {(t.key, t.month.month): t.amount for t in Target.objects.all()}
    assert kept == {(f"u{rep.pk}", 1): D(12000), (f"u{rep.pk}", 2): D(3000), (f"d{department.pk}", 1): D(20000)}
    assert client.post("/sales/targets/plan/", given).status_code == 409  # typed over what has changed since
    mark = client.get("/sales/targets/plan/?year=2027&metric=sales").context["mark"]
    assert client.post("/sales/targets/plan/", {**given, "mark": mark, f"u{rep.pk}-2": ""}).status_code == 302
    assert Target.objects.alive().count() == 2
    assert client.post("/sales/targets/plan/", {**given, f"u{rep.pk}-2": "x"}).status_code == 422


@pytest.mark.parametrize("total", ["0", "1", "100", "99999.99", "1200000"])
def test_shares_add_up_to_the_total(total):
    for weights in ([D(1)] * 12, [D(n) for n in range(12)], [D(0)] * 12):
        assert sum(targets.spread(D(total), weights)) == D(total)


def test_a_draft_is_last_year_times_growth_by_season(people):
    rep = people["rep"]
    sale(rep, 3000, date(2025, 3, 5))
    sale(rep, 9000, date(2025, 9, 5))
    sale(rep, 10000, date(2024, 9, 5))
    (subject,) = tree(rep, "planning.target")
    history = targets.history_of(rep, "sales", 2026)
    drafted = targets.draft(history, subject, 2026, None)  # 12000 after 10000: a fifth more
    assert sum(drafted) == D(14400)
    by_hand = {3: D(14400) * 3000 / 22000, 9: D(14400) * 19000 / 22000}
    assert {m: amount for m, amount in enumerate(drafted, 1) if amount} == {m: round(a) for m, a in by_hand.items()}
    assert sum(targets.draft(history, subject, 2026, D(-50))) == D(6000)


def test_the_forecast_is_what_opportunities_add_up_to(client, people):
    rep, other, boss, chief = people.values()
    stages = list(make_pipeline().stages.all())
    period, today = Period(date(2026, 10, 1), 3), date(2026, 11, 5)
    for number in range(40):
        make_opportunity(
            owner=[rep, other, boss][number % 3], stage=stages[number % len(stages)], amount=D(1000 + number),
            close_date=date(2026, 9, 20) + timedelta(days=number * 3),
            forecast_category=["", "", "commit", "omitted"][number % 4],
        )  # fmt: skip
    for reader, seen in ((rep, {rep}), (boss, {rep, boss}), (chief, {rep, other, boss})):
        board = Forecast(reader, period, today)
        want: dict = {}
        for deal in Opportunity.objects.select_related("stage", "owner"):
            if deal.owner in seen and deal.state != "lost" and period.first <= deal.close_date <= period.last:
                category = "closed" if deal.state == "won" else deal.forecast_category or deal.stage.forecast
                want[deal.owner_id, category] = want.get((deal.owner_id, category), 0) + deal.amount
        got = {
            (s.pk, name): figure.amount
            for s in board.subjects if not s.is_unit
            for name, figure in board.figures(s).items() if figure.count
        }  # fmt: skip
        assert got == want
        client.force_login(reader)
        subject = next(s for s in board.subjects if s.key == f"u{rep.pk}")
        for name in CATEGORIES:
            page = client.get(board.figures(subject)[name].url)
            assert sum(deal.worth for deal, _account in page.context["rows"]) == want.get((rep.pk, name), 0)
    client.force_login(rep)
    assert client.get(f"/sales/forecast/deals/?period={period}&subject=u{other.pk}&category=commit").status_code == 404


def test_what_changed_since_a_snapshot(client, people):
    rep, other, boss, _chief = people.values()
    stages = {s.state: s for s in make_pipeline().stages.all()}
    period, today = Period.read("", timezone.localdate()), timezone.localdate()

    def deal(amount, day=period.first, owner=rep):
        return make_opportunity(owner=owner, stage=stages["open"], amount=D(amount), close_date=day)

    same, up, down, out, won, lost, inward, gone = (deal(n) for n in (100, 200, 300, 400, 500, 600, 700, 80))
    Opportunity.objects.filter(pk=inward.pk).update(close_date=period.last + timedelta(days=9))
    deal(9000, owner=other)
    assert snapshots.take(today) == 9
    assert snapshots.take(today) == 0
    assert snapshots.take_weekly(today) == 0
    update = lambda one, **values: Opportunity.objects.filter(pk=one.pk).update(**values)  # noqa: E731
    update(up, amount=D(250))
    update(down, amount=D(270))
    update(out, close_date=period.last + timedelta(days=1))
    update(won, state="won", stage=stages["won"])
    update(lost, state="lost", stage=stages["lost"])
    update(inward, close_date=period.last)
    new = deal(40)
    update(gone, deleted_at=timezone.now())
    update(Opportunity.objects.get(owner=other), amount=D(1))
    rows = snapshots.changed(boss, period, today, None, today)
    assert {(row.pk, row.kind): row.by for row in rows} == {
        (up.pk, "up"): D(50), (down.pk, "down"): D(-30), (out.pk, "out"): D(-400), (won.pk, "won"): D(-500),
        (lost.pk, "lost"): D(-600), (inward.pk, "in"): D(700), (new.pk, "in"): D(40),
        (gone.pk, "gone"): D(-80),
    }  # fmt: skip
    client.force_login(boss)
    page = client.get(f"/sales/forecast/changes/?period={period}")
    assert page.status_code == 200
    assert len(page.context["rows"]) == 8
    ForecastLine.objects.update(taken_on=period.first, category="commit")
    (told,) = snapshots.accuracy(boss, period, today, back=0)
    assert (told.expected, told.closed) == (D(2180), D(500))  # what was removed since was expected, too
    for way, worth in (("expected/?", D(2180)), ("deals/?category=closed&", D(500))):
        page = client.get(f"/sales/forecast/{way}period={period}")
        shown = [row["worth"] if isinstance(row, dict) else row[0].worth for row in page.context["rows"]]
        assert sum(shown) == worth
    assert same.pk not in {row.pk for row in rows}


def test_cash_counts_nothing_twice(people):
    rep, today = people["rep"], timezone.localdate()
    deal = make_opportunity(owner=rep, amount=D(1000), probability=40, close_date=today)
    months = {m.first: m for m in cash.outlook(rep, today)}
    assert months[today.replace(day=1)].sums["weighted"] == D(400)
    contract = make_contract(
        owner=rep, account=deal.account, opportunity=deal, amount=D(1000), signed_on=today, payment_terms=""
    )
    months = {m.first: m for m in cash.outlook(rep, today)}
    assert months[today.replace(day=1)].sums.get("weighted", 0) == 0
    owed = sum(i.open_amount for i in contract.instalments.all() if i.due_on)
    assert sum(m.sums.get("due", 0) for m in months.values()) == owed


def test_a_leader_adjusts_and_the_change_is_kept(people):
    rep, boss = people["rep"], people["boss"]
    said = ForecastAdjustment(owner=rep, span="quarter", starts_on=date(2026, 10, 1), amount=D(10), note="保守")
    records.save(said, actor=Actor(boss, "test"))
    board = Forecast(boss, Period(date(2026, 10, 1), 3), date(2026, 11, 1))
    row = next(r for r in board.rows if r["subject"].key == f"u{rep.pk}")
    assert (row["said"].amount, row["expected"], row["outlook"]) == (D(10), 0, D(10))
    (unit,) = (r for r in board.rows if r["subject"].is_unit)
    assert (unit["said"], unit["expected"], unit["outlook"]) == (None, 0, D(10))


def test_many_people_are_shown_a_department_at_a_time(client, people, department, make_user, monkeypatch):
    """The head and what stands right below it; a department opens on its people, with the way back."""
    chief = people["chief"]
    south = Department.objects.create(name="华南大区", parent=department)
    below = [make_user(f"s{n}", department=south) for n in range(4)]
    for user in below:
        make_target(date(2026, 3, 1), 100, owner=user)
        make_opportunity(owner=user, amount=10, close_date=timezone.localdate())
    client.force_login(chief)
    pages = ("/sales/attainment/?year=2026", "/sales/forecast/")
    assert all("s0" in client.get(page).content.decode() for page in pages)
    monkeypatch.setattr("sales.planning.subjects.MOST", 5)
    for page in pages:
        whole = client.get(page)
        names = [(row[0] if isinstance(row, tuple) else row["subject"]).name for row in whole.context["rows"]]
        assert names[0] == department.name and south.name in names and "s0" not in names
        opened = client.get(page, {**whole.wsgi_request.GET.dict(), "of": f"d{south.pk}"})
        names = [(row[0] if isinstance(row, tuple) else row["subject"]).name for row in opened.context["rows"]]
        assert names == [south.name, "s0", "s1", "s2", "s3"]
        assert [unit.name for unit in opened.context["way"]] == [department.name]


def test_an_owner_that_is_hidden_is_named_nowhere(client, people, field_rule):
    """Neither behind a figure of the forecast, nor in what moved, nor behind the cash outlook."""
    chief, rep = people["chief"], people["rep"]
    today = timezone.localdate()
    period = Period.read("", today)
    deal = make_opportunity(owner=rep, amount=10, close_date=today, forecast_category="commit")
    snapshots.take(today - timedelta(days=1))
    Opportunity.objects.filter(pk=deal.pk).update(amount=20)
    pages = (
        f"/sales/forecast/deals/?period={period}&subject=&category=commit",
        f"/sales/forecast/changes/?period={period}",
        f"/sales/cash/rows/?flow=weighted&month={today:%Y-%m}",
    )

    def rows():
        client.force_login(chief)
        return [client.get(page).content.decode().partition("<tbody")[2].partition("</tbody>")[0] for page in pages]

    assert all(rep.name in told and deal.name in told for told in rows())
    field_rule(chief, "sales.opportunity", "owner", "hidden")
    assert not any(rep.name in told for told in rows())
    assert all(deal.name in told for told in rows())


def test_the_plan_stands_beside_what_last_year_brought(client, people, field_rule):
    rep, _other, boss, _chief = people.values()
    sale(rep, 1000, date(2025, 5, 2))
    sale(rep, 3000, date(2025, 12, 31))
    sale(rep, 9999, date(2026, 1, 1))
    make_target(date(2026, 1, 1), 5000, owner=rep)
    client.force_login(boss)
    address = "/sales/targets/plan/?year=2026&metric=sales"

    def row():
        page = client.get(address)
        (found,) = (one for one in page.context["rows"] if one["subject"].key == f"u{rep.pk}")
        return found["last"], found["change"], page.content.decode()

    last, change, text = row()
    assert (last, change) == (4000, 25)
    assert "2025 actual" in text and "+25%" in text
    field_rule(boss, "contracts.contract", "amount", "hidden")
    last, change, text = row()
    assert (last, change) == (0, None)
    assert "2025 actual" not in text
