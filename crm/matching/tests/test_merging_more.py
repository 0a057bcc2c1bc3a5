"""Merging beside everything else: approvals, circles, ties, late rows, purging, entities of one's own, the API."""

import pytest
from django.core.exceptions import ValidationError

from crm.access.models import Scope
from crm.activities.models import Task
from crm.api.tests.conftest import Caller
from crm.approvals.tests.conftest import ask, make_process, node, robot  # noqa: F401
from crm.customentities.services import define_entity
from crm.customfields.tests.conftest import define, places  # noqa: F401
from crm.entities.entity import registry
from crm.matching.merging.late import move_late
from crm.matching.merging.models import MergedRecord, MergeOperation
from crm.matching.merging.services import merge
from crm.matching.merging.unmerging import unmerge
from crm.privacy.consent import note_consent, states
from crm.privacy.models import ConsentPurpose
from crm.privacy.people import same_people
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.purge import purge
from crm.records.redaction import redact
from customers.factories import make_account, make_contact
from customers.models import Account, Contact
from sales.factories import make_lead

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor(boss):
    return Actor(boss, "test")


def test_who_stood_between_does_not_stand_above_itself(actor):
    goes = make_account(name="母公司")
    between = make_account(name="中间", parent=goes)
    stays = make_account(name="子公司", parent=between)
    operation = merge([stays, goes], stays, {}, actor=actor)
    stays.refresh_from_db(), between.refresh_from_db()
    assert (stays.parent_id, between.parent_id) == (None, stays.pk)
    unmerge(operation, actor=actor)
    stays.refresh_from_db(), between.refresh_from_db()
    assert (stays.parent_id, between.parent_id) == (between.pk, goes.pk)


def test_what_was_written_at_the_same_moment_comes_along_later(actor, boss):
    stays, goes = make_account(), make_account()
    operation = merge([stays, goes], stays, {}, actor=actor)
    late = Task(subject="晚到", owner=boss, on_entity="customers.account", on_id=goes.pk)
    records.save(late, actor=actor)
    contact = make_contact(account=goes, owner=boss)
    assert move_late() == 1
    late.refresh_from_db(), contact.refresh_from_db()
    assert (late.on_id, contact.account_id) == (stays.pk, stays.pk)
    unmerge(operation, actor=actor)
    late.refresh_from_db(), contact.refresh_from_db()
    assert (late.on_id, contact.account_id) == (goes.pk, goes.pk)
    assert move_late() == 0


def test_what_is_removed_for_good_leaves_nothing_with_its_merge(actor):
    stays, goes = make_contact(name="留下"), make_contact(name="走了", mobile="13800138000")
    operation = merge([stays, goes], stays, {"mobile": goes.pk}, actor=actor)
    assert operation.values["mobile"][1]
    redact(Contact.objects.get(pk=stays.pk), {"mobile"}, actor=actor)
    assert MergeOperation.objects.get().values == {}
    purge([Contact.objects.get(pk=goes.pk)], actor=actor)
    assert not MergedRecord.objects.exists()


def test_records_of_an_entity_of_ones_own(actor, define):  # noqa: F811
    made = define_entity("kiln", "窑炉", name_en="Kiln", actor=actor)
    model = registry[made.label].model
    define("customers.contact", "link", "kiln", target=made.label)
    stays, goes = model(name="一号", owner=actor.user), model(name="二号", owner=actor.user)
    records.save(stays, actor=actor), records.save(goes, actor=actor)
    contact = make_contact(custom={"kiln": goes.pk})
    operation = merge([stays, goes], stays, {"name": goes.pk}, actor=actor)
    contact.refresh_from_db(), stays.refresh_from_db()
    assert (contact.custom["kiln"], stays.name) == (stays.pk, "二号")
    unmerge(operation, actor=actor)
    contact.refresh_from_db(), stays.refresh_from_db()
    assert (contact.custom["kiln"], stays.name) == (goes.pk, "一号")


def test_by_the_api(make_user, grant):
    user = make_user("merger")
    grant(user, "customers.account", **dict.fromkeys(("view", "change", "delete", "merge"), Scope.ALL))
    stays, goes = make_account(owner=user), make_account(owner=user, website="https://y.example")
    caller = Caller.of(user)
    asked = {"fields": {"records": [goes.pk], "choices": f"website:{goes.pk}"}}
    status, told = caller.post(f"customers/accounts/{stays.pk}/do/merge/", asked)
    assert (status, told) == (200, told | {"id": stays.pk}), told
    assert Account.objects.get(pk=stays.pk).website == "https://y.example"
    status, told = caller.post(f"customers/accounts/{stays.pk}/do/unmerge/", {"fields": {}})
    assert (status, Account.objects.get(pk=goes.pk).deleted_at) == (200, None)
    status, told = caller.post(f"customers/accounts/{stays.pk}/do/merge/", {"fields": {"records": [999_999]}})
    assert (status, list(told["errors"])) == (422, ["records"])
    grant(user, "customers.account", merge=Scope.NONE)
    status, told = caller.post(f"customers/accounts/{stays.pk}/do/merge/", asked)
    assert status == 403


def test_what_is_under_approval_is_not_merged_away(make_process, make_user, grant, boss, actor):  # noqa: F811
    stays, locked = make_lead(), make_lead()
    signer = make_user("signer")
    grant(signer, "sales.lead", view=Scope.ALL)
    process = make_process(node(signer), values={"entity": "sales.lead"})
    made = ask(process, locked, boss)
    assert (made.state, made.holds) == ("running", True)
    with pytest.raises(ValidationError, match="locked|锁定"):
        merge([stays, locked], stays, {}, actor=actor)
    locked.refresh_from_db()
    assert locked.deleted_at is None and not MergeOperation.objects.exists()
    assert merge([stays, locked], locked, {}, actor=actor).record_id == locked.pk


def test_one_record_is_none_to_merge(actor):
    lead = make_lead()
    with pytest.raises(ValidationError):
        merge([lead], lead, {}, actor=actor)
    with pytest.raises(ValidationError):
        merge([lead, make_account()], lead, {}, actor=actor)


def test_consents_and_privacy_follow_the_person(actor):
    stays, goes = make_contact(name="王芳"), make_contact(name="王芳芳")
    purpose = ConsentPurpose.objects.filter(active=True).first()
    channel = purpose.channels[0]
    note_consent(goes, purpose, [channel], False, source="phone", actor=actor)
    before = [state.granted for state in states(stays, [purpose])]
    operation = merge([stays, goes], stays, {}, actor=actor)
    assert next(s for s in states(stays, [purpose]) if s.channel == channel).granted is False
    assert {record.pk for record in same_people(stays)} >= {stays.pk, goes.pk}
    unmerge(operation, actor=actor)
    assert [state.granted for state in states(stays, [purpose])] == before
