"""The board: exact figures within rights, cards lane by lane, moves by the same verbs as everywhere."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.access.models import RecordShare, Scope
from crm.records.models import Entry
from customers.factories import make_account
from sales.factories import make_lead, make_loss_reason, make_opportunity, make_pipeline, make_stage
from sales.models import Opportunity

pytestmark = pytest.mark.django_db
LABEL, URL = "sales.opportunity", "/sales/opportunities/"
BOARD = URL + "board/"


@pytest.fixture
def stages():
    return {stage.name: stage for stage in make_pipeline().stages.all()}


@pytest.fixture
def board_url(stages):
    return f"{BOARD}?pipeline={make_pipeline().pk}"


@pytest.fixture
def seller(client, rep, grant):
    grant(rep, LABEL, **dict.fromkeys(["view", "add", "change"], Scope.OWN))
    grant(rep, "customers.account", view=Scope.OWN)
    client.force_login(rep)
    return rep


def heads(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return {head.lane.label: head for head in response.context["heads"]}


def test_every_lane_has_its_exact_count_sum_and_weighted_sum(client, seller, other, stages, board_url):
    make_opportunity(owner=seller, stage=stages["需求分析"], amount=Decimal("1000"))
    make_opportunity(owner=seller, stage=stages["需求分析"], amount=Decimal("500"), probability=50)
    make_opportunity(owner=seller, stage=stages["需求分析"], amount=Decimal("70"), currency="USD")
    make_opportunity(owner=seller, stage=stages["合同谈判"], amount=None)
    make_opportunity(owner=other, stage=stages["需求分析"], amount=Decimal("99999"))
    found = heads(client, board_url)
    first, last = found["需求分析"], found["合同谈判"]
    assert first.count == 3
    assert sorted(first.sums) == [(Decimal("70.00"), "USD"), (Decimal("1500.00"), "CNY")]
    assert sorted(first.weighted) == [(Decimal("7"), "USD"), (Decimal("350"), "CNY")]
    assert (last.count, last.sums) == (1, [])
    assert found["方案设计"].count == 0


def test_what_is_won_or_in_the_trash_is_not_on_the_board(client, seller, stages, board_url, as_actor):
    from crm.records import services

    make_opportunity(owner=seller, stage=stages["赢单"], amount=Decimal("1000"))
    services.delete(make_opportunity(owner=seller, stage=stages["需求分析"]), actor=as_actor(seller))
    assert sum(head.count for head in heads(client, board_url).values()) == 0


def test_filters_views_and_search_apply_as_on_the_list(client, seller, other, grant, stages, board_url):
    grant(seller, LABEL, view=Scope.ALL)
    make_opportunity(owner=seller, name="泵站", stage=stages["需求分析"], amount=Decimal("1000"))
    make_opportunity(owner=other, name="冷库", stage=stages["需求分析"], amount=Decimal("10"))
    condition = quote(json.dumps({"all": [{"field": "amount", "op": "gte", "value": "500"}]}))
    for query, count in [
        ("", 2),
        ("&amount__gte=500", 1),
        (f"&where={condition}", 1),
        ("&view=mine", 1),
        ("&q=冷库", 1),
        ("&q=没有", 0),
    ]:
        assert heads(client, board_url + query)["需求分析"].count == count, query
    refused = client.get(board_url + "&nonsense=1", follow=True)
    assert refused.status_code == 422


def test_a_lane_shows_twenty_cards_and_the_others_on_scrolling(client, seller, stages, board_url):
    made = {make_opportunity(owner=seller, stage=stages["需求分析"], amount=Decimal(i)).pk for i in range(47)}
    response = client.get(board_url)
    head = response.context["heads"][0]
    assert (head.count, len(head.cards)) == (47, 20)
    seen, more = [card["record"].pk for card in head.cards], head.more
    while more:
        page = client.get(f"{BOARD}{stages['需求分析'].pk}/?pipeline={make_pipeline().pk}&after={more}")
        seen += [card["record"].pk for card in page.context["cards"]]
        more = page.context["more"]
    assert len(seen) == 47
    assert set(seen) == made
    assert client.get(f"{BOARD}{stages['需求分析'].pk}/?after=forged").status_code == 404
    assert client.get(f"{BOARD}x/").status_code == 404


def test_the_board_costs_the_same_for_few_and_many_cards(client, seller, stages, board_url):
    def queries():
        with CaptureQueriesContext(connection) as found:
            client.get(board_url)
        return len(found)

    def fill(number):
        for i in range(number):
            make_opportunity(owner=seller, stage=list(stages.values())[i % 3], account=make_account(owner=seller))

    fill(3)
    queries()
    few = queries()
    fill(60)
    assert queries() == few
    assert few <= 14
    assert len(client.get(board_url).content) < 150_000


def test_hidden_amounts_are_neither_shown_nor_added_up(client, seller, stages, board_url, field_rule):
    make_opportunity(owner=seller, stage=stages["需求分析"], amount=Decimal("7654321"), probability=50)
    field_rule(seller, LABEL, "probability", "hidden")
    found = heads(client, board_url)["需求分析"]
    assert found.sums
    assert not found.weighted, "the expected value tells the probability"
    field_rule(seller, LABEL, "amount", "hidden")
    found = heads(client, board_url)["需求分析"]
    assert (found.count, found.sums, found.weighted) == (1, [], [])
    assert not re.search(r"7,?654,?321|765\.4|7\.65", client.get(board_url).content.decode())
    field_rule(seller, LABEL, "stage", "hidden")
    assert client.get(board_url).status_code == 404


def test_a_card_moves_with_its_version(client, seller, stages):
    opportunity = make_opportunity(owner=seller, stage=stages["需求分析"])
    url = f"{URL}{opportunity.pk}/move/"
    response = client.post(url, {"to": stages["方案设计"].pk, "version": opportunity.version})
    assert response.status_code == 200
    assert f'id="card-{opportunity.pk}"' in response.content.decode()
    opportunity.refresh_from_db()
    assert opportunity.stage == stages["方案设计"]
    assert client.post(url, {"to": stages["合同谈判"].pk, "version": "1"}).status_code == 409
    opportunity.refresh_from_db()
    assert opportunity.stage == stages["方案设计"]


@pytest.mark.parametrize("to", ["", "x", "0", "999999999999999999999", "1' or 1=1", "\x00"])
def test_a_lane_that_does_not_exist_is_refused_with_a_reason(client, seller, stages, to):
    opportunity = make_opportunity(owner=seller, stage=stages["需求分析"])
    response = client.post(f"{URL}{opportunity.pk}/move/", {"to": to, "version": opportunity.version})
    assert response.status_code == 422
    assert response.content
    opportunity.refresh_from_db()
    assert opportunity.stage == stages["需求分析"]


def test_losing_by_a_drop_asks_for_the_reason(client, seller, stages, grant):
    make_loss_reason()
    opportunity = make_opportunity(owner=seller, stage=stages["需求分析"])
    response = client.post(
        f"{URL}{opportunity.pk}/move/",
        {"to": stages["输单"].pk, "version": opportunity.version},
        headers={"HX-Request": "true"},
    )
    assert response.status_code == 422
    assert "<form" in response.content.decode()
    opportunity.refresh_from_db()
    assert opportunity.state == Opportunity.State.OPEN


def test_who_may_not_change_does_not_move(client, rep, other, grant, field_rule, stages, board_url):
    grant(rep, LABEL, view=Scope.ALL, change=Scope.OWN)
    client.force_login(rep)
    theirs = make_opportunity(owner=other, stage=stages["需求分析"])
    mine = make_opportunity(owner=rep, stage=stages["需求分析"])
    entries = Entry.objects.count()
    to = {"to": stages["方案设计"].pk}
    assert client.post(f"{URL}{theirs.pk}/move/", to).status_code == 404
    field_rule(rep, LABEL, "stage", "read")
    assert client.post(f"{URL}{mine.pk}/move/", to).status_code == 403
    assert "data-move-url" not in client.get(board_url).content.decode()
    assert Entry.objects.count() == entries


def test_a_choice_makes_lanes_too(client, rep, grant):
    grant(rep, "sales.lead", view=Scope.OWN, change=Scope.OWN)
    client.force_login(rep)
    lead = make_lead(owner=rep, status="new")
    assert {h.lane.value: h.count for h in client.get("/sales/leads/board/").context["heads"]}["new"] == 1
    assert client.post(f"/sales/leads/{lead.pk}/move/", {"to": "contacted", "version": lead.version}).status_code == 200
    lead.refresh_from_db()
    assert lead.status == "contacted"
    assert client.get("/customers/accounts/board/").status_code in {403, 404}


def test_a_pipeline_is_chosen_and_stays_chosen(client, seller):
    second = make_pipeline("续约流程", (("联系", 50, None, False, False), ("成交", 100, None, True, False)))
    make_opportunity(owner=seller, stage=make_stage("联系", second))
    page = client.get(f"{BOARD}?pipeline={second.pk}&view=mine")
    assert [head.lane.label for head in page.context["heads"]] == ["联系", "成交"]
    assert all(f"pipeline={second.pk}" in tab["url"] for tab in page.context["tabs"])
    assert client.get(f"{BOARD}?pipeline=x").status_code == 200


def test_a_move_tells_the_two_lanes_that_it_touched(client, seller, stages):
    first = make_opportunity(owner=seller, stage=stages["需求分析"], amount=Decimal("100"))
    make_opportunity(owner=seller, stage=stages["方案设计"], amount=Decimal("30"), currency="USD")
    for query, seen in (("", 2), ("&state=open", 2), ("&amount__gte=50", 1)):
        to = stages["方案设计"] if first.stage_id == stages["需求分析"].pk else stages["需求分析"]
        answer = client.post(
            f"{URL}{first.pk}/move/?pipeline={to.pipeline_id}{query}", {"to": to.pk, "version": first.version}
        )
        first.refresh_from_db()
        told = {head.lane.label: (head.count, head.sums) for head in answer.context["heads"]}
        assert set(told) == {"需求分析", "方案设计"}
        assert sum(count for count, _sums in told.values()) == seen, query
        assert (Decimal("100"), "CNY") in told[to.name][1]


def test_a_move_asks_little_of_the_database(client, seller, stages):
    first, deal = (make_opportunity(owner=seller, stage=stages["需求分析"]) for _n in range(2))
    to = stages["方案设计"]

    def move(deal) -> int:
        url = f"{URL}{deal.pk}/move/?pipeline={to.pipeline_id}"
        return client.post(url, {"to": to.pk, "version": deal.version}).status_code

    move(first)  # what admins defined is known from then on
    with CaptureQueriesContext(connection) as asked:
        assert move(deal) == 200
    assert len(asked) <= 16, "\n".join(query["sql"][:120] for query in asked)


def test_the_figures_are_the_same_read_from_tallies_and_added_up(client, seller, other, stages, board_url, grant):
    for owner, view in ((seller, Scope.OWN), (other, Scope.ALL)):
        grant(owner, LABEL, view=view)
    for i, name in enumerate(["需求分析", "方案设计", "方案设计", "合同谈判"] * 3):
        deal = make_opportunity(owner=[seller, other][i % 2], stage=stages[name], amount=Decimal(i * 3) / 4)
        if i % 3 == 0:
            RecordShare.objects.create(entity=LABEL, record_id=deal.pk, user=seller)
    for user in (seller, other):
        client.force_login(user)
        kept, added_up = heads(client, board_url), heads(client, board_url + "&state=open")
        figures = [{n: (h.count, h.sums, h.weighted) for n, h in found.items()} for found in (kept, added_up)]
        assert figures[0] == figures[1]
        assert sum(head.count for head in kept.values()) == (12 if user == other else 8)
