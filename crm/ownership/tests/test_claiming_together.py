"""Fifty people press “Claim” at the same moment, each in a request of their own: one wins, the others learn who."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client

from crm.access.models import Grant, Role, Scope
from crm.ownership import pools
from crm.ownership.models import Pool, PoolMember, PoolUse
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Entry
from crm.users.models import User
from sales.models import Lead

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 50


@pytest.fixture
def pool():
    role = Role.objects.create(name="Sellers", code="sellers")
    for action in ("view", "change"):
        Grant.objects.create(role=role, entity="sales.lead", action=action, scope=Scope.OWN)
    made = Pool.objects.create(entity="sales.lead", name="Pool", hidden=["mobile"], per_day=3)
    PoolMember.objects.create(pool=made, role=role)
    return made


def lead_in(pool: Pool) -> Lead:
    lead = Lead(name="Pump works", pool=pool)
    records.save(lead, actor=Actor(None, "test"))
    return lead


def clients(count: int) -> list[Client]:
    made = []
    for number in range(count):
        user = User.objects.create(username=f"u{number}", name=f"Seller {number}", language="en")
        user.roles.add(Role.objects.get(code="sellers"))
        client = Client(headers={"accept-language": "en"})
        client.force_login(user)
        made.append(client)
    return made


def together(calls) -> list:
    barrier = Barrier(len(calls))

    def run(call):
        try:
            barrier.wait(30)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def test_one_wins_and_the_others_learn_who(pool):
    lead = lead_in(pool)
    address = f"/sales/leads/{lead.pk}/do/claim/"
    answers = together([lambda one=one: one.post(address) for one in clients(AT_ONCE)])
    winner = Lead.objects.get(pk=lead.pk).owner
    assert winner is not None
    codes = sorted(answer.status_code for answer in answers)
    assert codes.count(302) == 1 and set(codes[1:]) <= {409, 422}, codes
    told = [answer.content.decode() for answer in answers if answer.status_code != 302]
    assert len(told) == AT_ONCE - 1 and all(f"{winner} has it since" in page for page in told)
    assert Entry.objects.filter(kind="ownership.claimed", record_id=lead.pk).count() == 1
    assert PoolUse.objects.filter(what="claim").count() == 1


def test_a_limit_holds_when_one_person_claims_many_at_once(pool):
    leads = [lead_in(pool) for _n in range(12)]
    (client,) = clients(1)
    answers = together([lambda pk=lead.pk: client.post(f"/sales/leads/{pk}/do/claim/") for lead in leads])
    assert sorted(answer.status_code for answer in answers) == [302] * 3 + [422] * 9
    assert Lead.objects.filter(owner__isnull=False).count() == 3


def test_two_claims_of_one_list_in_opposite_order_do_not_lock_each_other_out(pool):
    leads = [lead_in(pool) for _n in range(3)]
    one, two = clients(2)
    posted = {"selected": [lead.pk for lead in leads], "apply": "1"}
    answers = together([lambda c=c: c.post("/sales/leads/bulk/do-claim/", posted) for c in (one, two)])
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Lead.objects.filter(owner__isnull=False).count() == 3
    assert not pools.in_pool(Lead.objects.first())
