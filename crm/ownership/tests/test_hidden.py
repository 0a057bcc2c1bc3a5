"""What pools hide until a record is claimed leaves by no door; canaries are planted in every hidden field."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from crm.access.models import Grant, RecordShare, Role, Scope
from crm.activities.models import Comment
from crm.api.tests.conftest import Caller
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.panels import record_tabs
from crm.exchange.exporting import Export
from crm.messaging.merging import values_for
from crm.messaging.reaching import emails_of, phones_of
from crm.ownership.tests.conftest import SYSTEM, do
from crm.records import services as records
from customers.models import Account
from sales.factories import make_lead, make_opportunity

pytestmark = pytest.mark.django_db
PHONE, MAIL, WANTS = "13812345678", "canary@pond.example", "canarypump"
CANARIES = (PHONE, "138 1234 5678", "+8613812345678", MAIL, WANTS)
HIDDEN = ["mobile", "email", "interest"]


@pytest.fixture
def lead(people, make_pool, put):
    found = put(make_pool(people[0], hidden=HIDDEN), name="Pond", mobile=PHONE, email=MAIL, interest=WANTS)
    found.extras = {"Phone": PHONE}
    found.interest = f"{WANTS} 2"
    records.save(found, actor=SYSTEM)
    return found


@pytest.fixture
def ann(people, sellers):
    Grant.objects.create(role=sellers, entity="sales.lead", action="export", scope=Scope.ALL)
    Grant.objects.create(role=sellers, entity="sales.opportunity", action="view", scope=Scope.ALL)
    return people[0]


def tells(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]


PAGES = (
    "/sales/leads/?view=pool&cols=name,mobile,email,interest", "/sales/leads/board/?cols=mobile", "/sales/leads/{pk}/",
    "/sales/leads/{pk}/timeline/", "/sales/leads/{pk}/history/", "/sales/leads/{pk}/tabs/", "/sales/leads/choices/?q=Pond",
    "/sales/leads/counts/", "/sales/leads/{pk}/do/claim/", "/search/?q=Pond", "/sales/leads/{pk}/why/",
)  # fmt: skip


def test_no_page_shows_them_before_the_claim_and_all_do_after_it(ann, lead, client_of):
    client = client_of(ann)
    for address in PAGES:
        page = client.get(address.format(pk=lead.pk))
        assert page.status_code == 200, address
        assert "Pond" in page.content.decode() or "counts" in address or "tabs" in address, address
        assert not tells(page.content.decode()), address
    assert do(client, lead, "claim").status_code == 302
    for address in (
        "/sales/leads/?cols=name,mobile,email,interest",
        "/sales/leads/{pk}/",
        "/sales/leads/{pk}/history/",
    ):
        assert tells(client.get(address.format(pk=lead.pk)).content.decode()), address


def test_no_tab_of_the_record_shows_them(ann, lead, client_of):
    client = client_of(ann)
    names = {tab.name for tab in record_tabs("sales.lead", lead, ann)} | {"timeline", "history"}
    assert "owners" in names
    for name in names:
        page = client.get(f"/sales/leads/{lead.pk}/?tab={name}")
        assert page.status_code == 200 and not tells(page.content.decode()), name


@pytest.mark.parametrize(
    "asked",
    [
        "mobile=" + PHONE, "mobile__starts=138", "email__contains=canary", "interest__contains=canary", "email__filled=1",
        "email__empty=1", "q=canary", "q=13812345678", "q=5678", "q=" + MAIL, "interest__not=zzz",
    ],
)  # fmt: skip
def test_nothing_can_be_asked_about_them(ann, lead, client_of, asked):
    mine = make_lead(owner=ann, name="Mine", mobile=PHONE, email=MAIL, interest=WANTS)
    empty = make_lead(owner=ann, name="Empty", mobile="13900000000")
    page = client_of(ann).get(f"/sales/leads/?cols=name&{asked}")
    found = {record.pk for record in page.context["page"].records}
    assert lead.pk not in found and found & {mine.pk, empty.pk}, asked


def test_a_word_beside_them_still_finds_the_record(ann, lead, client_of):
    client = client_of(ann)
    assert "Pond" in client.get("/search/?q=Pond").content.decode()
    found = f"/sales/leads/{lead.pk}/"
    assert found in client.get("/search/?q=Pond").content.decode()
    for words in ("Pond canary", "5678", "canary"):
        assert found not in client.get("/search/", {"q": words}).content.decode()


def test_keepers_and_who_sees_all_know_them(ann, lead, people, client_of, make_user, grant):
    _ann, bob = people
    lead.pool.members.create(user=bob, keeper=True)
    boss = make_user("boss")
    grant(boss, "sales.lead", view=Scope.ALL)
    for user in (bob, boss):
        page = client_of(user).get("/sales/leads/?cols=name,mobile,email").content.decode()
        assert MAIL in page
        assert client_of(user).get("/sales/leads/?email__contains=canary").context["page"].records == [lead]


def test_a_share_or_condition_does_not_open_them(ann, lead, people, client_of):
    _ann, bob = people
    RecordShare.objects.create(entity="sales.lead", record_id=lead.pk, user=bob, level="edit")
    role = Role.objects.get(code="sellers")
    Grant.objects.filter(role=role, entity="sales.lead").update(
        condition={"all": [{"field": "name", "op": "contains", "value": "Pond"}]}
    )
    for user in (ann, bob):
        client = client_of(user)
        page = client.get(f"/sales/leads/{lead.pk}/")
        assert page.status_code == 200 and not tells(page.content.decode())
        assert client.get(f"/sales/leads/{lead.pk}/edit/").status_code == 404
        assert client.get("/sales/leads/?email__contains=canary").context["page"].records == []


def test_the_api_export_and_merge_tags_know_nothing(ann, lead):
    caller = Caller.of(ann)
    status, found = caller.get(f"sales/leads/{lead.pk}/")
    assert status == 200 and not tells(str(found))
    assert not tells(str(caller.get("sales/leads/")))
    assert not tells(str(values_for(ann, lead)))
    assert phones_of(lead, ann) == [] == emails_of(lead, ann)
    rows = list(Export(bind(registry["sales.lead"], ann), QueryDict("cols=name,mobile,email")).rows())
    assert len(rows) == 1  # what lies in a pool is not exported at all


def test_a_path_from_another_record_is_closed_too(ann, people, make_pool, put, client_of, sellers):
    pool = make_pool(people[1], entity="customers.account", hidden=["phone", "industry"])
    account = put(pool, Account, name="Pond works", phone=PHONE)
    deal = make_opportunity(owner=ann, account=account, name="Big pumps")
    bound = bind(registry["sales.opportunity"], ann)
    client_of(ann)
    field = bound.visible(["account__phone"])[0]
    assert field.text(deal) == "" and field.closed(deal)
    assert "pool" in str(bound.readable(["account__phone"])["account__phone"].guard)


def test_what_hangs_on_it_is_not_seen_either(ann, people, make_pool, put, lead, client_of):
    def comment(on):
        made = Comment(on_entity="sales.lead", on_id=on.pk, text=f"Said {PHONE}", owner=people[1])
        records.save(made, actor=SYSTEM)
        return made

    open_pool = put(make_pool(people[0]), name="Lake")
    shut, free = comment(lead), comment(open_pool)
    client_of(ann)
    seen = set(Comment.objects.restrict(ann).values_list("pk", flat=True))
    assert free.pk in seen and shut.pk not in seen
    assert not tells(client_of(ann).get(f"/sales/leads/{lead.pk}/timeline/").content.decode())


def test_an_account_in_a_pool_tells_nothing_either(people, make_pool, put, client_of):
    ann = people[0]
    pool = make_pool(ann, entity="customers.account", hidden=["phone", "email", "website", "address"])
    account = put(
        pool, Account, name="Pond works", phone=PHONE, email=MAIL, website="https://pond.example", address=WANTS
    )
    client, page = client_of(ann), f"/customers/accounts/{account.pk}/"
    tabs = {tab.name for tab in record_tabs("customers.account", account, ann)}
    for address in ("", "history/", "timeline/", *(f"?tab={name}" for name in tabs)):
        found = client.get(page + address)
        assert found.status_code == 200, address
        assert not tells(found.content.decode()) and "pond.example" not in found.content.decode(), address
    for address in (
        f"/customers/insight/customers.account/{account.pk}/",
        f"/customers/insight/customers.account/{account.pk}/website/",
    ):
        found = client.get(address, headers={"HX-Request": "true"})
        assert "pond.example" not in found.content.decode() and not tells(found.content.decode()), address
    assert not tells(str(Caller.of(ann).get(f"customers/accounts/{account.pk}/")))
