"""New records that nobody was named for: rules first, then the pool of the rule, then the pool that takes such records."""

from __future__ import annotations

import pytest

from crm.ownership.models import AssignmentMember, AssignmentRule
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Entry
from sales.models import Lead

pytestmark = pytest.mark.django_db
HOT = {"all": [{"field": "rating", "op": "in", "value": ["hot"]}]}


def came_in(rep, **values) -> Lead:
    lead = Lead(owner=rep, **{"name": "Pump works", **values})
    records.save_many([lead], actor=Actor(rep, "job:1"))
    lead.refresh_from_db()
    return lead


def test_the_pool_takes_what_no_rule_finds_anybody_for(rep, people, make_pool):
    pool = make_pool(people[0], takes_unassigned=True, condition=HOT)
    cold, hot = came_in(rep), came_in(rep, rating="hot")
    assert (cold.owner, cold.pool) == (rep, None)
    assert (hot.owner, hot.pool) == (None, pool)
    assert Entry.objects.filter(kind="ownership.pooled", record_id=hot.pk).exists()


def test_rules_come_first_and_their_own_pool_before_the_others(rep, people, make_pool):
    ann, _bob = people
    make_pool(ann, takes_unassigned=True)
    full = make_pool(ann, name="Full")
    rule = AssignmentRule.objects.create(entity="sales.lead", name="One", fallback_pool=full)
    AssignmentMember.objects.create(rule=rule, user=ann, capacity=1)
    first, second = came_in(rep), came_in(rep)
    assert first.owner == ann and (second.owner, second.pool) == (None, full)
    assert Entry.objects.get(kind="ownership.pooled", record_id=second.pk).data["rule"] == "One"


def test_what_people_type_stays_theirs(rep, people, make_pool):
    make_pool(people[0], takes_unassigned=True)
    lead = Lead(owner=rep, name="Typed")
    records.save(lead, actor=Actor(rep, "request"))
    lead.refresh_from_db()
    assert lead.owner == rep
