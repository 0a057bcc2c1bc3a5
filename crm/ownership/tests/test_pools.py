"""Pools through the front door: who sees, claims, gives, moves, puts back; what stands against a claim; undo."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from crm.access import explain
from crm.access.models import Scope
from crm.api.tests.conftest import Caller
from crm.ownership import pools
from crm.ownership.models import HoldingLimit, PoolUse
from crm.ownership.tests.conftest import SYSTEM, do
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Entry
from customers.models import Account
from sales.factories import make_lead
from sales.models import Lead

pytestmark = pytest.mark.django_db
LIST = "/sales/leads/?view="


def listed(client, view="") -> set[int]:
    return {record.pk for record in client.get(LIST + view).context["page"].records}


def test_members_see_what_lies_in_the_pool_and_others_do_not(people, make_pool, put, client_of):
    ann, bob = people
    lead = put(make_pool(ann))
    assert lead.owner_id is None and lead.department_id is None
    assert listed(client_of(ann)) == {lead.pk} == listed(client_of(ann), "pool")
    assert listed(client_of(bob)) == set()
    assert client_of(bob).get(f"/sales/leads/{lead.pk}/").status_code == 404
    assert do(client_of(bob), lead, "claim").status_code == 404
    said = explain.explain(ann, lead)
    assert said.allowed and any("member of the pool" in reason for reason in said.reasons)
    assert not explain.explain(bob, lead).allowed


def test_departments_with_those_below_and_roles_are_members(make_user, sellers, make_pool, put, client_of, department):
    branch = type(department).objects.create(name="Branch", parent=department)
    cai, dan = make_user("cai", department=branch), make_user("dan")
    sellers.users.add(cai, dan)
    pool = make_pool()
    pool.members.create(department=department)
    lead = put(pool)
    assert listed(client_of(cai)) == {lead.pk} and listed(client_of(dan)) == set()
    pool.members.create(role=sellers)
    assert listed(client_of(dan)) == {lead.pk}


def test_claiming_takes_it_out_and_can_be_undone(people, make_pool, put, client_of):
    ann, bob = people
    pool = make_pool(ann, bob)
    lead = put(pool)
    assert do(client_of(ann), lead, "claim").status_code == 302
    lead.refresh_from_db()
    assert (lead.owner, lead.pool) == (ann, None)
    entry = Entry.objects.get(kind="ownership.claimed", record_id=lead.pk)
    assert entry.data["pool"] == pool.name and entry.actor_id == ann.pk
    assert listed(client_of(bob)) == set()
    assert client_of(ann).post(f"/undo/entry/{entry.pk}/").status_code in {200, 302}
    lead.refresh_from_db()
    assert (lead.owner, lead.pool) == (None, pool)


def test_nobody_but_keepers_changes_what_lies_in_a_pool(people, make_pool, put, client_of):
    ann, bob = people
    pool = make_pool(ann, keepers=(bob,))
    lead = put(pool, name="Old")
    for user, answer in ((ann, 404), (bob, 200)):
        assert client_of(user).get(f"/sales/leads/{lead.pk}/edit/").status_code == answer
    assert do(client_of(ann), lead, "give", owner=ann.pk).status_code == 403
    assert do(client_of(bob), lead, "give", owner=ann.pk).status_code == 302
    lead.refresh_from_db()
    assert lead.owner == ann


def test_a_keeper_gives_only_to_members_and_whom_they_may_assign(people, make_user, make_pool, put, client_of):
    ann, bob = people
    lead = put(make_pool(ann, keepers=(bob,)))
    stranger = make_user("eve")
    assert do(client_of(bob), lead, "give", owner=stranger.pk).status_code == 422
    page = client_of(bob).get(f"/sales/leads/{lead.pk}/do/give/").content.decode()
    assert f'data-remote="/handover/takers/sales.lead/{lead.pk}/"' in page and ">ann<" not in page
    for pk in (lead.pk, 0):
        found = client_of(bob).get(f"/handover/takers/sales.lead/{pk}/").json()["results"]
        assert stranger.pk not in {one["id"] for one in found} and {ann.pk, bob.pk} <= {one["id"] for one in found}
    assert client_of(ann).get("/handover/takers/no.such/0/").status_code == 404
    with pytest.raises(ValidationError, match="may not make eve"):
        pools.give(lead, actor=Actor(bob), owner=stranger)


def test_releasing_asks_for_a_reason_and_history_tells_it(people, make_pool, client_of):
    ann, bob = people
    pool, lead = make_pool(ann, bob), make_lead(owner=ann, name="Valve")
    assert do(client_of(ann), lead, "release", pool=pool.pk).status_code == 422
    assert do(client_of(ann), lead, "release", pool=pool.pk, reason="No budget").status_code == 302
    lead.refresh_from_db()
    assert (lead.owner, lead.pool) == (None, pool)
    page = client_of(bob).get(f"/sales/leads/{lead.pk}/timeline/").content.decode()
    assert "No budget" in page


def test_moving_between_pools(people, make_pool, put, client_of):
    ann, bob = people
    first, second = make_pool(keepers=(ann,)), make_pool(bob)
    lead = put(first)
    assert do(client_of(ann), lead, "move_pool", pool=second.pk).status_code == 302
    lead.refresh_from_db()
    assert lead.pool == second and listed(client_of(bob)) == {lead.pk}
    other = make_pool(entity="customers.account")
    with pytest.raises(ValidationError, match="does not take that"):
        pools.move(lead, actor=Actor(ann), pool=other)


def test_a_day_has_so_many_claims(people, make_pool, put, client_of):
    ann, _bob = people
    pool = make_pool(ann, per_day=2)
    leads = [put(pool) for _n in range(3)]
    client = client_of(ann)
    assert [do(client, lead, "claim").status_code for lead in leads] == [302, 302, 422]
    page = do(client, leads[2], "claim").content.decode()
    assert "You have claimed 2 today; the limit is 2." in page
    PoolUse.objects.update(day=timezone.localdate() - timedelta(days=1))
    assert do(client, leads[2], "claim").status_code == 302


def test_holdings_are_limited_by_the_largest_limit_that_fits(people, make_pool, put, sellers, department):
    ann, _bob = people
    pool = make_pool(ann)
    leads = [put(pool) for _n in range(3)]
    HoldingLimit.objects.create(entity="sales.lead", most=1)
    pools.claim(leads[0], actor=Actor(ann))
    with pytest.raises(ValidationError, match="You hold 1; the limit is 1."):
        pools.claim(leads[1], actor=Actor(ann))
    HoldingLimit.objects.create(entity="sales.lead", role=sellers, most=2)
    pools.claim(leads[1], actor=Actor(ann))
    with pytest.raises(ValidationError, match="You hold 2"):
        pools.claim(leads[2], actor=Actor(ann))
    Lead.objects.filter(pk=leads[0].pk).update(status="invalid", invalid_reason="x")
    pools.claim(leads[2], actor=Actor(ann))


def test_a_previous_owner_waits_even_when_somebody_else_had_it_since(people, make_pool, put):
    ann, bob = people
    pool = make_pool(ann, bob, cool_down_days=7)
    lead = put(pool)
    now = timezone.now()
    pools.claim(lead, actor=Actor(ann), now=now)
    pools.release(lead, actor=Actor(ann), pool=pool, reason="x")
    with pytest.raises(ValidationError, match="may claim it again from"):
        pools.claim(lead, actor=Actor(ann), now=now)
    pools.claim(lead, actor=Actor(bob), now=now)
    pools.release(lead, actor=Actor(bob), pool=pool, reason="x")
    with pytest.raises(ValidationError, match="may claim it again from"):
        pools.claim(lead, actor=Actor(ann), now=now + timedelta(days=6))
    pools.claim(lead, actor=Actor(ann), now=now + timedelta(days=7, minutes=1))


def test_what_has_just_come_in_is_given_by_keepers_alone(people, make_pool, put):
    ann, bob = people
    lead = put(make_pool(ann, keepers=(bob,), fresh_hours=2))
    with pytest.raises(ValidationError, match="has just come in"):
        pools.claim(lead, actor=Actor(ann))
    pools.give(lead, actor=Actor(bob), owner=ann)
    assert lead.owner == ann


def test_many_are_claimed_at_once_and_each_refusal_says_why(people, make_pool, put, client_of):
    ann, _bob = people
    pool = make_pool(ann, per_day=3)
    leads = [put(pool) for _n in range(5)]
    page = client_of(ann).post(
        "/sales/leads/bulk/do-claim/", {"selected": [one.pk for one in leads], "apply": "1"}, follow=True
    )
    said = [str(message) for message in page.context["messages"]]
    assert said == ["3 records were changed.", "2 refused: You have claimed 3 today; the limit is 3."]
    assert Lead.objects.filter(owner=ann).count() == 3


def test_making_somebody_the_owner_takes_it_out_of_the_pool(people, make_pool, put):
    ann, bob = people
    pool = make_pool(ann)
    lead = put(pool)
    lead.owner = bob
    records.save(lead, actor=SYSTEM)
    lead.refresh_from_db()
    assert (lead.owner, lead.pool) == (bob, None)


def test_the_database_wants_exactly_one_of_owner_and_pool(people, make_pool):
    ann, _bob = people
    pool = make_pool(ann)
    lead = make_lead(owner=ann)
    for values in ({"pool": pool}, {"owner": None}):
        with pytest.raises(IntegrityError, match="lead_has_owner_or_pool"), transaction.atomic():
            Lead.objects.filter(pk=lead.pk).update(**values)


def test_a_pool_row_costs_a_list_no_query_more(people, make_pool, put, client_of, django_assert_max_num_queries):
    ann, _bob = people
    pool, client = make_pool(ann, hidden=["mobile"]), client_of(ann)
    put(pool, mobile="13800138000")
    client.get(LIST + "pool")
    with django_assert_max_num_queries(60) as few:
        client.get(LIST + "pool")
    for _n in range(18):
        put(pool, mobile="13800138000")
    with django_assert_max_num_queries(len(few.captured_queries)):
        assert len(client.get(LIST + "pool").context["page"].records) == 19


def test_accounts_lie_in_pools_too(people, make_pool, put, client_of):
    ann, _bob = people
    account = put(make_pool(ann, entity="customers.account"), Account, name="远山科技")
    assert do(client_of(ann), account, "claim").status_code == 302
    assert Account.objects.get(pk=account.pk).owner == ann


def test_who_sees_all_sees_pools_without_being_of_them(people, make_pool, put, client_of, make_user, grant):
    lead, boss = put(make_pool()), make_user("boss")
    grant(boss, "sales.lead", view=Scope.ALL, change=Scope.ALL)
    client = client_of(boss)
    assert listed(client) == {lead.pk}
    assert do(client, lead, "claim").status_code == 403


def test_members_open_so_many_records_a_day(people, make_pool, put, client_of):
    ann, _bob = people
    pool = make_pool(ann, views_per_day=2)
    one, two, three = (put(pool) for _n in range(3))
    client = client_of(ann)
    for lead in (one, two, one):
        assert client.get(f"/sales/leads/{lead.pk}/").status_code == 200
    refused = client.get(f"/sales/leads/{three.pk}/")
    assert refused.status_code == 403 and "You have opened 2 records" in refused.content.decode()
    for address in ("history/", "timeline/", "tabs/"):
        assert client.get(f"/sales/leads/{three.pk}/{address}").status_code == 403, address
    assert Caller.of(ann).get(f"sales/leads/{three.pk}/")[0] == 403
    assert do(client, three, "claim").status_code == 302
    assert client.get(f"/sales/leads/{three.pk}/").status_code == 200
