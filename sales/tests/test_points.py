"""Winning earns points once; opening the sale again takes them back."""

from __future__ import annotations

from decimal import Decimal

from crm.records.actor import Actor
from crm.records.dispatch import dispatch
from customers.factories import make_account
from customers.loyalty.models import AccountMembership, EarnRule
from sales.factories import make_opportunity, make_pipeline
from sales.models import Opportunity
from sales.services import reopen_opportunity, win_opportunity


def test_a_won_opportunity_earns_and_a_reopened_one_gives_back(rep, db):
    EarnRule.objects.create(name="成交送分", event="sales.opportunity.won", points=5, per_yuan=Decimal("0.01"))
    EarnRule.objects.create(
        name="大客户", event="sales.opportunity.won", points=1000,
        condition={"all": [{"field": "level", "op": "in", "value": ["vip"]}]},
    )  # fmt: skip
    account = make_account(owner=rep)
    deal = make_opportunity(owner=rep, account=account, stage=make_pipeline().stages.first(), amount=Decimal("1299.00"))
    win_opportunity(deal, actor=Actor(rep))
    dispatch()
    dispatch()
    assert AccountMembership.objects.get(pk=account.pk).balance == 17
    reopen_opportunity(Opportunity.objects.get(pk=deal.pk), actor=Actor(rep))
    dispatch()
    assert AccountMembership.objects.get(pk=account.pk).balance == 0
    win_opportunity(Opportunity.objects.get(pk=deal.pk), actor=Actor(rep))
    dispatch()
    assert AccountMembership.objects.get(pk=account.pk).balance == 17
