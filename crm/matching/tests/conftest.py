"""Rules of the house in tests."""

from __future__ import annotations

from typing import Any

import pytest

from crm.customfields import definitions
from crm.matching.claims import fill
from crm.matching.models import MatchPolicy, MatchRule

EVERYWHERE = ["customers.account", "sales.lead"]


@pytest.fixture
def rule(db):
    """``rule("phone", "block")`` makes a rule as an admin would, over what is there."""

    def make(kind: str, level: str = "block", entities: Any = EVERYWHERE) -> MatchRule:
        made = MatchRule.objects.create(kind=kind, level=level, entities=list(entities))
        definitions.renew()
        fill(made)
        return made

    yield make
    definitions.look_again()


@pytest.fixture
def house(db):
    """``house("customers.account", tell_owner=False)`` sets the policy of an entity."""

    def make(label: str, **values: Any) -> MatchPolicy:
        made = MatchPolicy.objects.update_or_create(entity=label, defaults=values)[0]
        definitions.renew()
        return made

    yield make
    definitions.look_again()
