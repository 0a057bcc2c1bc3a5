"""An opportunity that is removed for good takes the history of its stages along; any other way that history stays."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from crm.records import services
from crm.records.actor import Actor
from crm.records.purge import purge
from sales.factories import make_opportunity
from sales.models import Opportunity, StageHistory

pytestmark = pytest.mark.django_db


def moved(rep):
    deal = make_opportunity(owner=rep)
    deal.stage = deal.pipeline.stages.exclude(pk=deal.stage_id).first()
    services.save(deal, actor=Actor(rep))
    assert StageHistory.objects.filter(opportunity=deal).count() == 1
    return deal


def test_the_moves_go_with_their_opportunity_only(rep):
    deal, other = moved(rep), moved(rep)
    services.delete(deal, actor=Actor(rep))
    assert purge([deal], actor=Actor(rep)) == 1
    assert not Opportunity.objects.filter(pk=deal.pk).exists()
    assert list(StageHistory.objects.values_list("opportunity", flat=True)) == [other.pk]


def test_otherwise_the_history_of_stages_stays_as_it_is(rep):
    deal = moved(rep)
    services.delete(deal, actor=Actor(rep))
    purge([deal], actor=Actor(rep))
    kept = moved(rep)
    for attempt in (
        StageHistory.objects.filter(opportunity=kept).delete,
        lambda: StageHistory.objects.update(seconds=1),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()
