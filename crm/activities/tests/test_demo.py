"""What the demo loads looks like what the services write."""

from random import Random

import pytest
from django.utils import timezone

from crm.activities.demo import make_activities
from crm.activities.models import FollowUp, Task
from crm.activities.services import add_follow_up, add_task
from crm.demo.steps import World
from crm.records.actor import Actor
from crm.records.models import Entry, EntryLink
from crm.search.models import SearchRow
from customers.factories import make_account
from sales.factories import make_opportunity

pytestmark = pytest.mark.django_db


def shape(record):
    """Entries that tell of an activity, the timelines they are on, and whether it is found."""
    label = record._meta.label_lower
    own = Entry.objects.filter(entity=label, record_id=record.pk)
    told = Entry.objects.filter(data__followup=record.pk) if label == "activities.followup" else own.none()
    found = []
    for entry in [*own, *told]:
        links = EntryLink.objects.filter(entry_id=entry.pk, at=entry.at)
        assert {link.kind for link in links} == {entry.kind}
        found.append((entry.kind.rpartition(".")[0], entry.entity, sorted(link.entity for link in links)))
    return sorted(found), SearchRow.objects.filter(entity=label, record_id=record.pk).count()


def test_loaded_activities_equal_written_ones(rep):
    account = make_account(owner=rep)
    deal = make_opportunity(owner=rep, account=account)
    now = timezone.now()
    world = World(counts={"activities": 40}, random=Random(7), now=now, sellers=[rep])
    world.left["accounts"] = [(account.pk, rep, account.created_at, account.name)]
    world.left["opportunities"] = [(deal.pk, account.pk, rep, deal.created_at)]
    make_activities(world)
    assert (Task.objects.count(), FollowUp.objects.count()) == (6, 34)
    for target in (account, deal):
        task = add_task(target, subject="x", actor=Actor(rep))
        follow_up = add_follow_up(target, kind="note", text="x", actor=Actor(rep))
        for written in (task, follow_up):
            loaded = type(written).objects.filter(on_id=target.pk, on_entity=target._meta.label_lower).first()
            assert loaded.on == written.on == target
            assert shape(loaded) == shape(written)
