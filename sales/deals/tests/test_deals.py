"""Deal teams, competitors and reviews, as people meet them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from crm.access.models import RecordShare, Scope
from crm.records import services as records
from crm.records.actor import Actor
from sales.deals.models import Competitor, DealCompetitor, DealMember, DealReview
from sales.deals.team import parts_of
from sales.factories import make_opportunity, make_stage
from sales.models import Opportunity

SALE, MEMBER, REVIEW, COMPETITOR = "sales.opportunity", "deals.dealmember", "deals.dealreview", "deals.competitor"


@pytest.fixture
def seller(rep, other, grant):
    """``rep`` sells; ``other`` sees their own sales only."""
    for label in (SALE, MEMBER, REVIEW, "deals.dealcompetitor", COMPETITOR):
        grant(rep, label, view=Scope.OWN, add=Scope.OWN, change=Scope.OWN, delete=Scope.OWN)
    grant(other, SALE, view=Scope.OWN, change=Scope.OWN)
    return rep


def add(client, slug, **values):
    return client.post(f"/sales/{slug}/add/", values)


@pytest.mark.django_db
def test_who_is_in_the_team_works_on_the_sale_until_they_leave(client, seller, other):
    sale = make_opportunity(owner=seller)
    client.force_login(seller)
    assert (
        add(client, "dealmembers", opportunity=sale.pk, user=other.pk, role="presales", share="30").status_code == 302
    )
    member = DealMember.objects.get()
    assert parts_of(sale) == {other.pk: Decimal(30), seller.pk: Decimal(70)}
    client.force_login(other)
    assert client.get(f"/sales/opportunities/{sale.pk}/").status_code == 200
    assert RecordShare.objects.get().level == "edit"
    client.force_login(seller)
    client.post(f"/sales/dealmembers/{member.pk}/delete/")
    assert not RecordShare.objects.exists()
    client.force_login(other)
    assert client.get(f"/sales/opportunities/{sale.pk}/").status_code == 404
    assert parts_of(sale) == {seller.pk: Decimal(100)}


@pytest.mark.django_db
def test_a_share_that_was_there_before_stays(seller, other):
    sale = make_opportunity(owner=seller)
    RecordShare.objects.create(entity=SALE, record_id=sale.pk, user=other)
    member = DealMember(opportunity=sale, user=other)
    records.save(member, actor=Actor(seller))
    records.delete(member, actor=Actor(seller))
    assert RecordShare.objects.get().level == "read"


@pytest.mark.django_db
def test_nobody_gives_away_more_than_there_is(client, seller, other, boss):
    sale = make_opportunity(owner=seller)
    records.save(DealMember(opportunity=sale, user=boss, share=Decimal(80)), actor=Actor(seller))
    client.force_login(seller)
    answer = add(client, "dealmembers", opportunity=sale.pk, user=other.pk, role="seller", share="20.01")
    assert answer.status_code == 422
    assert "100.01" in answer.content.decode()
    assert add(client, "dealmembers", opportunity=sale.pk, user=other.pk, role="seller", share="20").status_code == 302
    assert parts_of(sale) == {boss.pk: Decimal(80), other.pk: Decimal(20)}


@pytest.mark.django_db(transaction=True)
def test_nor_do_many_at_the_same_moment(make_user):
    owner = make_user("owner")
    sale = make_opportunity(owner=owner, stage=make_stage())
    people = [make_user(f"m{number}") for number in range(8)]
    together = Barrier(len(people))

    def join(user):
        together.wait(10)
        try:
            records.save(DealMember(opportunity=sale, user=user, share=Decimal(30)), actor=Actor(owner))
            return True
        except ValidationError:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(len(people)) as pool:
        assert sum(pool.map(join, people)) == 3
    assert parts_of(sale)[owner.pk] == Decimal(10)


@pytest.mark.django_db
def test_a_sale_is_reviewed_once_and_only_when_it_is_closed(client, seller):
    client.force_login(seller)
    sale = make_opportunity(owner=seller)
    asked = {"factor": "price", "lesson": "先问预算"}
    answer = add(client, "dealreviews", opportunity=sale.pk, **asked)
    assert answer.status_code == 422
    assert "still open" in answer.content.decode()
    Opportunity.objects.filter(pk=sale.pk).update(stage=make_stage("输单"), state="lost")
    place = f"/sales/opportunities/{sale.pk}/panel/deal_review/"
    assert f"/sales/dealreviews/add/?opportunity={sale.pk}" in client.get(place).content.decode()
    assert add(client, "dealreviews", opportunity=sale.pk, **asked).status_code == 302
    assert add(client, "dealreviews", opportunity=sale.pk, **asked).status_code == 422
    assert "先问预算" in client.get(place).content.decode()
    assert DealReview.objects.count() == 1


@pytest.mark.django_db
def test_a_competitor_tells_how_it_went_as_far_as_one_sees(client, seller, other, grant):
    grant(seller, COMPETITOR, view=Scope.ALL)
    rival = Competitor(name="远山机电", owner=seller)
    records.save(rival, actor=Actor(seller))
    for owner, state, got in (
        (seller, "won", False),
        (seller, "lost", True),
        (seller, "lost", False),
        (other, "won", False),
    ):
        sale = make_opportunity(owner=owner, stage=make_stage("赢单" if state == "won" else "输单"))
        records.save(DealCompetitor(opportunity=sale, competitor=rival, got_it=got), actor=Actor(owner))
    client.force_login(seller)
    page = client.get(f"/sales/competitors/{rival.pk}/")
    figures = {str(figure["label"]): figure["value"] for figure in page.context["figures"]}
    assert figures == {
        "Against them now": "0 opportunities",
        "Won against them": "1 opportunity",
        "Lost to them": "1 opportunity",
        "Win rate": "50 %",
    }
