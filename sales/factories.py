"""Leads, pipelines and opportunities for tests and demos, written through the same services as everything else."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import some_user
from sales.models import Lead, LossReason, Opportunity, OpportunityContact, Pipeline, Stage

_numbers = count(1)

# name, probability, rotting days, won, lost
STEPS = (
    ("需求分析", 10, 14, False, False),
    ("方案设计", 30, 14, False, False),
    ("合同谈判", 80, 10, False, False),
    ("赢单", 100, None, True, False),
    ("输单", 0, None, False, True),
)


def make_pipeline(name: str = "测试流程", steps: Sequence[tuple] = STEPS) -> Pipeline:
    """The pipeline of that name, made with ``steps`` when it is not there."""
    pipeline, made = Pipeline.objects.get_or_create(name=name)
    if made:
        for position, (step, probability, rotting, won, lost) in enumerate(steps):
            Stage.objects.create(
                pipeline=pipeline,
                name=step,
                position=position,
                probability=probability,
                rotting_days=rotting,
                is_won=won,
                is_lost=lost,
            )
    return pipeline


def make_stage(name: str = "需求分析", pipeline: Pipeline | None = None) -> Stage:
    """The stage of that name in the pipeline."""
    return (pipeline or make_pipeline()).stages.get(name=name)


def make_loss_reason(name: str = "价格太高") -> LossReason:
    """The reason of that name."""
    return LossReason.objects.get_or_create(name=name)[0]


def make_lead(**values: Any) -> Lead:
    """A saved lead; ``owner`` and every field may be given."""
    values["owner"] = some_user(values.get("owner"))
    lead = Lead(**{"name": f"张小{next(_numbers)}", **values})
    records.save(lead, actor=Actor(lead.owner, "factory"))
    return lead


def make_opportunity(**values: Any) -> Opportunity:
    """A saved opportunity in the first stage of the test pipeline, unless ``stage`` is given."""
    values["owner"] = some_user(values.get("owner"))
    values["stage"] = values.get("stage") or make_pipeline().stages.first()
    opportunity = Opportunity(**{"name": f"设备采购{next(_numbers)}", **values})
    records.save(opportunity, actor=Actor(opportunity.owner, "factory"))
    return opportunity


def make_role(opportunity: Opportunity, contact: Any, **values: Any) -> OpportunityContact:
    """A saved part that a contact plays in an opportunity."""
    part = OpportunityContact(opportunity=opportunity, contact=contact, owner=opportunity.owner, **values)
    records.save(part, actor=Actor(opportunity.owner, "factory"))
    return part
