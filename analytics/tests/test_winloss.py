"""Wins and losses by every way against a slow count, within rights; and each number against the rows it opens."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from django.http import QueryDict
from django.utils import timezone

from analytics.winloss import LENGTHS, SIZES, WAYS, WinLoss
from crm.access.models import Scope
from crm.records import services as records
from crm.records.actor import Actor
from sales.catalogue.factories import make_product
from sales.catalogue.models import OpportunityLine
from sales.deals.models import Competitor, DealCompetitor, DealReview
from sales.factories import make_loss_reason, make_pipeline
from sales.models import Opportunity, StageHistory

pytestmark = pytest.mark.django_db
PAGE = "/analytics/wins/"


@pytest.fixture
def closed(company, grant):
    """Competitors, reviews, reasons, moves and times of what closed."""
    random, now = Random(3), timezone.now()
    rivals = [Competitor(name=name, owner=company["chief"]) for name in ("甲", "乙")]
    for rival in rivals:
        records.save(rival, actor=Actor(None, "test"))
    for name in ("rep", "lead", "chief"):
        scope = {"rep": Scope.OWN, "lead": Scope.TEAM, "chief": Scope.ALL}[name]
        for label in ("deals.dealcompetitor", "deals.dealreview"):
            grant(company[name], label, view=scope)
        grant(company[name], "deals.competitor", view=Scope.ALL)
    reasons = [make_loss_reason("价格"), make_loss_reason("关系"), None]
    stages = [stage for stage in make_pipeline().stages.all() if stage.state == "open"]
    for number, deal in enumerate(Opportunity.objects.exclude(state="open").order_by("pk")):
        came = now - timedelta(days=random.randrange(5, 500))
        values = {"created_at": came, "closed_at": came + timedelta(days=random.randrange(400))}
        if deal.state == "lost":
            values["loss_reason"] = random.choice(reasons)
            if number % 3:
                StageHistory.objects.create(
                    opportunity=deal, from_stage=random.choice(stages), to_stage=deal.stage, at=now
                )
        Opportunity.objects.filter(pk=deal.pk).update(product_text=random.choice(["泵", "阀", ""]), **values)
        for rival in random.sample(rivals, random.randrange(3)):
            records.save(DealCompetitor(opportunity=deal, competitor=rival), actor=Actor(deal.owner, "test"))
        if number % 2:
            review = DealReview(opportunity=deal, factor=random.choice(["price", "terms"]), lesson="多问")
            records.save(review, actor=Actor(deal.owner, "test"))
    return company


def keys_of(deal, by):
    """Slowly: under which keys a sale counts."""
    band = lambda value, bounds: sum(value >= bound for bound in bounds)  # noqa: E731
    if by == "competitor":
        return [one.competitor_id for one in deal.competitors.all()]
    if by == "factor":
        return [one.factor for one in deal.reviews.all()]
    if by == "stage":
        return [deal.moves.first().from_stage_id if deal.moves.exists() else None]
    if by == "size":
        known = deal.amount is not None or deal.currency == "CNY"
        return [band(deal.amount or 0, SIZES) if known and deal.currency == "CNY" else None]
    if by == "length":
        return [band((deal.closed_at - deal.created_at).total_seconds(), [n * 86400 for n in LENGTHS])]
    return [{"reason": deal.loss_reason_id, "owner": deal.owner_id, "product": deal.product_text}[by]]


@pytest.mark.parametrize("by", list(WAYS))
def test_every_way_counts_what_its_numbers_open(client, closed, by):
    today = timezone.localdate()
    for name in ("rep", "chief"):
        reader = closed[name]
        board = WinLoss(reader, QueryDict(f"period=this_year&by={by}&pipeline={make_pipeline().pk}"), today)
        want, sums = Counter(), defaultdict(Decimal)
        for deal in Opportunity.objects.exclude(state="open").filter(close_date__year=today.year):
            if (name == "chief" or deal.owner == reader) and (deal.state in WAYS[by].states):
                for key in keys_of(deal, by):
                    want[key, deal.state] += 1
                    sums[key, deal.state] += deal.amount or 0
        client.force_login(reader)
        got, amounts = Counter(), {}
        for line in board.lines():
            for state in ("won", "lost"):
                tally = getattr(line, state)
                if tally.count:
                    page = client.get(tally.url)
                    assert len(page.context["rows"]) == page.context["page"].paginator.count == tally.count
                    key = QueryDict(tally.url.partition("?")[2])["key"]
                    got[key, state] += tally.count
                    amounts[key, state] = sum(tally.sums.values())
        said = lambda key: "" if key is None else str(key)  # noqa: E731
        assert got == Counter({(said(key), state): n for (key, state), n in want.items()})
        assert amounts == {(said(key), state): amount for (key, state), amount in sums.items() if want[key, state]}
        assert client.get(f"{PAGE}?by={by}").status_code == 200


def test_the_cards_say_the_whole_and_shares(client, closed):
    today = timezone.localdate()
    board = WinLoss(closed["chief"], QueryDict(f"period=all&pipeline={make_pipeline().pk}"), today)
    line, days = board.whole(), board.length()
    won, lost = (Opportunity.objects.filter(state=state, pipeline=board.pipeline) for state in ("won", "lost"))
    assert (line.won.count, line.lost.count) == (won.count(), lost.count())
    assert line.rate == round(100 * won.count() / (won.count() + lost.count()))
    took = [(deal.closed_at - deal.created_at).total_seconds() / 86400 for deal in won]
    assert days["won"] == pytest.approx(sum(took) / len(took))
    client.force_login(closed["chief"])
    asked = f"{PAGE}?period=all&pipeline={board.pipeline.pk}&part="
    cards, page = client.get(asked + "cards").content.decode(), client.get(asked + "all").content.decode()
    assert f'<b class="fs-3 d-block">{line.rate}%</b>' in cards
    assert cards.strip().partition("\n")[2] in page


def test_who_may_not_know_is_not_told(client, closed, field_rule, other):
    rep = closed["rep"]
    client.force_login(rep)
    field_rule(rep, "sales.opportunity", "loss_reason", "hidden")
    field_rule(rep, "deals.dealcompetitor", "competitor", "masked")
    page = client.get(PAGE)
    assert not {"reason", "competitor"} & set(page.context["board"].ways)
    assert client.get(f"{PAGE}rows/?by=reason&key=1&state=lost").status_code == 404
    for bad in ("key=x", "key=99999999999", "key=%00"):
        assert client.get(f"{PAGE}rows/?by=owner&state=won&{bad}").status_code in (200, 404)
    field_rule(rep, "sales.opportunity", "amount", "masked")
    page = client.get(f"{PAGE}?by=owner")
    assert page.status_code == 200
    assert "size" not in page.context["board"].ways
    assert all(not line.won.sums for line in page.context["lines"])
    field_rule(rep, "sales.opportunity", "close_date", "hidden")
    assert client.get(PAGE).status_code == 403
    client.force_login(other)
    assert client.get(PAGE).status_code == 403


def test_products_of_lines_are_named_to_who_knows_them(client, closed, grant, field_rule):
    rep = closed["rep"]
    deal = Opportunity.objects.filter(owner=rep, state="won").first()
    Opportunity.objects.filter(pk=deal.pk).update(close_date=timezone.localdate(), product_text="written")
    line = OpportunityLine(document=deal, product=make_product(name="Pump 7"), quantity=1, unit_price=5)
    records.save(line, actor=Actor(rep, "test"))
    client.force_login(rep)

    def labels():
        return {line.label for line in client.get(f"{PAGE}?by=product&pipeline={deal.pipeline_id}").context["lines"]}

    assert "written" in labels() and "Pump 7" not in labels()
    grant(rep, "catalogue.opportunityline", view=Scope.OWN)
    assert "written" in labels() and "Pump 7" not in labels()
    grant(rep, "catalogue.product", view=Scope.ALL)
    assert "Pump 7" in labels() and "written" not in labels()
    field_rule(rep, "catalogue.opportunityline", "product", "hidden")
    assert "written" in labels() and "Pump 7" not in labels()
