"""Contacts go with their account: into the pool, to whoever claims it, and back; in one transaction, with their history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from crm.access import explain
from crm.access.models import Grant, Scope
from crm.api.tests.conftest import Caller
from crm.ownership import pools
from crm.ownership.models import RecycleRule
from crm.ownership.recycler import recycle
from crm.ownership.tests.conftest import do
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import ChangeSet, Entry
from crm.records.undo import undo
from customers.factories import make_account, make_contact
from customers.models import Contact

pytestmark = pytest.mark.django_db
ACCOUNT, CONTACT = "customers.account", "customers.contact"


@pytest.fixture
def sold(people, sellers, make_pool):
    """An account of Ann with two contacts of hers and one that Bob keeps, and the pool they may go to."""
    for action in ("view", "add", "change"):
        Grant.objects.create(role=sellers, entity=CONTACT, action=action, scope=Scope.OWN)
    ann, bob = people
    account = make_account(owner=ann, name="远山科技")
    mine = [make_contact(owner=ann, account=account, name=name, mobile="13812345678") for name in ("甲", "乙")]
    his = make_contact(owner=bob, account=account, name="丙")
    return account, mine, his, make_pool(ann, bob, entity=ACCOUNT)


def state(contacts) -> list[tuple]:
    rows = Contact.objects.filter(pk__in=[one.pk for one in contacts]).order_by("pk")
    return list(rows.values_list("owner__username", "pool__name", "department"))


def test_they_go_into_the_pool_and_to_whoever_claims_it(sold, people, client_of):
    account, mine, his, pool = sold
    ann, bob = people
    pools.release(account, actor=Actor(ann), pool=pool, reason="No budget")
    assert state(mine) == [(None, pool.name, None)] * 2 and state([his]) == [("bob", None, None)]
    assert do(client_of(bob), account, "claim").status_code == 302
    assert state([*mine, his]) == [("bob", None, None)] * 3
    for one in mine:
        kinds = list(Entry.objects.filter(entity=CONTACT, record_id=one.pk).order_by("pk").values_list("kind", "actor"))
        along = ("ownership.went_along", ann.pk), ("ownership.went_along", bob.pk)
        assert kinds == [("customers.contact.created", ann.pk), *along]
        assert client_of(bob).get(f"/customers/contacts/{one.pk}/history/").status_code == 200
    assert Contact.objects.get(pk=mine[0].pk).version == 3


def test_in_the_pool_they_are_seen_by_keepers_alone(sold, people, make_user, client_of, sellers):
    account, mine, _his, pool = sold
    ann, bob = people
    cai = make_user("cai")
    sellers.users.add(cai)
    pool.members.create(user=cai, keeper=True)
    pools.release(account, actor=Actor(ann), pool=pool)
    for user, seen in ((ann, 404), (bob, 404), (cai, 200)):
        client = client_of(user)
        page = client.get("/customers/contacts/")
        assert ({*mine} <= {*page.context["page"].records}) == (seen == 200)
        assert client.get(f"/customers/contacts/{mine[0].pk}/").status_code == seen
        assert ("13812345678" in client.get(f"/customers/accounts/{account.pk}/").content.decode()) is False
        assert Caller.of(user).get(f"customers/contacts/{mine[0].pk}/")[0] == seen
    said = explain.explain(bob, Contact.objects.get(pk=mine[0].pk))
    assert not said.allowed and any("whoever claims" in reason for reason in said.reasons)
    assert (
        client_of(cai).get("/customers/contacts/?pool__filled=1&cols=name,pool").content.decode().count(pool.name) >= 2
    )
    assert client_of(bob).post(f"/customers/contacts/{mine[0].pk}/do/claim/").status_code == 404


def test_undoing_brings_them_back(sold, people, client_of):
    account, mine, _his, pool = sold
    ann, bob = people
    pools.release(account, actor=Actor(ann), pool=pool)
    assert do(client_of(bob), account, "claim").status_code == 302
    entry = Entry.objects.get(kind="ownership.claimed", record_id=account.pk)
    assert client_of(bob).post(f"/undo/entry/{entry.pk}/").status_code in {200, 302}
    account.refresh_from_db()
    assert account.pool == pool and state(mine) == [(None, pool.name, None)] * 2


def test_recycling_takes_them_and_its_undo_returns_them_without_conflict(sold, people):
    account, mine, _his, pool = sold
    RecycleRule.objects.create(pool=pool, counted_from="held", days=1)
    type(account).objects.update(held_since=timezone.now() - timedelta(days=2))
    assert recycle().recycled == 1
    assert state(mine) == [(None, pool.name, None)] * 2
    done = undo(ChangeSet.objects.get(kind="recycle"), actor=Actor(people[0]))
    assert (done.conflicts, state(mine)) == ([], [("ann", None, None)] * 2)


def test_moving_between_pools_and_what_came_there_by_itself(sold, people, make_pool):
    account, mine, _his, pool = sold
    ann, _bob = people
    other = make_pool(ann, entity=ACCOUNT, name="Other")
    pools.release(account, actor=Actor(ann), pool=pool)
    strayed = make_contact(owner=ann, account=account, name="丁")
    pools.move(account, actor=Actor(ann), pool=other)
    assert state([*mine, strayed]) == [(None, "Other", None)] * 2 + [("ann", None, None)]
    deleted = Contact.objects.get(pk=mine[0].pk)
    records.delete(deleted, actor=Actor(ann))
    pools.claim(account, actor=Actor(ann))
    assert state(mine) == [(None, "Other", None), ("ann", None, None)]


def test_a_claim_that_fails_moves_nobody(sold, people):
    account, mine, _his, pool = sold
    ann, bob = people
    pools.release(account, actor=Actor(ann), pool=pool)
    pool.per_day = 0
    pool.save()
    with pytest.raises(ValidationError):
        pools.claim(account, actor=Actor(bob))
    assert state(mine) == [(None, pool.name, None)] * 2


def test_the_database_wants_exactly_one_of_owner_and_pool(sold):
    _account, mine, _his, pool = sold
    for values in ({"pool": pool}, {"owner": None}):
        with pytest.raises(IntegrityError, match="contact_has_owner_or_pool"), transaction.atomic():
            Contact.objects.filter(pk=mine[0].pk).update(**values)


def test_a_batch_costs_no_query_more_for_many(sold, people, make_pool, django_assert_max_num_queries):
    _account, _mine, _his, pool = sold
    ann, _bob = people
    many = [make_account(owner=ann) for _n in range(30)]
    for one in many:
        make_contact(owner=ann, account=one)
    with django_assert_max_num_queries(200) as few, transaction.atomic():
        pools.into_pool(many[:2], pool, actor=Actor(ann), kind="ownership.released")
    with django_assert_max_num_queries(len(few.captured_queries) + 4), transaction.atomic():
        pools.into_pool(many[2:], pool, actor=Actor(ann), kind="ownership.released")
    assert Contact.objects.filter(pool=pool).count() == 30
