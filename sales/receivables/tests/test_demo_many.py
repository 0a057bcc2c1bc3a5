"""The many contracts that are measured stand as the services would have left them."""

from random import Random

import pytest
from django.db.models import F, Sum
from django.utils import timezone

from crm.demo.steps import World
from customers.factories import make_account
from sales.contracts.models import Contract
from sales.receivables import standing
from sales.receivables.demo_many import make_many
from sales.receivables.models import Allocation, Instalment, Payment

pytestmark = pytest.mark.django_db


def test_plans_add_up_and_nothing_is_left_to_work_out(rep):
    account = make_account(owner=rep)
    world = World(counts={"contracts": 60}, random=Random(7), now=timezone.now(), sellers=[rep])
    world.left["accounts"] = [(account.pk, rep, account.created_at, account.name)]
    make_many(world)
    contracts = Contract.objects.annotate(planned=Sum("instalments__amount"))
    assert (len(contracts), Instalment.objects.count()) == (60, 180)
    assert not contracts.exclude(planned=F("amount"))
    assert set(Instalment.objects.values_list("state", flat=True)) >= {"paid", "pending", "overdue"}
    assert standing.refresh(Instalment.objects.all()) == 0
    paid = Payment.objects.aggregate(amount=Sum("amount"), allocated=Sum("allocated"))
    assert paid["amount"] == paid["allocated"] == Allocation.objects.aggregate(sum=Sum("amount"))["sum"]
    assert paid["amount"] == Instalment.objects.aggregate(sum=Sum("received"))["sum"] > 0
