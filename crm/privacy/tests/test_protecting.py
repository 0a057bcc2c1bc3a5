"""Masked values shown for a reason, encrypted fields and their keys, and how long records are kept."""

from __future__ import annotations

import base64
import os
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from crm.access.models import Scope
from crm.customfields.services import define_field
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.lib.masks import mask_value
from crm.lib.sealing import Unreadable, seal, unseal
from crm.privacy import holds, retention
from crm.privacy.models import PrivacyRequest, RetentionRule, RetentionRun
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.errors import Conflict
from crm.records.models import AuditEvent, Entry
from crm.search.models import SearchRow
from customers.factories import make_account, make_contact
from customers.models import Contact
from sales.factories import make_lead

pytestmark = pytest.mark.django_db
CONTACT = "customers.contact"


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        ("phone", "+86 138 0013 0000", "138****0000"),
        ("text", "13800130000", "138****0000"),
        ("text", "31010619310213002X", "3101**********002X"),
        ("sealed", "6222021001999988776", "6222***********8776"),
        ("text", "EJ7391042", "EJ*****42"),
        ("email", "zhang@example.com", "z***@example.com"),
        ("text", "张小明", "张***"),
        ("text", "", ""),
    ],
)
def test_masks(kind, text, shown):
    assert mask_value(kind, text) == shown


@pytest.fixture
def clerk(rep, grant, field_rule):
    grant(rep, CONTACT, view=Scope.OWN, change=Scope.OWN)
    field_rule(rep, CONTACT, "mobile", "masked")
    field_rule(rep, CONTACT, "wechat", "masked")
    return rep


def test_unmasking_is_a_right_has_a_reason_and_is_noted(client, clerk, grant, boss):
    person = make_contact(owner=clerk, mobile="13761940283", wechat="wx_magpie")
    client.force_login(clerk)
    page = reverse("privacy:unmask", args=[CONTACT, person.pk])
    assert (
        client.get(page).status_code == client.post(page, {"fields_": ["mobile"], "reason": "call"}).status_code == 403
    )
    grant(clerk, CONTACT, unmask=Scope.OWN)
    record = client.get(reverse("entities:record", args=["customers", "contacts", person.pk]))
    assert page in record.content.decode() and "13761940283" not in record.content.decode()
    asked = client.get(page)
    assert asked.status_code == 200 and "13761940283" not in asked.content.decode()
    assert client.post(page, {"fields_": ["mobile"], "reason": ""}).status_code == 422
    assert client.post(page, {"fields_": ["birthday"], "reason": "why not"}).status_code == 422
    assert not AuditEvent.objects.filter(action="unmasked").exists()
    shown = client.post(page, {"fields_": ["mobile"], "reason": "customer asked for a call"})
    assert "13761940283" in shown.content.decode() and "wx_magpie" not in shown.content.decode()
    event = AuditEvent.objects.get(action="unmasked")
    assert (event.user, event.record_ids, event.data["fields"]) == (clerk, [person.pk], ["mobile"])
    assert "13761940283" not in str(event.data)
    client.force_login(boss)
    audit = client.get(reverse("home:audit"), {"what": "unmasked"}).content.decode()
    assert "customer asked for a call" in audit


def test_not_without_limit(client, clerk, grant, settings):
    settings.UNMASK_PER_HOUR = 3
    grant(clerk, CONTACT, unmask=Scope.OWN)
    client.force_login(clerk)
    person = make_contact(owner=clerk, mobile="13761940283", wechat="wx_magpie")
    page = reverse("privacy:unmask", args=[CONTACT, person.pk])
    answers = [client.post(page, {"fields_": ["mobile", "wechat"], "reason": "needed"}) for _time in range(2)]
    assert [one.status_code for one in answers] == [200, 422]
    assert "13761940283" not in answers[1].content.decode()


def test_nobody_unmasks_what_they_do_not_see(client, clerk, grant, other):
    grant(clerk, CONTACT, unmask=Scope.ALL)
    person = make_contact(owner=other, mobile="13761940283")
    client.force_login(clerk)
    assert client.get(reverse("privacy:unmask", args=[CONTACT, person.pk])).status_code == 404


@pytest.fixture
def id_no(boss):
    define_field(CONTACT, "sealed", "id_no", "身份证号", "ID number", actor=Actor(boss, "test"))
    return registry[CONTACT].field("custom.id_no")


SECRET = "310106193102130029"


def stored(person):
    with connection.cursor() as cursor:
        cursor.execute("select custom ->> 'id_no' from customers_contact where id = %s", [person.pk])
        return cursor.fetchone()[0]


def test_an_encrypted_field_is_clear_nowhere_but_on_its_page(client, boss, id_no):
    client.force_login(boss)
    add = client.post(
        reverse("entities:add", args=["customers", "contacts"]),
        {"birthday_calendar": "solar", "name": "欧阳鹊桥", "custom.id_no": SECRET, "owner": boss.pk},
    )
    assert add.status_code == 302, add.content.decode()[:500]
    person = Contact.objects.get()
    assert stored(person).startswith("sealed:") and SECRET not in stored(person)
    assert id_no.value(person) == SECRET
    page = reverse("entities:record", args=["customers", "contacts", person.pk])
    assert SECRET in client.get(page).content.decode()
    history = client.get(reverse("entities:history", args=["customers", "contacts", person.pk]))
    edit = client.post(
        reverse("entities:edit", args=["customers", "contacts", person.pk]),
        {"name": person.name, "custom.id_no": "11010119900307002X", "version": person.version}
        | {"owner": boss.pk, "birthday_calendar": "solar"},
    )
    assert edit.status_code == 302
    entry = Entry.objects.filter(entity=CONTACT).latest("pk")
    assert list(entry.changes) == ["custom.id_no"] and SECRET not in str(entry.changes)
    history = client.get(reverse("entities:history", args=["customers", "contacts", person.pk])).content.decode()
    assert "ID number" in history and SECRET not in history and "11010119900307002X" not in history
    assert not SearchRow.objects.filter(haystack__contains=SECRET[:8]).exists()


def test_it_is_found_by_equality_alone(client, boss, id_no):
    person, other = make_contact(owner=boss, name="甲"), make_contact(owner=boss, name="乙")
    for one, text in ((person, SECRET), (other, "另一个")):
        id_no.put(one, text)
        records.save(one, actor=Actor(boss, "test"))
    assert list(Contact.objects.filter(id_no.q("exact", SECRET))) == [person]
    bound = bind(registry[CONTACT], boss)
    where = bound.condition({"all": [{"field": "custom.id_no", "op": "is", "value": [SECRET]}]})
    assert list(bound.records().filter(where.q(bound.reader()))) == [person]
    with pytest.raises(ValidationError):
        bound.condition({"all": [{"field": "custom.id_no", "op": "contains", "value": ["3101"]}]})
    id_no.put(person, SECRET)
    assert records.save(Contact.objects.get(pk=person.pk), actor=Actor(boss, "test")) is None


def test_keys_rotate_and_the_rest_is_resumed(boss, id_no, settings, capsys):
    person = make_contact(owner=boss)
    id_no.put(person, SECRET)
    records.save(person, actor=Actor(boss, "test"))
    asked = PrivacyRequest(owner=boss, note="please")
    records.save(asked, actor=Actor(boss, "test"))
    key = base64.b64encode(os.urandom(32)).decode()
    settings.FIELD_KEYS = [f"k2:{key}"]
    assert list(Contact.objects.filter(id_no.q("exact", SECRET))) == [person]
    call_command("rotate_field_keys", batch=1)
    assert "customers.contact.custom.id_no: 1 values" in capsys.readouterr().out
    assert stored(person).startswith("sealed:k2:")
    person.refresh_from_db()
    assert id_no.value(person) == SECRET and PrivacyRequest.objects.get().note == "please"
    call_command("rotate_field_keys")
    assert "id_no: 0 values" in capsys.readouterr().out
    settings.FIELD_KEYS = []
    assert id_no.value(person) is None and PrivacyRequest.objects.get().note == ""


def test_a_token_belongs_to_its_place():
    token = seal("a", "here")
    assert unseal(token, "here") == "a" and seal("a", "here") == token != seal("a", "there")
    with pytest.raises(Unreadable):
        unseal(token, "there")
    with pytest.raises(Unreadable):
        unseal("sealed:x", "here")


def rule(**values):
    made = {"entity": "sales.lead", "name": "old", "age": "created_at", "days": 365, "then": "trash", "active": True}
    return RetentionRule.objects.create(**{**made, **values})


def old(record, days=400):
    type(record)._base_manager.filter(pk=record.pk).update(created_at=timezone.now() - timedelta(days=days))
    return record


def test_what_is_old_goes_and_what_is_held_stays(boss):
    first, held, young = (
        old(make_lead(owner=boss, name="旧线索")),
        old(make_lead(owner=boss, name="被保留")),
        make_lead(owner=boss),
    )
    other = old(make_lead(owner=boss, name="别的", city="北京"))
    where = {"all": [{"field": "city", "op": "empty"}]}
    made = rule(condition=where)
    holds.place_hold(held, name="Case 1", actor=Actor(boss, "test"))
    tried = retention.try_out(made)
    assert (tried["found"], tried["held"]) == (2, 1) and not RetentionRun.objects.exists()
    assert retention.run_all() == 1
    alive = set(type(first)._base_manager.filter(deleted_at=None).values_list("pk", flat=True))
    assert alive == {held.pk, young.pk, other.pk}
    run = RetentionRun.objects.get()
    assert (run.found, run.done, run.held, run.failed) == (2, 1, 1, 0) and run.ended_at
    assert retention.run_all() == 0


def test_anonymised_keeps_the_row_and_erased_goes_everywhere(boss):
    lead = old(make_lead(owner=boss, name="欧阳鹊桥", mobile="13761940283", city="北京"))
    anonymise = rule(then="anonymise")
    assert retention.run(anonymise).done == 1
    lead.refresh_from_db()
    assert (lead.name, lead.mobile, lead.city, lead.deleted_at) == (f"#{lead.pk}", "", "北京", None)
    assert retention.run(anonymise).found == 0
    second = old(make_lead(owner=boss, name="司马相如里", mobile="13761940999"))
    make_account(owner=boss, name="甲公司", description="司马相如里 13761940999")
    assert retention.run(rule(then="erase")).done == 1
    second.refresh_from_db()
    assert second.deleted_at and not Entry.objects.filter(title__contains="司马相如里").exists()
    assert registry["customers.account"].model.objects.get().description == "••• •••"


def test_rules_that_do_not_fit_are_refused(client, boss):
    for values in (
        {"entity": "sales.opportunity", "then": "erase"},
        {"entity": "privacy.privacyrequest", "age": "last_activity_at"},
    ):
        with pytest.raises(ValidationError):
            retention.check(rule(**values))
    client.force_login(boss)
    made = rule()
    trial = client.get(reverse("admin:privacy_retentionrule_trial", args=[made.pk]))
    assert trial.status_code == 200 and "Nothing was changed" in trial.content.decode()
    for name in ("retentionrule", "consentpurpose", "personalfield", "suppression"):
        assert client.get(reverse(f"admin:privacy_{name}_changelist")).status_code == 200
        if name != "suppression":
            assert client.get(reverse(f"admin:privacy_{name}_add")).status_code == 200
    assert client.get(reverse("admin:privacy_retentionrule_change", args=[made.pk])).status_code == 200


def test_one_that_somebody_changes_meanwhile_does_not_stop_the_others(boss, monkeypatch):
    first, second = old(make_lead(owner=boss)), old(make_lead(owner=boss))
    real = retention.delete

    def delete(record, **options):
        if record.pk == first.pk:
            raise Conflict(record)
        return real(record, **options)

    monkeypatch.setattr(retention, "delete", delete)
    run = retention.run(rule())
    assert (run.done, run.failed, run.reasons) == (1, 1, {"changed meanwhile": 1})
    second.refresh_from_db()
    assert second.deleted_at
