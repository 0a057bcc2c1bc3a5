"""Custom fields of tests: defined by the service, forgotten with the transaction."""

from __future__ import annotations

import pytest

from crm.customfields import definitions, regions
from crm.customfields.services import define_field
from crm.records.actor import Actor
from crm.reference.models import Region


@pytest.fixture
def actor(boss):
    return Actor(boss, "test")


@pytest.fixture
def desk(client, boss):
    """The administrator's browser; rooms that test a rep's rights have a desk of their own."""
    client.force_login(boss)
    return client


@pytest.fixture
def places(db):
    """A province and a city that addresses know, also where a test has emptied the tables."""
    known = {"code": "440000", "kind": "province"}
    province = Region.objects.filter(code="440000").first() or Region.objects.create(name="广东省", **known)
    if not Region.objects.filter(code="440300").exists():
        Region.objects.create(name="深圳市", code="440300", kind="city", parent=province)
    regions._known.clear()
    yield
    regions._known.clear()


@pytest.fixture
def define(db, boss, places):
    """``define("customers.account", "money", "budget", required=True)``; the entity's fields are forgotten after the test."""

    def make(entity, kind, code=None, **settings):
        code = code or kind
        if kind in {"choice", "multichoice"}:
            settings.setdefault(
                "options", [{"value": v, "label_zh": f"选项{v}", "label_en": f"Option {v}"} for v in "abc"]
            )
        if kind == "link":
            settings.setdefault("target", "customers.contact")
        settings.setdefault("label_en", f"My {code}")
        return define_field(
            entity, kind, code, settings.pop("label_zh", f"我的{code}"), actor=Actor(boss, "test"), **settings
        )

    yield make
    definitions.assume_none()
