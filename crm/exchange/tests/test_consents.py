"""Consents in files: a file of people brings lines of the ledger, an export tells them, and comes back without doubles."""

from __future__ import annotations

import csv
import io

import pytest
from django.utils import timezone

from crm.access.models import Scope
from crm.exchange.tests.test_import import ALL, Person
from crm.privacy.consent import may_contact, note_consent
from crm.privacy.models import ConsentPurpose, ConsentRecord
from crm.records.actor import Actor
from customers.factories import make_contact
from customers.models import Contact

pytestmark = pytest.mark.django_db
CONTACT = "customers.contact"
YES, SINCE, PROOF = (f"Consent: News · E-mail{more}" for more in ("", " · consent since", " · proof"))


@pytest.fixture
def news():
    values = {"name_zh": "资讯", "name_en": "News", "channels": ["email", "sms"], "basis": "consent"}
    return ConsentPurpose.objects.update_or_create(code="news2", defaults=values)[0]


@pytest.fixture
def person(rep, grant, client, news, django_capture_on_commit_callbacks):
    grant(rep, CONTACT, **ALL)
    return Person(client, rep, django_capture_on_commit_callbacks)


def lines():
    rows = ConsentRecord.objects.order_by("pk")
    return [(r.channel, r.granted, r.source, r.proof, timezone.localtime(r.at).date().isoformat()) for r in rows]


def test_a_file_brings_consents_with_day_and_proof(person):
    content = f"Name,{YES},{SINCE},{PROOF}\n王明,是,2024-05-03,展会表格 17\n李雷,否,,\n韩梅,,,\n"
    _run, job = person.whole(CONTACT, content)
    assert job.created == 3
    assert lines()[0] == ("email", True, "import", "展会表格 17", "2024-05-03")
    assert [row[1] for row in lines()] == [True, False]
    wang = Contact.objects.get(name="王明")
    assert may_contact(wang, "news2", "email") and not may_contact(wang, "news2", "sms")


@pytest.mark.parametrize("cells", ["perhaps,,", "是,2999-01-01,", "是,yesterday-ish,"])
def test_what_is_no_answer_or_no_day_is_refused(person, cells):
    _run, job = person.whole(CONTACT, f"Name,{YES},{SINCE},{PROOF}\n王明,{cells}\n")
    assert (job.created, job.failed) == (0, 1) and not ConsentRecord.objects.exists()


def test_the_last_word_stays_whatever_a_file_says(person, rep, news):
    wang = make_contact(owner=rep, name="王明", email="wang@firm.example")
    note_consent(wang, news, ["email"], False, source="phone", actor=Actor(rep))
    columns = f"E-mail,Name,{YES},{SINCE},{PROOF}"
    update = {"mode": "update", "keys": "email"}
    person.whole(CONTACT, f"{columns}\nwang@firm.example,王明,是,,\n", options=update)
    assert len(lines()) == 1
    person.whole(CONTACT, f"{columns}\nwang@firm.example,王明,是,2020-01-01,旧表\n", options=update)
    assert len(lines()) == 2 and not may_contact(wang, "news2", "email")


def test_an_export_comes_back_without_doubles(person, rep, news):
    wang = make_contact(owner=rep, name="王明", email="wang@firm.example")
    note_consent(wang, news, ["email"], True, source="form", proof="=cmd()", actor=Actor(rep))
    page = person.client.get("/customers/contacts/export/").content.decode()
    assert "With consents" in page
    url = "/customers/contacts/export/?cols=name,email"
    plain = person.client.post(url, {"format": "csv"})
    assert "Consent" not in b"".join(plain.streaming_content).decode()
    told = b"".join(person.client.post(url, {"format": "csv", "consents": "1"}).streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(told)))
    assert rows[0][YES] == "Yes" and rows[0][SINCE] and rows[0][PROOF] == "'=cmd()"
    person.whole(CONTACT, told, options={"mode": "update", "keys": "email"})
    assert [row[1] for row in lines()][-1] is True and may_contact(wang, "news2", "email")


def test_files_of_companies_know_no_consents(person, rep, grant):
    grant(rep, "sales.opportunity", **ALL)
    assert "With consents" not in person.client.get("/sales/opportunities/export/").content.decode()
    assert Scope.ALL
