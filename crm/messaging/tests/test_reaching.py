"""To whom a rule writes about a record that has no address itself: only to those whom its principal knows."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from crm.access.models import Scope
from crm.customentities import registering
from crm.customentities.services import define_entity
from crm.customfields import definitions
from crm.customfields.services import define_field
from crm.entities.effects import effects_for, perform
from crm.entities.entity import registry
from crm.entities.testing import factory_of
from crm.messaging.models import MailMessage
from crm.messaging.reaching import called, mailed
from crm.records import services
from crm.records.actor import Actor
from customers.factories import make_account, make_contact
from sales.models import OpportunityContact

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def reach(rep, grant):
    """The rep sees what is theirs, in English."""
    for label in ("customers.account", "customers.contact", "sales.opportunity", "sales.opportunitycontact"):
        grant(rep, label, view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    with translation.override("en"):
        yield


@pytest.fixture
def opportunity(rep):
    firm = make_account(name="北辰重工", owner=rep, email="office@firm.example", phone="022-65301188")
    return factory_of("sales.opportunity")(rep, name="Pump station", account=firm)


def take_part(opportunity, contact, *, main):
    services.save(
        OpportunityContact(opportunity=opportunity, contact=contact, is_primary=main), actor=Actor(opportunity.owner)
    )


def addresses(record, user):
    return [found and (str(found[0]), found[1].value) for found in (mailed(record, user), called(record, user))]


def test_the_main_contact_of_a_sale_is_reached_else_its_account(opportunity, rep, account, receiver, due):
    assert addresses(opportunity, rep) == [("北辰重工", "office@firm.example"), ("北辰重工", "022-65301188")]
    take_part(opportunity, make_contact(name="张三", owner=rep, email="zhang@firm.example"), main=False)
    take_part(opportunity, make_contact(name="王明", owner=rep, email="wang@firm.example"), main=True)
    assert addresses(opportunity, rep) == [("王明", "wang@firm.example"), ("北辰重工", "022-65301188")]
    params = {"account": str(account.pk), "subject": "{{ record.title }}", "body": "您好"}
    perform("send_mail", opportunity, params, actor=Actor(rep, "rule:1"))
    due()
    assert receiver.mails[0][1] == ["wang@firm.example"]
    linked = MailMessage.objects.get().links.values_list("entity", flat=True)
    assert sorted(linked) == ["customers.contact", "sales.opportunity"]


def test_nobody_is_reached_whom_the_actor_may_not_know(opportunity, rep, other, field_rule, account):
    take_part(opportunity, make_contact(name="王明", owner=other, email="wang@firm.example"), main=True)
    assert addresses(opportunity, rep)[0] == ("北辰重工", "office@firm.example")
    field_rule(rep, "customers.account", "email", "masked")
    field_rule(rep, "sales.opportunity", "account", "hidden")
    assert addresses(opportunity, rep) == [None, None]
    with pytest.raises(ValidationError, match="Pump station has no e-mail address"):
        params = {"account": str(account.pk), "subject": "x", "body": "x"}
        perform("send_mail", opportunity, params, actor=Actor(rep, "rule:1"))


def offered(label):
    return {found.name for found in effects_for(registry[label])} & {"send_mail", "send_sms"}


def test_what_leads_to_nobody_is_not_offered_the_steps(rep):
    assert offered("sales.opportunity") == offered("customers.contact") == {"send_mail", "send_sms"}
    assert offered("activities.task") == set()


@pytest.fixture
def label():
    """An entity of one's own."""
    made = define_entity("survey", "勘测", name_en="Survey", plural_en="Surveys", actor=Actor())
    yield made.label
    registering._definitions.clear()
    registering._state["version"] = None
    registry.pop(made.label, None)
    definitions.assume_none()


def test_an_entity_of_ones_own_is_reached_by_its_links_and_fields(label, rep, grant, opportunity):
    grant(rep, label, view=Scope.OWN, add=Scope.OWN)
    assert offered(label) == set()
    define_field(label, "link", "deal", "商机", "Deal", actor=Actor(), target="sales.opportunity")
    assert offered(label) == {"send_mail", "send_sms"}
    entity = registry[label]
    survey = entity.new(rep, {})
    survey.name, survey.custom = "Site", {"deal": opportunity.pk}
    services.save(survey, actor=Actor(rep))
    assert addresses(survey, rep)[0] == ("北辰重工", "office@firm.example")
    define_field(label, "email", "mail", "邮箱", "Mail", actor=Actor())
    survey = entity.model.objects.get(pk=survey.pk)
    survey.custom = survey.custom | {"mail": "site@firm.example"}
    services.save(survey, actor=Actor(rep))
    assert addresses(survey, rep)[0] == ("Site", "site@firm.example")
