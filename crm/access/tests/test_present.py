"""The administration of one process knows at once what another one defined."""

from __future__ import annotations

import pytest

from crm.customentities import registering
from crm.customentities.models import EntityDefinition
from crm.entities.entity import registry

pytestmark = pytest.mark.django_db


def test_a_superuser_in_the_administration_works_with_what_is_defined_now(client, boss):
    client.force_login(boss)
    client.get("/admin/")
    EntityDefinition.objects.create(code="elsewhere", name_zh="别处", area="sales")
    assert "customentities.elsewhere" not in registry
    try:
        assert client.get("/admin/packs/installedpack/").status_code == 200
        assert "customentities.elsewhere" in registry
    finally:
        registering._definitions.clear()
        registry.pop("customentities.elsewhere", None)
        registering._state["version"] = None
