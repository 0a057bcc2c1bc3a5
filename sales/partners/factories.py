"""Partners for tests and demos, written through the same services as everything else."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import make_password

from crm.files.services import store_content
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account, make_contact, some_user
from sales.partners.feedback import give_feedback
from sales.partners.models import (
    CoopOpportunity,
    Partner,
    PartnerCredential,
    PartnerDocument,
    PartnerFeedback,
    PartnerLevel,
    PartnerPerson,
)
from sales.partners.publishing import publish_document


def make_level(name: str = "金牌", **values: Any) -> PartnerLevel:
    """The level of that name."""
    return PartnerLevel.objects.get_or_create(name=name, defaults={"rank": 10, **values})[0]


def make_partner(**values: Any) -> Partner:
    """A saved, active partner with an account of its own; ``name`` names that account."""
    owner = some_user(values.get("owner"))
    name = values.pop("name", "")
    account = values.pop("account", None) or make_account(
        owner=owner, kind="partner", **({"name": name} if name else {})
    )
    partner = Partner(**{"state": Partner.State.ACTIVE, **values, "account": account, "owner": owner})
    records.save(partner, actor=Actor(owner, "factory"))
    return partner


def make_person(partner: Partner | None = None, *, password: str = "", **values: Any) -> PartnerPerson:
    """A saved person of a partner; one with a ``password`` signs in."""
    partner = partner or make_partner()
    contact = values.pop("contact", None) or make_contact(owner=partner.owner, account=partner.account)
    values = {"email": f"p{contact.pk}@partner.example.com", **values}
    person = PartnerPerson(partner=partner, contact=contact, owner=partner.owner, **values)
    if password:
        person.state = PartnerPerson.State.ACTIVE
    records.save(person, actor=Actor(partner.owner, "factory"))
    if password:
        PartnerCredential.objects.create(person=person, password=make_password(password))
    return person


def make_feedback(partner: Partner | None = None, **values: Any) -> PartnerFeedback:
    """A saved feedback of a partner, noted by its manager."""
    partner = partner or make_partner()
    values = {"title": "交期太长", "text": "客户等了六周。", "owner": partner.owner, **values}
    return give_feedback(PartnerFeedback(partner=partner, **values), actor=Actor(partner.owner, "factory"))


def make_coop(partner: Partner | None = None, **values: Any) -> CoopOpportunity:
    """Saved joint business with a partner."""
    partner = partner or make_partner()
    coop = CoopOpportunity(partner=partner, **{"name": "泵站联合改造", "owner": partner.owner, **values})
    records.save(coop, actor=Actor(partner.owner, "factory"))
    return coop


def make_document(*, content: bytes = b"%PDF-1.4 prices", publish: bool = True, **values: Any) -> PartnerDocument:
    """A saved document with one file, published unless told otherwise; for every partner unless the values say for whom."""
    owner = some_user(values.pop("owner", None))
    actor = Actor(owner, "factory")
    document = PartnerDocument(**{"title": "渠道价格表", "owner": owner, **values})
    records.save(document, actor=actor)
    store_content(content, "prices.pdf", record=document, actor=actor)
    if publish:
        publish_document(document, actor=actor)
    return document
