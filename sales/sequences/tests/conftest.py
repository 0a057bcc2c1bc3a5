"""A rep with a mailbox that sends, a clock that is set by hand, a lead who can be written to."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from crm.access.models import Scope
from crm.messaging.tests.conftest import account, due, mailbox, own_network, receiver  # noqa: F401 - fixtures
from crm.records.actor import Actor
from sales.factories import make_lead
from sales.sequences.entering import enrol
from sales.sequences.factories import make_sequence

ACTIONS = ("view", "add", "change", "delete")
LABELS = (
    "sales.lead", "customers.contact", "customers.account", "sales.opportunity", "sequences.enrolment",
    "sequences.sequence", "sequences.sequencestep", "activities.task",
)  # fmt: skip


class Clock:
    """``clock.on(days=2)`` is two days later."""

    def __init__(self):
        monday = (
            timezone.now().astimezone(ZoneInfo("Asia/Shanghai")).replace(hour=10, minute=0, second=0, microsecond=0)
        )
        self.at = monday + timedelta(days=7 - monday.weekday())

    def on(self, **passed):
        self.at += timedelta(**passed)
        return self.at


@pytest.fixture
def clock(monkeypatch):
    """Now is next Monday at ten, until it is set on."""
    made = Clock()
    monkeypatch.setattr(timezone, "now", lambda: made.at)
    return made


@pytest.fixture
def seller(rep, grant, account):  # noqa: F811 - the fixture
    """The rep may do everything with their own, and has a mailbox."""
    for label in LABELS:
        grant(rep, label, **dict.fromkeys(ACTIONS, Scope.OWN))
    return rep


@pytest.fixture
def actor(seller):
    return Actor(seller, "test")


@pytest.fixture
def lead(seller):
    return make_lead(owner=seller, name="王强", email="wang@customer.example")


@pytest.fixture
def enrolled(clock, lead, actor, seller):
    """The lead is in a sequence: a mail at once, a call after two days, a mail after three more."""
    return enrol(lead, actor=actor, sequence=make_sequence(owner=seller))
