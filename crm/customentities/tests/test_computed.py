"""Formulas, roll-ups and rules work on entities that admins made, and over them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError

from crm.customentities import registering
from crm.customentities.services import define_entity
from crm.customfields import definitions
from crm.customfields.arranging import ValidationRule
from crm.customfields.formulas.checks import judge_rule
from crm.customfields.services import define_field
from crm.entities.entity import registry
from crm.entities.testing import listed
from crm.records.actor import Actor
from crm.records.services import delete, save
from customers.factories import make_account

LABEL, ACCOUNT = "customentities.visit", "customers.account"


@pytest.fixture
def visits(boss) -> Iterator[Actor]:
    """Visits to accounts, with costs."""
    actor = Actor(boss, "test")
    define_entity("visit", "拜访", name_en="Visit", plural_en="Visits", prefix="VI", actor=actor)
    define_field(LABEL, "link", "account", "客户", actor=actor, target=ACCOUNT)
    define_field(LABEL, "money", "cost", "费用", "Cost", actor=actor)
    yield actor
    registering._definitions.clear()
    registering._state["version"] = None
    registry.pop(LABEL, None)
    definitions.assume_none()


def test_they_are_worked_out_over_a_link(visits, boss, client):
    formula = {"expression": "cost * 2 + account.employees", "result": "money"}
    define_field(LABEL, "formula", "double", "双倍", actor=visits, settings=formula)
    said = {"link": f"{LABEL}:custom.account", "function": "sum", "field": "custom.double"}
    define_field(ACCOUNT, "rollup", "spent", "花费", actor=visits, settings=said)
    account = make_account(owner=boss, employees=3)
    model = apps.get_model(LABEL)
    visit = model(owner=boss, name="V", custom={"account": account.pk, "cost": "10.00"})
    save(visit, actor=visits)
    account.refresh_from_db()
    assert (visit.custom["double"], account.custom) == ("23.00", {"spent": "23.00"})
    account.employees = 5
    save(account, actor=visits)
    visit.refresh_from_db()
    account.refresh_from_db()
    assert (visit.custom["double"], account.custom) == ("25.00", {"spent": "25.00"})
    client.force_login(boss)
    assert listed(client, ACCOUNT, "?custom.spent__gte=25") == {account.pk}
    delete(visit, actor=visits)
    account.refresh_from_db()
    assert account.custom == {"spent": "0.00"}


def test_rules_are_kept(visits, boss):
    rule = ValidationRule(entity=LABEL, name="Cap", expression="费用 > 100", message_zh="过高", message_en="Too high.")
    judge_rule(rule)
    rule.save()
    definitions.look_again()
    model = apps.get_model(LABEL)
    with pytest.raises(ValidationError):
        save(model(owner=boss, name="V", custom={"cost": "100.01"}), actor=visits)
    save(model(owner=boss, name="V", custom={"cost": str(Decimal(100))}), actor=visits)
