"""Custom fields of tests: defined by the service, forgotten with the transaction."""

from __future__ import annotations

import pytest

from crm.customfields import definitions
from crm.customfields.services import define_field
from crm.records.actor import Actor


@pytest.fixture
def define(db, boss):
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
