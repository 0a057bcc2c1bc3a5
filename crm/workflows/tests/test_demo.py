"""The demo company's rules can be written and switched on."""

from decimal import Decimal

import pytest

from crm.access.models import Scope
from crm.notifications.models import Notification
from crm.records import services as records
from crm.workflows.demo import RULES, make_rules
from crm.workflows.models import Rule
from crm.workflows.tests.conftest import work
from sales.factories import make_opportunity
from sales.services import win_opportunity

pytestmark = pytest.mark.django_db


def test_the_rules_of_the_demo_company(boss):
    make_rules(None)
    make_rules(None)
    assert [rule.active for rule in Rule.objects.all()] == [True] * len(RULES)


def test_the_superior_hears_of_a_large_sale_when_it_grows_and_when_it_is_won(boss, rep, other, grant, as_actor):
    rep.manager = other
    rep.save()
    for user in (rep, other):
        grant(user, "sales.opportunity", view=Scope.ALL, change=Scope.ALL)
    make_rules(None)
    deal = make_opportunity(owner=rep, amount=Decimal(900_000))
    work()
    deal.amount = Decimal(1_200_000)
    records.save(deal, actor=as_actor(rep))
    work()
    win_opportunity(deal, actor=as_actor(rep))
    work()
    told = [f"{one.text} {one.data}" for one in Notification.objects.filter(user=other).order_by("pk")]
    assert [
        text for text in ("商机金额达到 100 万元", "百万大单赢下了") if not any(text in line for line in told)
    ] == []
