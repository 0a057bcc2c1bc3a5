"""Data is cleaned by a job after a preview, within rights, and can be put back."""

from __future__ import annotations

import pytest

from crm.access.models import Scope
from crm.jobs.models import Job
from crm.jobs.running import run
from crm.records.models import ChangeSet
from crm.reference.addresses import forget
from crm.reference.loading import load_regions
from crm.reference.models import Region
from customers.care.cleaners import clean_name, clean_website
from customers.factories import make_account, make_contact
from customers.models import Account, Contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def steward(rep, grant):
    for label in ("customers.account", "customers.contact"):
        grant(rep, label, view=Scope.ALL, change=Scope.OWN, **{"import": Scope.OWN})
    return rep


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("北辰重工 (沈阳) 泵业有限公司", "北辰重工（沈阳）泵业有限公司"),
        ("ＡＢＣ科技　有限公司", "ABC科技有限公司"),
        ("  远山  科技 ", "远山科技"),
        ("王 小明", "王小明"),
        ("Acme  Inc （Asia）", "Acme Inc (Asia)"),
        ("3M 中国有限公司", "3M 中国有限公司"),
        ("阿里巴巴（中国）有限公司", "阿里巴巴（中国）有限公司"),
    ],
)
def test_names_have_one_spelling(typed, clean):
    assert clean_name(typed) == clean
    assert clean_name(clean) == clean


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("HTTPS://WWW.Example.COM/", "https://www.example.com"),
        ("https://example.com/a/?utm_source=x&id=7", "https://example.com/a/?id=7"),
        ("https://example.com/A%20b?x=Y&z=", "https://example.com/A%20b?x=Y&z="),
    ],
)
def test_websites_have_one_spelling(typed, clean):
    assert clean_website(typed) == clean == clean_website(clean)


def clean(client, code):
    answer = client.post(f"/customers/cleansing/{code}/")
    assert answer.status_code == 302
    job = Job.objects.latest("pk")
    run(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.DONE, job.error
    return job


def test_phones_are_mended_after_a_preview_and_put_back(client, steward):
    account = make_account(owner=steward, phone="021-5000 1234")
    make_account(owner=steward, phone="+862150001234")
    broken = make_account(owner=steward, phone="总机")
    client.force_login(steward)
    assert client.get("/customers/cleansing/account-phones/count/").content.decode() == "2"
    page = client.get("/customers/cleansing/account-phones/").content.decode()
    assert "021-5000 1234" in page and "+862150001234" in page and "1 can't be mended" in page
    account.refresh_from_db()
    assert account.phone == "021-5000 1234", "nothing is written by looking"
    job = clean(client, "account-phones")
    assert (job.updated, job.skipped, job.failed, job.total) == (1, 1, 0, 2)
    account.refresh_from_db()
    broken.refresh_from_db()
    assert (account.phone, broken.phone) == ("+862150001234", "总机")
    assert client.get(f"/jobs/{job.pk}/").status_code == 200
    client.post(f"/undo/set/{ChangeSet.objects.get(kind='cleanse').pk}/")
    account.refresh_from_db()
    assert account.phone == "021-5000 1234"


def test_others_records_stay_as_they_are(client, steward, other):
    theirs = make_account(owner=other, name="金丝雀 公司")
    client.force_login(steward)
    assert "金丝雀" not in client.get("/customers/cleansing/account-names/").content.decode()
    assert clean(client, "account-names").updated == 0
    theirs.refresh_from_db()
    assert theirs.name == "金丝雀 公司"


def test_who_may_not_import_cleans_nothing(client, rep, grant):
    grant(rep, "customers.account", view=Scope.ALL, change=Scope.ALL)
    client.force_login(rep)
    assert client.get("/customers/cleansing/").status_code == 403
    assert client.post("/customers/cleansing/account-names/").status_code == 403
    assert client.get("/customers/cleansing/nonsense/").status_code == 404


def test_a_field_that_may_not_be_known_or_written_is_not_cleaned(client, steward, field_rule):
    client.force_login(steward)
    assert "Regions from addresses" in client.get("/customers/cleansing/").content.decode()
    field_rule(steward, "customers.account", "address", "hidden")
    field_rule(steward, "customers.account", "phone", "masked")
    page = client.get("/customers/cleansing/").content.decode()
    assert "Regions from addresses" not in page and "account-phones" not in page
    assert client.get("/customers/cleansing/account-phones/").status_code == 403


def test_regions_tax_ids_and_people(client, steward):
    load_regions(Region)
    forget()
    account = make_account(owner=steward, address="苏州市姑苏区 1 号", tax_id="9131 0115ma1h7l2x3q")
    person = make_contact(owner=steward, name="王 小明", mobile="138 0013 8000")
    client.force_login(steward)
    assert "苏州市" in client.get("/customers/cleansing/account-regions/").content.decode()
    for code in ("account-regions", "account-tax-ids", "contact-names", "contact-mobile"):
        assert clean(client, code).updated == 1, code
    account, person = Account.objects.get(pk=account.pk), Contact.objects.get(pk=person.pk)
    assert (account.region.name, account.tax_id) == ("苏州市", "91310115MA1H7L2X3Q")
    assert (person.name, person.mobile) == ("王小明", "+8613800138000")
    forget()
