"""The ledger, the page without sign-in, the question that senders ask, and coming back after an erasure."""

from __future__ import annotations

import json
from zipfile import ZipFile

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.urls import reverse

from crm.access.models import Scope
from crm.activities.models import FollowUp
from crm.customfields import definitions
from crm.exchange.models import Import, ImportRow
from crm.files.services import store_content
from crm.privacy import consent, holds, suppression
from crm.privacy.erasing import Held, erase
from crm.privacy.exporting import export_person
from crm.privacy.models import ConsentPurpose, ConsentRecord, ConsentText, PrivacyRequest, SuppressionHit
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_contact
from customers.models import Contact
from customers.tracing import Touch

pytestmark = pytest.mark.django_db
ALL = Scope.ALL


@pytest.fixture
def news():
    purpose = ConsentPurpose.objects.create(code="news2", name_zh="资讯", name_en="News", channels=["email", "sms"])
    ConsentText.objects.create(purpose=purpose, version=1, text_zh="我同意", text_en="I agree")
    return purpose


@pytest.fixture
def person(rep):
    return make_contact(owner=rep, name="欧阳鹊桥", mobile="13761940283", email="queqiao@magpie.example")


def say(person, purpose, channels, granted, user=None):
    return consent.note_consent(person, purpose, channels, granted, source="test", actor=Actor(user, "test"))


def test_the_last_word_of_a_channel_counts(person, news):
    assert not consent.may_contact(person, "news2", "email")
    say(person, news, ["any"], True)
    assert consent.may_contact(person, "news2", "email") and consent.may_contact(person, "news2", "sms")
    say(person, news, ["sms"], False)
    assert consent.may_contact(person, "news2", "email") and not consent.may_contact(person, "news2", "sms")
    assert not consent.may_contact(person, "news2", "post") and not consent.may_contact(person, "nothing", "email")
    say(person, news, ["any"], False)
    assert consent.contactable("customers.contact", [person.pk], news, "email") == set()
    with pytest.raises(ValidationError):
        say(person, news, ["call"], True)


def test_without_consent_as_its_basis_until_they_object(person, news):
    ConsentPurpose.objects.filter(pk=news.pk).update(basis="interest")
    other = make_contact(owner=person.owner, name="李四海")
    say(other, news, ["email"], False)
    assert consent.contactable("customers.contact", [person.pk, other.pk], "news2", "email") == {person.pk}


def test_the_ledger_and_the_wordings_never_change(person, news):
    (row,) = say(person, news, ["email"], True)
    for change in (
        lambda: ConsentRecord.objects.filter(pk=row.pk).update(granted=False),
        lambda: ConsentRecord.objects.filter(pk=row.pk).delete(),
        lambda: news.texts.update(text_en="Everything"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_preferences_without_signing_in(client, person, news):
    address = consent.preference_link(person)
    page = client.get(address, headers={"accept-language": "zh-CN"})
    assert page.status_code == 200 and "我同意" in page.content.decode() and "资讯" in page.content.decode()
    assert "I agree" in client.get(address, headers={"accept-language": "en"}).content.decode()
    assert person.name not in page.content.decode() and person.mobile not in page.content.decode()
    assert not ConsentRecord.objects.exists()
    answer = client.post(address, {"news2.email": "on", "save": "1"}, REMOTE_ADDR="203.0.113.9")
    assert answer.status_code == 200
    row = ConsentRecord.objects.get(purpose=news)
    assert (row.granted, row.channel, row.text.version, row.address, row.source) == (
        True,
        "email",
        1,
        "203.0.113.9",
        "preferences",
    )
    assert client.post(address, {"nothing": "1", "news2.email": "on"}).status_code == 200
    assert not consent.may_contact(person, "news2", "email")
    client.force_login(person.owner)
    client.post(address, {"news2.sms": "on"})
    assert ConsentRecord.objects.latest("pk").actor == person.owner


def test_only_our_own_links_work(client, person, news):
    address = consent.preference_link(person)
    assert client.get(address[:-3] + "xx/").status_code == 404
    assert client.get(reverse("privacy:preferences", args=["nonsense"])).status_code == 404
    erase(person, actor=Actor(None, "test"))
    assert client.get(address).status_code == 404
    assert client.post(address, {"news2.email": "on"}).status_code == 404


def test_consents_on_the_page_of_the_person(client, person, news, rep, other, grant):
    grant(rep, "customers.contact", view=Scope.OWN, change=Scope.OWN)
    grant(other, "customers.contact", view=ALL)
    note = reverse("privacy:note", args=["customers.contact", person.pk])
    data = {"purpose": news.pk, "channels": ["email"], "granted": "1", "source": "phone"}
    client.force_login(other)
    assert client.get(note).status_code == client.post(note, data).status_code == 403
    client.force_login(rep)
    assert client.get(note).status_code == 200 and client.post(note, data | {"channels": []}).status_code == 422
    assert client.post(note, data).status_code == 302
    assert consent.may_contact(person, news, "email")
    tab = client.get(reverse("entities:record", args=["customers", "contacts", person.pk]) + "?tab=privacy")
    assert tab.status_code == 200 and "phone" in tab.content.decode() and "Legal hold" not in tab.content.decode()


def test_a_hold_stands_against_erasure_by_name(person, officer, client):
    client.force_login(officer)
    act = reverse("entities:action", args=["customers", "contacts", person.pk, "legal_hold"])
    assert client.post(act, {"name": "Case 2026-17"}).status_code == 302
    with pytest.raises(Held) as held:
        erase(person, actor=Actor(officer, "test"))
    assert held.value.names == ["Case 2026-17"]
    page = client.get(reverse("entities:record", args=["customers", "contacts", person.pk]) + "?tab=privacy")
    assert "Case 2026-17" in page.content.decode()
    hold = holds.in_force().get()
    assert client.post(reverse("privacy:release", args=[hold.pk])).status_code == 302
    erase(person, actor=Actor(officer, "test"))
    assert Contact.objects.get(pk=person.pk).name == f"#{person.pk}"


@pytest.fixture
def erased(person):
    erase(person, actor=Actor(None, "test"))
    definitions.look_again()
    return person


def test_who_was_erased_is_refused_at_every_door(client, erased, boss):
    client.force_login(boss)
    add = client.post(
        reverse("entities:add", args=["customers", "contacts"]),
        {"birthday_calendar": "solar", "name": "某某", "mobile": "+86 137-6194-0283", "owner": boss.pk},
    )
    assert add.status_code == 422 and "asked to be erased" in add.content.decode()
    lead = client.post(
        reverse("entities:add", args=["sales", "leads"]),
        {"name": "某某", "email": "QueQiao@Magpie.example", "owner": boss.pk},
    )
    assert lead.status_code == 422
    rows = "姓名,手机\n某某,13761940283\n别人,13900000001\n"
    client.post(
        reverse("exchange:start", args=["customers.contact"]), {"file": SimpleUploadedFile("a.csv", rows.encode())}
    )
    run = Import.objects.latest("pk")
    client.get(reverse("exchange:check", args=[run.pk]))
    run.refresh_from_db()
    assert run.preview["counts"]["failed"] == 1 and run.preview["counts"]["created"] == 1
    assert not Contact.objects.filter(mobile="13761940283").exists()
    other = make_contact(owner=boss, name="别人")
    other.phone = "013761940283"
    with pytest.raises(ValidationError):
        records.save(other, actor=Actor(boss, "test"))
    assert not ImportRow.objects.filter(verdict="warned").exists()


def test_or_flagged_and_never_contacted(settings, client, erased, boss, news):
    settings.ERASED_COME_BACK = "flag"
    back = make_contact(owner=boss, name="某某", mobile="137 6194 0283")
    assert SuppressionHit.objects.get().record_id == back.pk
    say(back, news, ["any"], True)
    assert not consent.may_contact(back, news, "sms") and consent.may_contact(back, news, "email")
    assert consent.contactable("customers.contact", [back.pk], news, "sms") == set()
    client.force_login(boss)
    page = client.get(reverse("entities:record", args=["customers", "contacts", back.pk]) + "?tab=privacy")
    assert "erased before" in page.content.decode()
    assert suppression.lift([("phone", "+8613761940283")]) == 1
    definitions.look_again()
    assert consent.may_contact(back, news, "sms")


def test_shared_numbers_and_other_people_stay(person, rep):
    namesake = make_contact(owner=rep, name="欧阳鹊桥", mobile="18600001111", description="另一位欧阳鹊桥")
    erase(person, actor=Actor(None, "test"))
    namesake.refresh_from_db()
    assert (namesake.name, namesake.description) == ("欧阳鹊桥", "另一位欧阳鹊桥")


def test_the_archive_tells_everything(client, person, officer, news, tmp_path):
    actor = Actor(person.owner, "test")
    say(person, news, ["email"], True)
    records.save(
        FollowUp(owner=person.owner, on_entity="customers.contact", on_id=person.pk, text="谈得好"), actor=actor
    )
    Touch.objects.create(on_entity="customers.contact", on_id=person.pk, kind="link", name="官网", visitor="v-77")
    store_content("合同正文".encode(), "合同.txt", record=person, actor=actor)
    path, _rows = export_person(person)
    with ZipFile(path) as archive:
        told = json.loads(archive.read("data.json"))
        files = [archive.read(name).decode() for name in archive.namelist() if name.startswith("files/")]
    path.unlink()
    assert told["records"][0]["personal"]["mobile"]["value"] == "13761940283"
    assert "谈得好" in json.dumps(told["attached"], ensure_ascii=False)
    assert told["customers.touches"][0]["visitor"] == "v-77"
    erase(person, actor=actor)
    assert not Touch.objects.exists()
    assert told["consents"][0]["purpose"] == "news2" and told["consents"][0]["text"]["en"] == "I agree"
    assert files == ["合同正文"] and told["history"]


def test_requests_are_for_who_holds_the_right(client, person, rep, officer, grant, django_capture_on_commit_callbacks):
    grant(rep, "customers.contact", view=Scope.OWN, change=Scope.OWN)
    client.force_login(rep)
    ask = reverse("entities:action", args=["customers", "contacts", person.pk, "privacy_request"])
    data = {"kind": "access", "law": "ccpa", "received_on": "2026-11-01", "note": "all of it"}
    assert client.post(ask, data).status_code == 403
    client.force_login(officer)
    assert client.post(ask, data).status_code == 302
    made = PrivacyRequest.objects.get()
    assert (made.due_on.isoformat(), made.note) == ("2026-12-16", "all of it")
    with django_capture_on_commit_callbacks(execute=True):
        copy = client.post(reverse("entities:action", args=["privacy", "requests", made.pk, "copy"]))
    assert copy.status_code == 302
    page = client.get(reverse("entities:record", args=["privacy", "requests", made.pk]))
    assert page.status_code == 200 and "All data for request" in page.content.decode()
    job = officer.jobs.get()
    assert job.state == "done" and job.files.get().name == f"person-{person.pk}.zip"
    client.force_login(rep)
    assert client.get(reverse("entities:record", args=["privacy", "requests", made.pk])).status_code in (403, 404)
