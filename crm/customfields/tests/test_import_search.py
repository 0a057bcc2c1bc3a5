"""Custom fields in files, in the search and in templates: the same verdict as the form."""

from __future__ import annotations

import pytest

from crm.customfields.tests.samples import SAMPLES
from crm.entities.testing import text_of
from crm.exchange.tests.test_import import Person, reasons
from crm.records import services
from crm.records.actor import Actor
from crm.search.index import rebuild
from customers.factories import make_account
from customers.models import Account, Contact

pytestmark = pytest.mark.django_db
LABEL = "customers.account"
every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.kind)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def bring(client, boss, django_capture_on_commit_callbacks):
    return Person(client, boss, django_capture_on_commit_callbacks)


def cell(sample):
    """What stands in a file for a sample."""
    if sample.kind == "address":
        return "".join(sample.typed.values())
    if sample.kind == "boolean":
        return "是"
    if sample.kind == "multichoice":
        return "Option c、选项a"
    return {"choice": "选项b", "datetime": "2026-03-01 10:30", "longtext": '"one\ntwo"'}.get(sample.kind, sample.typed)


def quoted(text):
    return text if text.startswith('"') else '"' + text.replace('"', '""') + '"'


@every_sample
def test_a_file_brings_it_under_its_label_in_either_language(bring, define, sample):
    code = f"the_{sample.kind}"
    define(LABEL, sample.kind, code)
    for number, heading in enumerate((f"我的{code}", f"My {code}", code)):
        bring.whole(LABEL, f"name,{heading}\nA{number},{quoted(cell(sample))}\n")
    assert [account.custom for account in Account.objects.all()] == [{code: sample.stored}] * 3


@every_sample
def test_a_file_is_refused_what_a_form_is_refused(bring, define, sample):
    define(LABEL, sample.kind, f"the_{sample.kind}")
    wrong = [one for one in sample.wrong if isinstance(one, str) and len(one) < 6000]
    if not wrong or sample.kind == "choice":
        pytest.skip("Everything is an address or a text; an unknown choice may be left out on request.")
    rows = "".join(f"A{n},{quoted(one)}\n" for n, one in enumerate(wrong))
    run, job = bring.whole(LABEL, f"name,the_{sample.kind}\n{rows}")
    assert job.failed == len(wrong) and not Account.objects.exists()
    assert all(f"My the_{sample.kind}" in said for said in [str(row) for row in reasons(run).items()]), reasons(run)


def test_required_and_bounds_hold_for_files(bring, define):
    define(LABEL, "integer", "seats", required=True, minimum="10", maximum="20")
    run, job = bring.whole(LABEL, "name,seats\nA,9\nB,\nC,21\nD,15\n")
    assert (job.created, job.failed) == (1, 3)
    assert Account.objects.get().custom == {"seats": 15}


def test_a_pattern_holds_for_files_and_forms_alike(bring, define, boss):
    define(LABEL, "text", "plate", pattern=r"[A-Z]{2}\d{3}", pattern_message_en="Two letters, three digits.")
    run, job = bring.whole(LABEL, "name,plate\nA,AB123\nB,AB12\nC,xAB123\n")
    assert (job.created, job.failed) == (1, 2)
    assert "Two letters, three digits." in str(reasons(run))
    account = Account.objects.get()
    answer = bring.client.post(
        f"/customers/accounts/{account.pk}/cell/custom.plate/", {"version": 1, "custom.plate": "AB1234"}
    )
    assert answer.status_code == 422 and "Two letters, three digits." in answer.content.decode()


def test_unique_values_reject_and_find(bring, define, boss):
    define(LABEL, "text", "plate", unique=True)
    one = make_account(owner=boss, name="One")
    Account.objects.filter(pk=one.pk).update(custom={"plate": "X1"})
    run, job = bring.whole(LABEL, "name,plate\nA,X1\nB,X2\nC,X2\nD,\nE,\n")
    assert (job.created, job.failed) == (3, 2)
    columns = {"mode": "upsert", "keys": ["custom.plate"]}
    run, job = bring.whole(LABEL, "name,plate\nRenamed,X1\nNew,X9\n", options=columns)
    one.refresh_from_db()
    assert (job.created, job.updated, one.name) == (1, 1, "Renamed")


def test_links_are_found_by_name_within_reach(bring, define, boss):
    define(LABEL, "link", "expert", target="customers.contact")
    contact = Contact(name="刘建国", owner=boss)
    services.save(contact, actor=Actor(boss, "test"))
    run, _job = bring.whole(LABEL, "name,expert\nA,刘建国\nB,Nobody\n")
    assert Account.objects.get(name="A").custom == {"expert": contact.pk}
    assert Account.objects.get(name="B").custom == {}


def test_defaults_fill_what_a_file_does_not_bring(bring, define):
    define(LABEL, "choice", "grade", default="b")
    define(LABEL, "integer", "seats", default="4")
    bring.whole(LABEL, "name,seats\nA,9\n")
    assert Account.objects.get().custom == {"grade": "b", "seats": 9}


def test_the_template_names_it(bring, define):
    define(LABEL, "money", "budget")
    assert "My budget" in text_of(bring.client.get(f"/import/{LABEL}/template.csv"))


@pytest.mark.parametrize(
    ("kind", "stored", "asked"),
    [("text", "泵站改造", "泵站"), ("choice", "b", "选项b"), ("phone", "13812345678", "345678")],
)
def test_what_is_searchable_is_found(client, boss, define, kind, stored, asked):
    define(LABEL, kind, "thing", searchable=True)
    client.force_login(boss)
    account = make_account(owner=boss, name="Somebody")
    assert (
        f"/customers/accounts/{account.pk}/" not in client.get("/search/", {"q": asked}, headers=HTMX).content.decode()
    )
    Account.objects.filter(pk=account.pk).update(custom={"thing": stored})
    rebuild(LABEL)
    assert f"/customers/accounts/{account.pk}/" in client.get("/search/", {"q": asked}, headers=HTMX).content.decode()
    assert {r.pk for r in client.get(f"/customers/accounts/?q={asked}").context["page"].records} == {account.pk}
    client.post(f"/customers/accounts/{account.pk}/cell/custom.thing/", {"version": 1, "custom.thing": ""})
    assert (
        f"/customers/accounts/{account.pk}/" not in client.get("/search/", {"q": asked}, headers=HTMX).content.decode()
    )
