"""Members write about what lies in a pool only where the pool takes their notes; lists are filtered and sorted by pool."""

from __future__ import annotations

import pytest

from crm.access.models import Grant, RecordShare, Scope
from crm.activities import services
from crm.activities.models import Comment, FollowUp
from crm.api.tests.conftest import Caller
from crm.ownership import pools
from crm.records.actor import Actor
from sales.factories import make_lead

pytestmark = pytest.mark.django_db
LEAD = "sales.lead"


@pytest.fixture
def writers(sellers):
    for action in ("view", "add", "change"):
        for label in ("activities.followup", "activities.task"):
            Grant.objects.create(role=sellers, entity=label, action=action, scope=Scope.OWN)


def write(client, record, kind="note", text="Asked for a price list") -> int:
    return client.post(f"/activities/add/{LEAD}/{record.pk}/", {"kind": kind, "text": text}).status_code


def test_members_write_only_where_the_pool_takes_it(people, writers, make_pool, put, client_of):
    ann, bob = people
    pool = make_pool(ann, keepers=(bob,), hidden=["mobile"])
    lead = put(pool)
    ask = {"headers": {"hx-request": "true"}}
    assert 'data-kind="call"' not in client_of(ann).get(f"/sales/leads/{lead.pk}/", **ask).content.decode()
    assert [write(client_of(ann), lead, kind) for kind in ("note", "call", "comment")] == [403, 403, 403]
    assert Caller.of(ann).post("activities/followups/", {"text": "x", "about": f"{LEAD}:{lead.pk}"})[0] in {403, 422}
    assert FollowUp.objects.count() == Comment.objects.count() == 0
    assert write(client_of(ann), lead, "task", "Look again") == 302, "what one plans for oneself is one's own"
    assert write(client_of(bob), lead) == 302, "keepers write"
    pool.takes_notes = True
    pool.save()
    assert [write(client_of(ann), lead, kind) for kind in ("note", "comment")] == [302, 302]
    assert FollowUp.objects.filter(owner=ann, on_id=lead.pk).count() == 1
    assert "Asked for a price list" in client_of(ann).get(f"/sales/leads/{lead.pk}/timeline/").content.decode()
    lead.refresh_from_db()
    assert (lead.pool, lead.owner) == (pool, None), "writing is no claim"


def test_a_share_does_not_open_it_and_the_claim_does(people, writers, make_pool, put, client_of):
    ann, bob = people
    lead = put(make_pool(ann))
    RecordShare.objects.create(entity=LEAD, record_id=lead.pk, user=bob, level="edit")
    assert write(client_of(bob), lead) == 403
    pools.claim(lead, actor=Actor(ann))
    assert write(client_of(ann), lead) == 302


def test_a_task_about_it_is_done_without_a_note(people, writers, make_pool, put):
    ann, _bob = people
    lead = put(make_pool(ann))
    task = services.add_task(lead, subject="Call", actor=Actor(ann, "request:1"))
    services.complete_task(task, actor=Actor(ann, "request:1"), report="Nobody there")
    assert (task.status, FollowUp.objects.count()) == ("done", 0)


def test_lists_are_filtered_and_sorted_by_pool(people, make_pool, put, client_of):
    ann, _bob = people
    first, second = make_pool(ann, name="First"), make_pool(ann, name="Second")
    mine = make_lead(owner=ann)
    a, b, c = put(second), put(first), put(second)
    client = client_of(ann)

    def rows(query: str) -> list[int]:
        page = client.get(f"/sales/leads/?cols=title,pool&{query}")
        assert page.status_code == 200
        return [record.pk for record in page.context["page"].records]

    assert rows("sort=pool") == [mine.pk, b.pk, a.pk, c.pk] and rows("sort=-pool") == rows("sort=pool")[::-1]
    assert set(rows(f"pool={second.pk}")) == {a.pk, c.pk} and rows("pool__empty=1") == [mine.pk]
    text = client.get("/sales/leads/?cols=title,pool").content.decode()
    assert text.count("Second") >= 2 and "First" in text
