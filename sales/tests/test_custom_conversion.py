"""What admins defined under the same code goes from a lead to what it becomes."""

from __future__ import annotations

import pytest

from crm.access.models import Scope
from crm.customfields import definitions
from crm.customfields.services import define_field
from crm.records.actor import Actor
from crm.records.models import ChangeSet
from crm.records.undo import undo
from customers.factories import make_account
from customers.models import Account
from sales.factories import make_lead, make_pipeline
from sales.services import convert_lead

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor(rep):
    yield Actor(rep, "test")
    definitions.assume_none()


@pytest.fixture
def fields(actor, rep, grant):
    grant(rep, "customers.account", view=Scope.OWN, change=Scope.OWN)
    grades = {"options": ["a", "b"]}
    for label in ("sales.lead", "customers.account", "sales.opportunity"):
        define_field(label, "choice", "grade", "等级", actor=actor, **grades)
    define_field("sales.lead", "text", "size", "规模", actor=actor)
    define_field("customers.account", "integer", "size", "规模", actor=actor)
    define_field("customers.contact", "text", "note", "备注", actor=actor, default="new")
    define_field("sales.lead", "text", "plate", "编号", actor=actor)
    define_field("customers.account", "text", "plate", "编号", actor=actor, unique=True)


def test_values_follow_the_lead(fields, rep, actor):
    make_pipeline()
    lead = make_lead(owner=rep, name="王芳", company="北辰重工", custom={"grade": "b", "size": "200", "plate": "P1"})
    done = convert_lead(lead, actor=actor)
    assert done.account.custom == {"grade": "b", "plate": "P1"}
    assert done.contact.custom == {"note": "new"}
    assert done.opportunity.custom == {"grade": "b"}


def test_an_account_that_is_there_keeps_what_it_has(fields, rep, actor):
    make_pipeline()
    make_account(owner=rep, custom={"plate": "P1"})
    account = make_account(owner=rep, custom={"grade": "a"})
    lead = make_lead(owner=rep, name="王芳", company="北辰重工", custom={"grade": "b", "plate": "P1"})
    done = convert_lead(lead, actor=actor, account=account)
    assert Account.objects.get(pk=done.account.pk).custom == {
        "grade": "a"
    }  # its own, and no number that another one has


def test_undo_takes_them_back(fields, rep, actor):
    make_pipeline()
    account = make_account(owner=rep)
    lead = make_lead(owner=rep, name="王芳", company="北辰重工", custom={"grade": "b"})
    convert_lead(lead, actor=actor, account=account)
    lead.refresh_from_db()
    account.refresh_from_db()
    assert account.custom == {"grade": "b"}
    undo(ChangeSet.objects.get(kind="convert"), actor=actor)
    account.refresh_from_db()
    assert account.custom == {}
