"""A small company with all kinds of opportunities, drawn by a fixed chance."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from django.utils import timezone
from django.utils.translation import override

from crm.access.models import Scope
from customers.factories import make_account
from customers.models import Source
from sales.factories import make_opportunity, make_pipeline
from sales.models import Opportunity

DEAL = "sales.opportunity"


@pytest.fixture(autouse=True)
def english():
    """Labels outside of requests, whatever language the request before spoke."""
    with override("en"):
        yield


@pytest.fixture
def pipeline(db):
    return make_pipeline()


@pytest.fixture
def company(db, rep, other, make_user, grant, team, department, pipeline):
    """``rep`` sees what is theirs, ``lead`` their team's with ``rep``, ``chief`` everything; ``other`` sells elsewhere."""
    lead, chief = make_user("lead", department=department), make_user("chief")
    team("华东一组", rep, lead)
    for user, scope in ((rep, Scope.OWN), (lead, Scope.TEAM), (chief, Scope.ALL)):
        grant(user, DEAL, view=scope)
        grant(user, "customers.account", view=Scope.ALL)
    random, today = Random(7), timezone.localdate()
    sources = [Source.objects.create(name="测试展会"), Source.objects.create(name="测试官网"), None]
    stages = list(pipeline.stages.all())
    account = make_account(owner=chief)
    for _i in range(60):
        deal = make_opportunity(
            owner=random.choice([rep, other, lead]),
            stage=random.choice(stages),
            account=account,
            amount=random.choice([None, Decimal(random.randrange(1, 10**6)) / 4]),
            currency=random.choice(["CNY", "CNY", "USD"]),
            probability=random.choice([None, 55]),
            source=random.choice(sources),
            close_date=random.choice([None, today - timedelta(days=random.randrange(700))]),
        )
        entered = timezone.now() - timedelta(days=random.randrange(40))
        Opportunity.objects.filter(pk=deal.pk).update(stage_entered_at=entered)
    return {"rep": rep, "lead": lead, "chief": chief, "other": other}
