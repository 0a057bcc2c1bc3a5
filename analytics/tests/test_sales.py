"""Numbers of sales against a slow and obvious count, within rights, and every link against the rows it opens."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics.dashboard import Dashboard
from crm.access.models import Scope
from crm.entities.entity import registry
from crm.home.widgets import filled, shown, widgets
from crm.records.actor import Actor
from customers.factories import make_account, make_source
from sales.factories import make_lead, make_loss_reason, make_opportunity, make_pipeline, make_stage
from sales.models import Opportunity
from sales.services import lose_opportunity, move_stage

pytestmark = pytest.mark.django_db
LABEL = "sales.opportunity"


def make(owner, stage="需求分析", amount=100, days=0, **values):
    """An opportunity that has stood in its stage for ``days``, closing today."""
    values.setdefault("close_date", timezone.localdate())
    amount = None if amount is None else Decimal(amount)
    deal = make_opportunity(owner=owner, stage=make_stage(stage), amount=amount, **values)
    Opportunity.objects.filter(pk=deal.pk).update(stage_entered_at=timezone.now() - timedelta(days=days))
    return deal


@pytest.fixture
def deals(rep, other, grant, team):
    """Open, stalled, won and lost ones of two people, in two currencies."""
    grant(rep, LABEL, view=Scope.OWN)
    fair, today = make_source("展会"), timezone.localdate()
    make(rep, days=3)
    make(rep, days=40, amount=700)
    make(other, days=40, amount=50, currency="USD")
    make(other, stage="合同谈判", days=11, amount=None)
    make(rep, stage="赢单", amount=1000, source=fair)
    make(other, stage="赢单", amount=2000, source=fair)
    make(other, stage="赢单", amount=30, currency="USD")
    make(other, stage="赢单", amount=9, close_date=date(today.year - 1, 5, 5))
    make(other, stage="输单", amount=5)


def dashboard(user, query=""):
    asked = QueryDict(f"pipeline={make_pipeline().pk}&{query}")
    return Dashboard(user, asked, timezone.localdate())


def seen(user):
    """Slowly: every row that the user may see."""
    mine = user.roles.get().grants.get(entity=LABEL, action="view").scope == Scope.OWN
    return [o for o in Opportunity.objects.select_related("stage", "source", "owner") if not mine or o.owner == user]


def totals(rows):
    found = Counter()
    for row in rows:
        if row.amount:
            found[row.currency] += row.amount
    return dict(found)


def is_stalled(deal):
    limit = deal.stage.rotting_days
    if deal.state != "open" or limit is None:
        return False
    return timezone.now() - deal.stage_entered_at >= timedelta(days=limit)


@pytest.fixture(params=["rep", "manager"])
def reader(request, rep, make_user, grant):
    if request.param == "rep":
        return rep
    manager = make_user("manager")
    grant(manager, LABEL, view=Scope.ALL)
    return manager


def test_the_funnel_counts_what_the_reader_sees(deals, reader):
    rows = {row.stage.name: row for row in dashboard(reader).moving}
    for name, row in rows.items():
        here = [o for o in seen(reader) if o.state == "open" and o.stage.name == name]
        late = [o for o in here if is_stalled(o)]
        assert (row.tally.count, row.tally.sums) == (len(here), totals(here))
        assert (row.stalled.count, row.stalled.sums) == (len(late), totals(late))
    assert rows["需求分析"].stalled.count == (1 if reader.username == "rep" else 2)


def test_what_was_won_is_counted_three_ways(deals, reader):
    today = timezone.localdate()
    won = [o for o in seen(reader) if o.state == "won" and o.close_date.year == today.year]
    board = dashboard(reader)
    for slow, fast in (
        (lambda o: f"{o.close_date:%Y-%m}", board.months),
        (lambda o: str(o.owner), board.reps),
        (lambda o: o.source.name if o.source else "Without", board.sources),
    ):
        expected = {key: [o for o in won if slow(o) == key] for key in {slow(o) for o in won}}
        counted = {key: tally for key, tally in fast if tally.count}
        assert {k: t.count for k, t in counted.items()} == {k: len(v) for k, v in expected.items()}
        assert {k: t.sums for k, t in counted.items()} == {k: totals(v) for k, v in expected.items()}


def test_every_link_opens_exactly_the_counted_rows(client, deals, reader):
    client.force_login(reader)
    board = dashboard(reader)
    tallies = [tally for row in board.moving for tally in (row.tally, row.stalled)]
    tallies += [tally for rows in (board.months, board.reps, board.sources) for _label, tally in rows]
    assert sum(tally.count for tally in tallies) > 5
    for tally in tallies:
        answer = client.get(tally.url)
        assert not answer.context["query"].problems, tally.url
        assert len(answer.context["page"]) == tally.count, tally.url
        assert totals(answer.context["page"]) == tally.sums, tally.url


def test_filters_narrow_numbers_and_links_alike(client, deals, other, make_user, grant):
    manager = make_user("manager")
    grant(manager, LABEL, view=Scope.ALL)
    client.force_login(manager)
    board = dashboard(manager, f"owner={other.pk}&period=last_year")
    (row,) = [tally for _name, tally in board.reps]
    assert (row.count, row.sums) == (1, {"CNY": 9})
    assert [tally.count for tally in (r.tally for r in board.funnel)] == [1, 0, 1]
    for tally in [row, *(r.tally for r in board.funnel)]:
        assert len(client.get(tally.url).context["page"]) == tally.count


def test_a_department_means_those_below_it_too(client, department, make_user, grant):
    below = type(department).objects.create(name="二组", parent=department)
    make(make_user("deep", department=below))
    make(make_user("elsewhere"))
    manager = make_user("manager", department=department)
    grant(manager, LABEL, view=Scope.DEPARTMENT)
    client.force_login(manager)
    board = dashboard(manager, f"department={department.pk}")
    assert board.funnel[0].tally.count == 1
    assert len(client.get(board.funnel[0].tally.url).context["page"]) == 1
    assert dashboard(manager, f"department={below.pk}").funnel[0].tally.count == 1


@pytest.mark.parametrize("mode", ["hidden", "masked"])
def test_hidden_amounts_are_counted_never_added(client, deals, rep, field_rule, mode):
    field_rule(rep, LABEL, "amount", mode)
    board = dashboard(rep)
    assert board.funnel[0].tally.count == 2
    assert not any(t.sums for _label, t in [*board.months, *board.reps, *board.sources])
    client.force_login(rep)
    for page in ("/", "/home/widget/funnel/", "/home/widget/stalled/", "/analytics/sales/?part=all"):
        shown_text = client.get(page).content.decode()
        assert "¥1K" not in shown_text
        assert "1,000" not in shown_text
        assert "1000.0" not in shown_text


@pytest.mark.parametrize("name", ["state", "stage", "close_date", "owner", "source", "stage_entered_at", "pipeline"])
def test_a_hidden_field_takes_its_numbers_along(client, deals, rep, field_rule, name):
    field_rule(rep, LABEL, name, "hidden")
    client.force_login(rep)
    assert client.get("/").status_code == 200
    answer = client.get(f"/analytics/sales/?pipeline={make_pipeline().pk}&part=all")
    assert answer.status_code == 200
    board = answer.context["board"]
    links = [t.url for row in board.funnel for t in (row.tally, row.stalled) if t.url]
    links += [t.url for block in answer.context["blocks"] for _label, t in block["rows"]]
    assert not any(client.get(url).context["query"].problems for url in links)


def test_moves_tell_conversion_and_time(rep, boss):
    first, second, third = make(rep, days=1), make(rep, days=4), make(rep, days=4)
    for deal, to in ((first, "方案设计"), (second, "合同谈判")):
        deal.refresh_from_db()
        move_stage(deal, make_stage(to), actor=Actor(boss))
    third.refresh_from_db()
    lose_opportunity(third, actor=Actor(boss), loss_reason=make_loss_reason())
    row = dashboard(boss).moving[0]
    assert (row.conversion, round(row.days, 2)) == (67, 3.0)
    assert dashboard(boss, "period=last_year").moving[0].conversion is None


def test_the_dashboard_needs_the_grant(client, rep, grant):
    grant(rep, "customers.account", view=Scope.ALL)
    client.force_login(rep)
    assert client.get("/analytics/sales/").status_code == 403
    assert client.get("/analytics/sales/people/").status_code == 403
    assert "/analytics/sales/" not in client.get("/").content.decode()


@pytest.mark.parametrize(
    "query",
    ["pipeline=x", "pipeline=999", "owner=99999999999999999999", "owner=²", "team=x", "period=never", "department=%00"],
)
def test_filters_that_mean_nothing_do_no_harm(client, deals, rep, query):
    client.force_login(rep)
    assert client.get(f"/analytics/sales/?{query}&part=all").status_code == 200


def test_pages_ask_little_of_the_database(client, deals, reader):
    client.force_login(reader)
    for page, most in (("/analytics/sales/", 12), ("/analytics/sales/?part=all", 16), ("/", 16)):
        client.get(page)
        with CaptureQueriesContext(connection) as asked:
            client.get(page)
        assert len(asked) <= most, [q["sql"][:90] for q in asked]


def test_home_speaks_of_mine_or_of_the_team(deals, rep, make_user, grant):
    lead = make_user("lead")
    grant(lead, LABEL, view=Scope.ALL)
    cards = {w["name"]: w["context"]["cards"] for w in shown(rep, "cards")}
    assert cards["sales"][0]["value"] == "¥800"
    assert {w["name"] for w in shown(rep, "side")} == {"funnel", "starred"}
    assert {w["name"] for w in shown(lead, "side")} == {"funnel", "stuck", "leaders", "starred"}
    leaders = filled(widgets["leaders"], lead)["context"]["people"]
    assert [name for name, _tally in leaders] == ["陈立", "林晓"]


def test_home_links_open_what_they_count(client, deals, rep):
    make(rep, stage="方案设计")
    client.force_login(rep)
    steps = filled(widgets["funnel"], rep)["context"]["steps"]
    for step in steps:
        assert len(client.get(step["tally"].url).context["page"]) == step["tally"].count
    for card, count in zip(shown(rep, "cards")[0]["context"]["cards"], (3, 1), strict=True):
        assert len(client.get(card["url"]).context["page"]) == count


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Los_Angeles"])
def test_every_door_means_the_same_by_stalled(client, rep, other, grant, make_user, zone):
    """The list's condition, the query set, the record, the card, the dashboard and home: full days of 24 hours."""
    lead = make_user("lead", timezone=zone)
    grant(lead, LABEL, view=Scope.ALL)
    client.force_login(lead)
    deals = {
        hours: make(rep, stage=name, amount=hours)
        for name, limit in (("需求分析", 14), ("合同谈判", 10))
        for hours in (limit * 24 - 13, limit * 24 - 1, limit * 24 + 1, limit * 24 + 13)
    }
    for hours, deal in deals.items():
        Opportunity.objects.filter(pk=deal.pk).update(stage_entered_at=timezone.now() - timedelta(hours=hours))
    late = {deals[hours].pk for hours in (337, 349, 241, 253)}
    rows = Opportunity.objects.select_related("stage")
    assert set(rows.stalled(timezone.now()).values_list("pk", flat=True)) == late
    assert {row.pk for row in rows if row.is_stalled} == late
    assert {row.pk for row in rows if registry[LABEL].card(row, ()).flags["stalled"]} == late
    board = client.get(f"/analytics/sales/?pipeline={make_pipeline().pk}&part=all").context["board"]
    assert sum(row.stalled.count for row in board.moving) == len(late)
    stuck = client.get("/home/widget/stuck/").context["rows"]
    assert sum(tally.count for _stage, tally in stuck) == len(late)
    for links in ([row.stalled for row in board.moving if row.stalled.count], [tally for _stage, tally in stuck]):
        assert {row.pk for tally in links for row in client.get(tally.url).context["page"]} == late
    named = client.get("/home/widget/stalled/").content.decode()
    assert sum(deal.name in named for deal in deals.values()) == len(late)


def test_money_stuck_opens_what_stalls(client, deals, make_user, grant):
    lead = make_user("lead")
    grant(lead, LABEL, view=Scope.ALL)
    client.force_login(lead)
    context = filled(widgets["stuck"], lead)["context"]
    late = [o for o in seen(lead) if is_stalled(o)]
    assert (context["total"].count, context["total"].sums) == (len(late), totals(late))
    for stage, tally in context["rows"]:
        rows = client.get(tally.url).context["page"]
        assert {row.pk for row in rows} == {o.pk for o in late if o.stage == stage}
    page = client.get("/home/widget/stalled/").content.decode()
    assert all(o.name in page for o in late)


def test_widgets_of_a_team_are_not_for_a_rep(client, deals, rep, other):
    client.force_login(rep)
    assert client.get("/home/widget/leaders/").status_code == 403
    assert client.get("/home/widget/stuck/").status_code == 403
    assert client.get("/home/widget/nothing/").status_code == 404
    mine = client.get("/home/widget/stalled/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in mine
    names = {o.owner: o.name for o in Opportunity.objects.all() if is_stalled(o)}
    assert names[rep] in mine
    assert names[other] not in mine


def test_leads_are_told_new_only_to_who_knows_their_status(client, rep, grant, field_rule):
    grant(rep, "sales.lead", view=Scope.OWN)
    make_lead(owner=rep)
    client.force_login(rep)
    answer = client.get("/")
    assert [card["value"] for card in answer.context["cards"]] == ["1"]
    assert answer.context["summaries"] == ["1 new lead waits for a first contact"]
    field_rule(rep, "sales.lead", "status", "hidden")
    assert client.get("/").context["cards"] == []


def test_the_dashboard_comes_in_parts_or_at_once(client, deals, reader):
    client.force_login(reader)
    first = client.get(f"/analytics/sales/?pipeline={make_pipeline().pk}").content.decode()
    parts = [f"?pipeline={make_pipeline().pk}&amp;part={name}" for name in ("stages", "won")]
    assert all(part in first for part in parts)
    found = [client.get("/analytics/sales/" + p.replace("&amp;", "&"), headers={"HX-Request": "true"}) for p in parts]
    whole = client.get(f"/analytics/sales/?pipeline={make_pipeline().pk}&part=all").content.decode()
    for part, mark in zip(found, ('id="stalled"', 'id="sources"'), strict=True):
        text = part.content.decode()
        assert mark in text
        assert mark in whole
        assert mark not in first
        assert "<html" not in text


def test_lines_name_no_account_that_is_out_of_reach(client, rep, other, grant):
    grant(rep, LABEL, view=Scope.OWN)
    grant(rep, "customers.account", view=Scope.OWN)
    theirs, own = make_account(owner=other, name="远山重工"), make_account(owner=rep, name="近水电子")
    for account in (theirs, own):
        make(rep, days=99, account=account)
    client.force_login(rep)
    page = client.get("/home/widget/stalled/", headers={"Accept-Language": "en"}).content.decode()
    assert "近水电子" in page
    assert "远山重工" not in page
    assert page.count('class="line"') == 2
