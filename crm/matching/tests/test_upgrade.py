"""A house from before merging gets the new rights for the roles that every house begins with, and nothing of its own is touched."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps

from crm.access.models import Grant, Role, Scope

pytestmark = pytest.mark.django_db
give = import_module("crm.matching.migrations.0011_rights_that_came_later").give
CONTACT, CASE = "customers.contact", "matching.collisioncase"


@pytest.fixture
def old_house():
    Grant.objects.all().delete()
    codes = {"rep": Scope.OWN, "manager": Scope.DEPARTMENT, "admin": Scope.ALL, "legal": None, "ours": Scope.ALL}
    roles = {}
    for code, change in codes.items():
        roles[code] = Role.objects.get_or_create(code=code, defaults={"name": code})[0]
        Grant.objects.create(role=roles[code], entity=CONTACT, action="view", scope=Scope.ALL)
        Grant.objects.create(role=roles[code], entity=CASE, action="decide", scope=Scope.OWN)
        if change is not None:
            Grant.objects.create(role=roles[code], entity=CONTACT, action="change", scope=change)
    return roles


def held(action: str, entity: str = CONTACT) -> dict[str, int]:
    return dict(Grant.objects.filter(action=action, entity=entity).values_list("role__code", "scope"))


def test_the_first_roles_get_what_came_later(old_house):
    give(apps, None)
    assert held("merge") == {"rep": Scope.OWN, "manager": Scope.DEPARTMENT, "admin": Scope.ALL}
    assert held("privacy") == held("unmask") == {"admin": Scope.ALL, "legal": Scope.ALL}
    own = {"rep": Scope.OWN, "legal": Scope.OWN, "ours": Scope.OWN}
    assert held("decide", CASE) == {**own, "manager": Scope.DEPARTMENT, "admin": Scope.ALL}
    before = list(Grant.objects.order_by("pk").values_list("pk", "scope"))
    give(apps, None)
    assert list(Grant.objects.order_by("pk").values_list("pk", "scope")) == before, "safe to run again"


def test_a_house_that_has_decided_is_left_alone(old_house):
    Grant.objects.create(role=old_house["ours"], entity=CONTACT, action="merge", scope=Scope.TEAM)
    give(apps, None)
    assert held("merge") == {"ours": Scope.TEAM}
    assert held("decide", CASE)["manager"] == Scope.OWN
