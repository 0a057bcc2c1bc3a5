"""Who approves a purchase, that nobody gets past them, and the standard roles of a new company."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from crm.access import policy
from crm.access.models import Scope
from crm.approvals import services as approvals
from crm.approvals import writing
from crm.approvals.models import ApprovalInstance, ApprovalProcess, ApprovalTask
from crm.approvals.nodes import fresh_node
from crm.demo.roles import ensure_roles
from crm.records import services as records
from crm.records.actor import Actor
from sales.purchasing import services
from sales.purchasing.factories import make_purchase
from sales.purchasing.models import PurchaseOrder

pytestmark = pytest.mark.django_db


@pytest.fixture
def buyer(rep, grant):
    for label in ("supplier", "purchaseorder", "purchaseorderline"):
        grant(rep, f"purchasing.{label}", view=Scope.ALL, add=Scope.OWN, change=Scope.OWN)
    return rep


@pytest.fixture
def finance(boss, make_user, grant):
    person = make_user("money")
    grant(person, "purchasing.purchaseorder", view=Scope.ALL)
    made = ApprovalProcess.objects.create(
        entity="purchasing.purchaseorder", name="P", principal=boss, verb="approve", by_hand=False
    )
    writing.save_version(
        made, {"nodes": [fresh_node() | {"name": "F", "by": "people", "people": [person.pk]}]}, actor=Actor(boss)
    )
    writing.switch(made, True)
    return person


def state_of(purchase):
    return PurchaseOrder.objects.get(pk=purchase.pk).state


def test_it_is_approved_by_the_process_alone(buyer, finance, client):
    purchase = make_purchase(owner=buyer, placed=False)
    client.force_login(buyer)
    url = f"/purchasing/purchaseorders/{purchase.pk}/do"
    client.post(f"{url}/submit/", {"note": "急"})
    assert state_of(purchase) == "approving"
    for verb in ("approve", "place", "receive", "reopen"):
        assert client.post(f"{url}/{verb}/", {"ordered_on": "2026-11-22"}).status_code in (403, 409, 422)
    line = purchase.lines.get()
    line.unit_price = Decimal(1)
    with pytest.raises((ValidationError, PermissionDenied)), transaction.atomic():
        records.save(line, actor=Actor(buyer))
    assert state_of(purchase) == "approving"
    approvals.approve(ApprovalTask.objects.get(state="open", user=finance), actor=Actor(finance))
    assert state_of(purchase) == "approved"
    client.post(f"{url}/place/", {"ordered_on": "2026-11-22"})
    assert state_of(purchase) == "ordered"


def test_what_is_refused_is_a_draft_again(buyer, finance):
    purchase = make_purchase(owner=buyer, placed=False)
    services.submit_purchase(purchase, actor=Actor(buyer))
    task = ApprovalTask.objects.get(state="open", user=finance)
    approvals.reject(task, actor=Actor(finance), comment="太贵")
    assert state_of(purchase) == "draft"
    services.submit_purchase(PurchaseOrder.objects.get(pk=purchase.pk), actor=Actor(buyer))
    services.cancel_purchase(PurchaseOrder.objects.get(pk=purchase.pk), actor=Actor(buyer))
    assert (state_of(purchase), ApprovalInstance.objects.filter(state="withdrawn").count()) == ("cancelled", 1)


def test_the_standard_roles(make_user):
    cells = {
        code: {
            (name, action)
            for name in ("supplier", "supplierprice", "purchaseorder", "bill", "billpayment")
            for action in ("view", "add", "pay", "overbill")
            if policy.can(_one(make_user, role), f"purchasing.{name}", action)
        }
        for code, role in ensure_roles("en").items()
    }
    assert cells["rep"] == cells["lead"] == {("supplier", "view")}
    assert cells["agent"] == cells["marketer"] == set()
    assert ("purchaseorder", "add") in cells["manager"]
    assert not {("bill", "pay"), ("purchaseorder", "overbill"), ("billpayment", "add")} & cells["manager"]
    assert {("bill", "pay"), ("purchaseorder", "overbill"), ("billpayment", "add")} <= cells["finance"]
    assert ("purchaseorder", "add") not in cells["finance"]


def _one(make_user, role):
    user = role.users.first() or make_user(f"u-{role.code}")
    role.users.add(user)
    return type(user).objects.get(pk=user.pk)
