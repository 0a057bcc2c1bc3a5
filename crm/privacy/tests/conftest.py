"""A privacy officer, and what tests of several files need."""

from __future__ import annotations

import pytest

from crm.access.models import Scope
from crm.customfields import definitions

PEOPLE = ("customers.contact", "customers.account", "sales.lead")


@pytest.fixture(autouse=True)
def fresh_definitions():
    """What was kept of an earlier test says nothing here."""
    definitions.look_again()
    yield
    definitions.look_again()


@pytest.fixture
def officer(make_user, grant):
    """Whoever holds the right."""
    user = make_user("officer", name="合规")
    for label in PEOPLE:
        grant(user, label, view=Scope.ALL, change=Scope.ALL, privacy=Scope.ALL)
    grant(user, "privacy.privacyrequest", view=Scope.ALL, add=Scope.ALL, change=Scope.ALL, privacy=Scope.ALL)
    return user
