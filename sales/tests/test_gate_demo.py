"""The demo company's gate stands before its contracts, with two requests under way."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.access.models import Scope
from crm.approvals import services as approvals
from crm.approvals.models import ApprovalInstance, ApprovalTask
from crm.records.actor import Actor
from sales import services
from sales.factories import make_opportunity, make_stage
from sales.gate_demo import make_gates
from sales.models import Pipeline, StageGate

pytestmark = pytest.mark.django_db


def test_the_gate_of_the_demo_company(make_user, grant):
    people = {name: make_user(name) for name in ("admin", "lead", "rep", "finance", "manager")}
    people["admin"].is_superuser = True
    people["admin"].save()
    for name in ("lead", "rep"):
        people[name].manager = people["manager"]
        people[name].save()
        grant(people[name], "sales.opportunity", view=Scope.OWN, change=Scope.OWN)
    grant(people["manager"], "sales.opportunity", view=Scope.ALL)
    Pipeline.objects.update(position=9)
    first, stage = make_stage("需求分析"), make_stage("合同谈判")
    Pipeline.objects.filter(pk=stage.pipeline_id).update(position=0)
    whole = {"product_text": "泵站", "close_date": timezone.localdate(), "stage": first}
    large = {name: make_opportunity(owner=people[name], amount=Decimal("2000000"), **whole) for name in ("lead", "rep")}
    small = make_opportunity(owner=people["rep"], amount=Decimal("20000"), **whole)
    make_gates(None)
    make_gates(None)
    assert StageGate.objects.count() == 1
    assert set(ApprovalTask.objects.filter(state="open").values_list("user__username", flat=True)) == {"manager"}
    assert ApprovalInstance.objects.filter(state="running").count() == 2
    services.move_stage(small, stage, actor=Actor(people["rep"]))
    with pytest.raises(ValidationError):
        services.move_stage(large["rep"], stage, actor=Actor(people["rep"]))
    for name in ("manager", "finance"):
        task = ApprovalTask.objects.get(instance__record_id=large["rep"].pk, user=people[name], state="open")
        approvals.approve(task, actor=Actor(people[name]))
    large["rep"].refresh_from_db()
    assert large["rep"].stage.name == "合同谈判"
