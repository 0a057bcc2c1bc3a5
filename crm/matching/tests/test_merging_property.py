"""Merge, work on, take back: on random graphs the state is what an obvious oracle says. GRAPHS=1000 for the whole of it."""

import os
from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.customfields import definitions
from crm.customfields.services import define_field
from crm.matching.keys import keys_of
from crm.matching.merging.services import merge
from crm.matching.merging.unmerging import LaterMerge, unmerge
from crm.matching.models import MatchKey
from crm.matching.tests.graphs import World, merged, moved_on, plain, snapshot, taken_back
from crm.records.actor import Actor
from customers.models import Account, Contact
from sales.models import Opportunity

pytestmark = pytest.mark.django_db
GRAPHS = int(os.environ.get("GRAPHS", "24"))


@pytest.fixture
def fields(boss):
    """A link that an admin defined, and a count of deals that must stay right."""
    define_field("customers.contact", "link", "partner", "伙伴", target="customers.account", actor=Actor(boss))
    link = {"link": "sales.opportunity:account", "function": "count"}
    define_field("customers.account", "rollup", "deals", "商机数", actor=Actor(boss), settings=link)
    yield
    definitions.assume_none()


@settings(max_examples=GRAPHS, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**31))
def test_what_was_merged_and_worked_on_comes_back(boss, fields, seed):
    with transaction.atomic():
        one_graph(World(Random(seed), Actor(boss, "test")))
        transaction.set_rollback(True)


def one_graph(world):
    label, records = world.chosen()
    winner, kind = records[0], type(records[0])
    losers = {record.pk for record in records[1:]}
    choices = world.choices(label, records)
    before = snapshot()
    operation = merge(records, winner, choices, actor=world.actor)
    then = snapshot()
    assert without_own(plain(then), kind, winner) == without_own(
        plain(merged(before, label, winner.pk, losers, choices)), kind, winner
    )
    computed_is_right()
    for _ in range(world.rnd.randint(0, 12)):
        world.edit(winner, losers)
    now = snapshot()
    again(world, label, kind, winner, losers, operation, now)
    done = unmerge(operation, actor=world.actor)
    assert plain(snapshot()) == plain(taken_back(before, then, now))
    left = {(m, pk) for m, pk in done.rows}
    expected = {(m._meta.label_lower, pk) for m, pk in moved_on(before, then, now, kind, {winner.pk, *losers})}
    assert left == expected
    column = {f.name: f.attname for f in kind._meta.concrete_fields}
    changed = {
        n
        for n in operation.values
        if then[kind, winner.pk].get(column.get(n, n)) != now[kind, winner.pk].get(column.get(n, n))
    }
    assert set(done.fields) == changed
    computed_is_right()


def again(world, label, kind, winner, losers, operation, now):
    """Another merge on top comes off first, and leaves no trace."""
    others = [
        r for r in world.chosen()[1] if type(r) is kind and r.deleted_at is None and r.pk not in {winner.pk, *losers}
    ]
    if not others:
        return
    pair = [kind._base_manager.get(pk=winner.pk), others[0]]
    stays = world.rnd.choice(pair)
    later = merge(pair, stays, {}, actor=world.actor)
    with pytest.raises(LaterMerge) as refused:
        unmerge(operation, actor=world.actor)
    assert refused.value.first == later
    assert unmerge(later, actor=world.actor).conflicts == 0
    assert plain(snapshot()) == plain(now)


def without_own(state, kind, winner):
    """Without the links by which the record that stays points at its own kind: these are asked elsewhere."""
    row = state[f"{kind.__name__}:{winner.pk}"]
    for name in ("parent_id", "reports_to_id"):
        row.pop(name, None)
    return state


def computed_is_right():
    """Keys and counts say what the rows say."""
    for model in (Account, Contact):
        rows = model._base_manager.filter(deleted_at=None)
        stored = set(MatchKey.objects.filter(entity=model._meta.label_lower).values_list("record_id", "kind", "value"))
        assert stored == {(row.pk, key.kind, key.value) for row in rows for key in keys_of(row)}
    for account in Account._base_manager.filter(deleted_at=None):
        held = Opportunity._base_manager.filter(account=account, deleted_at=None).count()
        assert int(float(account.custom["deals"])) == held
