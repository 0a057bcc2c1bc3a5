"""Whatever a lead had when it was converted it has again when that is taken back, with everything that hangs on it."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.apps import apps
from django.db import models, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.access.models import Scope
from crm.activities.services import add_follow_up, add_task
from crm.customfields import definitions
from crm.customfields.services import define_field
from crm.customfields.tagging import spread, tag_field
from crm.files.services import store_content
from crm.messaging.models import MailAccount, MailLink, MailMessage, MailThread
from crm.privacy.consent import note_consent
from crm.privacy.models import ConsentPurpose
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.dispatch import dispatch
from crm.reference.tags import Tag
from customers.factories import make_account, make_contact
from customers.tracing import add_touch
from marketing.events.behaviour import refresh_behaviour
from marketing.models import BehaviourEvent, IdentityLink
from sales.factories import make_lead, make_pipeline
from sales.models import Lead
from sales.services import convert_lead

pytestmark = pytest.mark.django_db
WORLDS = int(os.environ.get("WORLDS", "6"))
LEAD = "sales.lead"
PAIRS = (("on_entity", "on_id"), ("entity", "record_id"), ("person_entity", "person_id"))
# What only ever grows, and what says when and how often something was written.
GROWS = {"AuditEvent", "ChangeSet", "ConsentRecord", "Entry", "EntryLink", "Revision"}
MOVING = {"version", "updated_at", "updated_by", "last_activity_at"}


def hangs(model: type[models.Model], lead: Lead) -> dict[str, Any] | None:
    """How rows of a table say that they belong to the lead; None where they never do."""
    names = {field.name for field in model._meta.concrete_fields}
    if model is Lead:
        return {"pk": lead.pk}
    for entity, record in PAIRS:
        if {entity, record} <= names:
            return {entity: LEAD, record: lead.pk}
    links = [f.name for f in model._meta.concrete_fields if f.is_relation and f.related_model is Lead]
    return {links[0]: lead.pk} if links else None


def all_of(lead: Lead) -> dict[str, list[dict]]:
    """Every row of every table that belongs to a lead."""
    found = {}
    for model in apps.get_models():
        if model._meta.managed and not model._meta.proxy and (where := hangs(model, lead)):
            rows = model._base_manager.filter(**where).order_by("pk").values()
            names = MOVING | {f"{name}_id" for name in MOVING}
            if found_rows := [{k: v for k, v in row.items() if k not in names} for row in rows]:
                found[model.__name__] = found_rows
    return found


def event(lead, actor, word):
    BehaviourEvent.objects.create(key=word, kind="page_view", at=timezone.now(), on_entity=LEAD, on_id=lead.pk)
    refresh_behaviour([(LEAD, lead.pk)])


def mail(lead, actor, word):
    box, _made = MailAccount.objects.get_or_create(name="林晓", address="li@example.com", owner=actor.user)
    made = MailMessage(
        owner=actor.user,
        account=box,
        thread=MailThread.objects.create(),
        direction="in",
        subject=word,
        fingerprint=word,
    )
    records.save(made, actor=actor)
    MailLink.objects.create(message=made, entity=LEAD, record_id=lead.pk)


PUT = {
    "mail": mail,
    "file": lambda lead, actor, word: store_content(word.encode(), "选型.txt", record=lead, actor=actor),
    "task": lambda lead, actor, word: add_task(lead, subject=f"任务 {word}", actor=actor),
    "call": lambda lead, actor, word: add_follow_up(lead, kind="call", text=f"电话 {word}", actor=actor),
    "note": lambda lead, actor, word: records.log(lead, "activities.note.created", actor=actor, text=word),
    "touch": lambda lead, actor, word: add_touch(lead, kind="form", name=word, campaign="双十一"),
    "consent": lambda lead, actor, word: note_consent(
        lead, ConsentPurpose.objects.get(code="service"), ["email"], len(word) % 2 == 0, source="phone", actor=actor
    ),
    "event": event,
    "visitor": lambda lead, actor, word: IdentityLink.objects.create(
        kind="visitor",
        value=word,
        confidence=50,
        first_seen=timezone.now(),
        last_seen=timezone.now(),
        on_entity=LEAD,
        on_id=lead.pk,
    ),
}
words = st.text("甲乙丙丁abc123 ", min_size=1, max_size=12)


@pytest.fixture
def house(rep, grant):
    """A seller, a pipeline, fields of the house's own, and tags."""
    for label in (LEAD, "customers.account", "customers.contact", "sales.opportunity"):
        grant(rep, label, **dict.fromkeys(("view", "add", "change", "delete", "convert"), Scope.OWN))
    make_pipeline()
    actor = Actor(rep, "test")
    tag = Tag.objects.create(name="重点")
    spread([LEAD, "customers.account"], actor=actor)
    named = {"name_zh": "服务", "name_en": "Service", "basis": "contract", "marketing": False}
    ConsentPurpose.objects.get_or_create(code="service", defaults=named)
    for label in (LEAD, "customers.account"):
        define_field(label, "text", "size", "规模", actor=actor)
    yield rep, tag
    definitions.assume_none()


@settings(
    max_examples=WORLDS,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    put=st.lists(st.tuples(st.sampled_from(sorted(PUT)), words), max_size=8),
    own=st.dictionaries(st.sampled_from(["job_title", "interest", "wechat", "description", "address"]), words),
    tagged=st.booleans(),
    into=st.sampled_from(["new", "account", "contact"]),
    deal=st.booleans(),
)
def test_nothing_is_lost_when_a_conversion_is_taken_back(house, put, own, tagged, into, deal):
    rep, tag = house
    with transaction.atomic():
        _there_and_back(rep, tag if tagged else None, put, own, into, deal)
        transaction.set_rollback(True)


def _there_and_back(rep, tag, put, own, into, deal):
    actor = Actor(rep, "test")
    custom = {"size": "200"} | ({tag_field(LEAD).removeprefix("custom."): [str(tag.pk)]} if tag else {})
    lead = make_lead(
        owner=rep, name="曾敏", company="海岳装备有限公司", email="zm@haiyue.example", custom=custom, **own
    )
    for number, (what, word) in enumerate(put):
        PUT[what](lead, actor, f"{number}{word}".strip())
    dispatch()
    lead.refresh_from_db()
    before = all_of(lead)
    account = make_account(owner=rep) if into != "new" else None
    contact = make_contact(owner=rep, account=account) if into == "contact" else None
    there = {record: all_columns(record) for record in (account, contact) if record}
    convert_lead(lead, actor=actor, account=account, contact=contact, create_opportunity=deal)
    dispatch()
    client = Client()
    client.force_login(rep)
    assert client.post(f"/sales/leads/{lead.pk}/do/revert_conversion/").status_code == 302
    dispatch()
    after = all_of(lead)
    for name in before.keys() | after.keys():
        was, now = before.get(name, []), after.get(name, [])
        now = now[: len(was)] if name in GROWS else now
        assert now == was, (
            name,
            [(n, old, new[n]) for new, row in zip(now, was, strict=False) for n, old in row.items() if new[n] != old],
        )
    assert {record: all_columns(record) for record in there} == there


def all_columns(record):
    row = type(record)._base_manager.filter(pk=record.pk).values().get()
    return {name: value for name, value in row.items() if name.removesuffix("_id") not in MOVING}
