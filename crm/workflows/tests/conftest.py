"""Rules on opportunities, and the machinery that makes them run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import translation

from crm.access.models import Scope
from crm.entities.testing import factory_of
from crm.records.actor import Actor
from crm.records.dispatch import dispatch
from crm.records.models import Delivery
from crm.workflows import services
from crm.workflows.engine import advance
from crm.workflows.models import Rule, RuleRun

ACTIONS = ("view", "add", "change", "delete")
ENTITIES = ("customers.account", "customers.contact", "sales.opportunity", "sales.lead", "activities.task")


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def seller(rep, grant):
    """A rep who does everything with their own records."""
    for label in ENTITIES:
        grant(rep, label, **dict.fromkeys(ACTIONS, Scope.OWN))
    return rep


@pytest.fixture
def robot(make_user, grant):
    """Whom rules act as: reaches everything, and may assign."""
    user = make_user("robot", name="Robot")
    for label in ENTITIES:
        grant(user, label, **dict.fromkeys((*ACTIONS, "assign"), Scope.ALL))
    return user


@pytest.fixture
def opportunity(seller):
    return factory_of("sales.opportunity")(seller, name="Pump station")


@pytest.fixture
def make_rule(robot) -> Callable[..., Rule]:
    """``make_rule({"on": "created"}, set_fields(next_step="Call"))``; active at once."""

    def make(trigger: dict, *steps: dict, condition: dict | None = None, active: bool = True, **values) -> Rule:
        values.setdefault("entity", "sales.opportunity")
        values.setdefault("principal", robot)
        rule = Rule.objects.create(name=values.pop("name", "Rule"), **values)
        services.save_version(rule, trigger=trigger, condition=condition, steps=list(steps), actor=Actor())
        if active:
            services.switch(rule, True, actor=Actor())
        return rule

    return make


def set_fields(**values: str) -> dict:
    return {"do": "effect", "effect": "set_fields", "params": values}


def when(field: str, op: str, value=None) -> dict:
    return {"all": [{"field": field, "op": op, "value": value}]}


def work(rounds: int = 20) -> None:
    """Let dispatcher and engine go on until nothing is to be done."""
    for _round in range(rounds):
        dispatch()
        advance()
        if not Delivery.objects.filter(state="pending", subscriber="crm.workflows").exists():
            break


def runs(**where) -> list[RuleRun]:
    return list(RuleRun.objects.filter(**where).order_by("id"))
