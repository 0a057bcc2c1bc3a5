"""Two admins who install the same pack at once: one does, the other is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import translation

from crm.customfields.models import CustomField
from crm.packs import services
from crm.packs.declaring import packs
from crm.packs.models import InstalledPack
from crm.packs.tests.test_packs import forgotten  # noqa: F401
from crm.records.actor import Actor
from sales.models import Pipeline

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def test_two_installs_at_once(boss):
    barrier = Barrier(2)

    def run(_number: int) -> str:
        try:
            with translation.override("en"):
                barrier.wait(5)
                services.install(packs["software"], actor=Actor(boss, "test"))
        except services.Refused as refused:
            return str(refused)
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, range(2))) == ["done", "“Software” is installed already."]
    assert InstalledPack.objects.count() == 1 and Pipeline.objects.filter(name="Software sales").count() == 1
    assert CustomField.objects.filter(code="seats").count() == 1
