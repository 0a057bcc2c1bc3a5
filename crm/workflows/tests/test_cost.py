"""Rules cost the one who saves next to nothing: they are queued, and judged after the commit."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.records import services as records
from crm.records.models import Delivery
from crm.workflows.handlers import look_at
from crm.workflows.tests.conftest import set_fields, when

pytestmark = pytest.mark.django_db


def save(opportunity, actor) -> int:
    opportunity.refresh_from_db()
    opportunity.amount = (opportunity.amount or 0) + 1
    with CaptureQueriesContext(
        connection,
    ) as queries:
        records.save(opportunity, actor=actor)
    return len(queries)


def test_twenty_rules_cost_a_save_two_statements(make_rule, opportunity, seller, as_actor):
    save(opportunity, as_actor(seller))
    without = save(opportunity, as_actor(seller))
    for number in range(20):
        make_rule(
            {"on": "changed", "field": "amount"},
            set_fields(next_step="Call"),
            condition=when("amount", "gte", str(10**9 + number)),
            name=f"Rule {number}",
        )
    save(opportunity, as_actor(seller))  # reads the rules anew
    Delivery.objects.all().delete()
    assert save(opportunity, as_actor(seller)) <= without + 1
    assert Delivery.objects.filter(subscriber="crm.workflows").count() == 1


def test_judging_by_twenty_rules_takes_few_questions(make_rule, opportunity, seller, as_actor):
    for number in range(20):
        make_rule(
            {"on": "changed", "field": "amount"},
            set_fields(next_step="Call"),
            condition=when("amount", "gte", str(10**9)),
            name=f"Rule {number}",
        )
    save(opportunity, as_actor(seller))
    opportunity.refresh_from_db()
    opportunity.amount += 1
    entry = records.save(opportunity, actor=as_actor(seller))
    with CaptureQueriesContext(connection) as queries:
        look_at(entry)
    assert len(queries) <= 9, [query["sql"][:120] for query in queries]
