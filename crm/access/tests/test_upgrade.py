"""Roles of a house that was there before a right came about."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps

from crm.access.models import Grant, Role, Scope

pytestmark = pytest.mark.django_db
give = import_module("crm.access.migrations.0006_administrators_remove_for_good").give


def test_administrators_may_remove_for_good_what_they_may_delete_everywhere():
    admin, manager = (Role.objects.create(name=code, code=code) for code in ("admin", "manager"))
    for role in (admin, manager):
        for entity, scope in (
            ("sales.lead", Scope.ALL),
            ("sales.opportunity", Scope.OWN),
            ("customers.account", Scope.ALL),
        ):
            Grant.objects.create(role=role, entity=entity, action="delete", scope=scope)
    Grant.objects.create(role=admin, entity="customers.account", action="purge", scope=Scope.TEAM)
    for _time in range(2):
        give(apps, None)
        found = Grant.objects.filter(action="purge").values_list("role__code", "entity", "scope")
        assert set(found) == {("admin", "sales.lead", Scope.ALL), ("admin", "customers.account", Scope.TEAM)}
        assert found.count() == 2
