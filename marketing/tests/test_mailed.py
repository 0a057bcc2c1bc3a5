"""A stranger's mail to a mailbox that brings leads becomes one lead, given to somebody by the rules."""

from __future__ import annotations

import pytest

from crm.access.models import Scope
from crm.messaging.models import MailAccount, MailLink
from crm.messaging.receiving import Place, take_in
from crm.ownership.models import AssignmentMember, AssignmentRule
from crm.records.dispatch import dispatch
from customers.factories import make_contact, make_source
from marketing.models import MailIntake
from sales.models import Lead

pytestmark = pytest.mark.django_db
MAIL = """From: {sender}
To: sales@example.com
Subject: =?utf-8?b?5rC06KGo6K+i5Lu3?=
Message-ID: <{n}@example.org>
{more}Content-Type: text/plain; charset=utf-8

请报 200 台超声波水表的价格。
"""


@pytest.fixture
def write(boss, rep, grant):
    grant(rep, "sales.lead", view=Scope.OWN)
    grant(boss, "sales.lead", view=Scope.ALL, add=Scope.ALL, assign=Scope.ALL)
    rule = AssignmentRule.objects.create(entity="sales.lead", name="All")
    AssignmentMember.objects.create(rule=rule, user=rep)
    account = MailAccount.objects.create(name="销售", address="sales@example.com", owner=boss, shared=True)
    MailIntake.objects.create(account=account, source=make_source("邮件"))
    numbers = iter(range(1, 99))

    def send(sender: str, more: str = "") -> None:
        n = next(numbers)
        take_in(account, Place("INBOX", 1, n), MAIL.format(sender=sender, n=n, more=more).encode())
        dispatch()

    return send


def test_a_stranger_becomes_one_lead_with_its_mails(write, rep):
    write("Ada <ada@strange.example>")
    write("ada@strange.example")
    lead = Lead.objects.get()
    assert (lead.name, lead.email, lead.interest, lead.source.name) == (
        "Ada",
        "ada@strange.example",
        "水表询价",
        "邮件",
    )
    assert lead.owner == rep and "200 台" in lead.description
    assert MailLink.objects.filter(entity="sales.lead", record_id=lead.pk).count() == 2


def test_who_is_known_or_no_stranger_makes_none(write, boss):
    make_contact(owner=boss, email="kunde@known.example")
    boss.email = "boss@example.com"
    boss.save()
    write("kunde@known.example")
    write("boss@example.com")
    write("robot@strange.example", "Auto-Submitted: auto-generated\n")
    MailIntake.objects.update(active=False)
    write("late@strange.example")
    assert not Lead.objects.exists()
