"""A record with somebody who owns it and somebody who sees it."""

from __future__ import annotations

import pytest

from crm.access.models import Scope
from sales.factories import make_opportunity

LABEL = "sales.opportunity"


@pytest.fixture
def seller(rep, grant):
    grant(rep, LABEL, view=Scope.OWN, change=Scope.OWN)
    rep.email = "rep@example.com"
    rep.save()
    return rep


@pytest.fixture
def reader(other, grant):
    grant(other, LABEL, view=Scope.ALL)
    other.email = "other@example.com"
    other.save()
    return other


@pytest.fixture
def deal(seller):
    return make_opportunity(owner=seller, name="泵站改造")
