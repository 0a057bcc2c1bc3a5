"""The ranking counts what its reader may see, and every number leads to its rows."""

from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.access.models import FieldRule, Scope
from crm.reference.models import ExchangeRate
from sales import services
from sales.factories import make_lead, make_opportunity
from sales.partners import forwarding
from sales.partners.factories import make_coop
from sales.partners.models import CoopOpportunity, LeadForward

pytestmark = pytest.mark.django_db
PAGE = "/partners/ranking/"


@pytest.fixture
def forwarded(as_actor):
    def make(partner, owner, *states, deal=None):
        for state in states:
            source = deal or make_lead(owner=owner)
            forward = forwarding.forward_to_partner(source, actor=as_actor(owner), partner=partner)
            if state == "declined":
                forwarding.decline_forward(forward, actor=as_actor(owner), answer="不")
            elif state != "sent":
                forwarding.accept_forward(forward, actor=as_actor(owner), answer="好")

    return make


@pytest.fixture
def reader(rep, grant):
    def may(scope):
        for label in (
            "partners.leadforward",
            "partners.dealregistration",
            "partners.coopopportunity",
            "sales.opportunity",
        ):
            grant(rep, label, view=scope)
        grant(rep, "partners.partner", view=Scope.ALL)
        return rep

    return may


def lines(client, query=""):
    answer = client.get(PAGE + query)
    assert answer.status_code == 200
    return answer.context["board"].lines, unescape(answer.content.decode())


def test_figures_are_right_and_lead_to_their_rows(client, reader, firm, rival, rep, forwarded, as_actor):
    client.force_login(reader(Scope.ALL))
    deal = make_opportunity(owner=rep, amount=Decimal(100_000))
    forwarded(firm, rep, "sent", "accepted", "accepted", "declined")
    forwarded(firm, rep, "accepted", deal=deal)
    forwarded(rival, rep, "accepted")
    CoopOpportunity.objects.filter(pk=make_coop(firm).pk).update(opportunity=deal)  # the same deal counts once
    foreign = make_opportunity(owner=rep, amount=Decimal(1_000), currency="USD")
    ExchangeRate.objects.create(currency="USD", day=timezone.localdate() - timedelta(days=1), rate=Decimal(7))
    CoopOpportunity.objects.filter(pk=make_coop(rival, name="第二").pk).update(opportunity=foreign)
    for one in (deal, foreign):
        services.win_opportunity(one, actor=as_actor(rep))
    found, page = lines(client)
    told = [(x.partner, x.forwarded, x.answered, x.accepted, x.rate, x.deals, dict(x.sums), x.worth) for x in found]
    assert told == [
        (firm, 5, 4, 3, 75, 1, {"CNY": Decimal(100_000)}, Decimal(100_000)),
        (rival, 1, 1, 1, 100, 1, {"USD": Decimal(1_000)}, Decimal(7_000)),
    ]
    listed = client.get(
        found[0].link(
            "partners.leadforward", found and timezone.localdate().replace(month=1, day=1), "accepted", "won", "lost"
        )
    )
    assert len(listed.context["page"].records) == 3
    assert [x.partner for x in lines(client, "?sort=rate")[0]] == [rival, firm]
    assert [x.partner for x in lines(client, f"?level={rival.level_id}&sort=nonsense&period=9")[0]] == [rival]


def test_it_counts_only_what_the_reader_sees(client, reader, firm, rival, rep, other, forwarded):
    client.force_login(reader(Scope.OWN))
    forwarded(firm, rep, "accepted")
    forwarded(firm, other, "accepted", "accepted")
    forwarded(rival, other, "accepted")
    assert [(x.partner, x.forwarded) for x in lines(client)[0]] == [(firm, 1)]


def test_whoever_may_not_know_amounts_sees_none(client, reader, firm, rep, forwarded, as_actor, grant):
    user = reader(Scope.ALL)
    deal = make_opportunity(owner=rep, amount=Decimal(7_654_321))
    forwarded(firm, rep, "accepted", deal=deal)
    services.win_opportunity(deal, actor=as_actor(rep))
    client.force_login(user)
    assert "Amount won" in lines(client, "")[1]
    for role in user.roles.all():
        FieldRule.objects.create(role=role, entity="sales.opportunity", field="amount", mode=FieldRule.Mode.MASKED)
    found, page = lines(client, "?sort=won")
    assert (found[0].sums, "Amount won" in page) == ({}, False)


def test_old_ones_drop_out(client, reader, firm, rep, forwarded):
    client.force_login(reader(Scope.ALL))
    forwarded(firm, rep, "accepted")
    LeadForward.objects.update(created_at=timezone.now() - timedelta(days=800))
    assert lines(client)[0] == []
    assert lines(client, "?period=all")[0][0].forwarded == 1


def test_it_asks_as_often_for_many_partners_as_for_few(client, reader, firm, rival, rep, forwarded):
    client.force_login(reader(Scope.ALL))
    forwarded(firm, rep, "accepted")
    client.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE)
    forwarded(rival, rep, "accepted", "declined")
    with CaptureQueriesContext(connection) as many:
        client.get(PAGE)
    assert len(few) == len(many) <= 20


def test_without_a_grant_it_is_shut(client, rep):
    client.force_login(rep)
    assert client.get(PAGE).status_code == 403
