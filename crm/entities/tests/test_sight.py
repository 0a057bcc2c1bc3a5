"""Links name only what their reader may see: in the list, on the page, in the form, on the card, in the file, by the API, in the history."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from conftest import forget_access
from crm.access.models import Scope
from crm.api.tests.conftest import Caller
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.exchange.exporting import Export
from crm.records import services as records
from crm.records.actor import Actor
from crm.reference.models import Region
from customers.factories import make_account, make_contact
from customers.models import Contact
from sales.factories import make_opportunity

pytestmark = pytest.mark.django_db
SECRET, OPEN, PHONE = "机密重工集团", "看得见的公司", "13800001234"
NOTHING = "A record you may not see"
CONTACT, ACCOUNT, DEAL = "customers.contact", "customers.account", "sales.opportunity"


@pytest.fixture
def world(rep, other, grant):
    """Rep has two contacts: one at an account of Rep's, one at an account of a colleague that Rep does not see."""
    for label in (CONTACT, ACCOUNT):
        grant(rep, label, view=Scope.OWN, change=Scope.OWN, add=Scope.OWN, export=Scope.OWN)
    theirs = make_account(owner=other, name=SECRET, phone=PHONE)
    mine = make_account(owner=rep, name=OPEN, phone="13900005678")
    one = make_contact(owner=rep, name="甲", account=mine)
    two = make_contact(owner=rep, name="乙", account=theirs)
    mine.parent = theirs
    records.save(mine, actor=Actor(other, "test"))
    forget_access(rep)
    return mine, theirs, one, two


def test_the_list_the_page_and_the_form(world, rep, client):
    mine, _theirs, one, two = world
    client.force_login(rep)
    page = client.get("/customers/contacts/?cols=name,account").content.decode()
    assert OPEN in page and NOTHING in page and SECRET not in page
    for address in (
        f"/customers/contacts/{two.pk}/",
        f"/customers/contacts/{two.pk}/edit/",
        f"/customers/contacts/{two.pk}/history/",
        f"/customers/contacts/{two.pk}/timeline/",
        f"/customers/contacts/{two.pk}/tabs/",
        f"/customers/contacts/{two.pk}/cell/account/",
        f"/customers/accounts/{mine.pk}/",
        f"/customers/accounts/{mine.pk}/edit/",
        f"/customers/accounts/{mine.pk}/history/",
        "/customers/accounts/?cols=name,parent",
        "/search/?q=乙",
    ):
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert SECRET not in answer.content.decode(), address
    assert OPEN in client.get(f"/customers/contacts/{one.pk}/").content.decode()


def test_what_lies_behind_it_is_nothing(world, rep):
    _mine, _theirs, one, two = world
    bound = bind(registry[CONTACT], rep)
    phone = bound.visible(["account__phone"])[0]
    assert (phone.text(one), phone.text(two)) == ("13900005678", "")
    assert (phone.raw(two), phone.value(two)) == (None, None)
    above = bound.visible(["account__parent"])[0]
    assert (above.text(one), above.text(two)) == (NOTHING, "")


def test_saving_the_form_keeps_the_link(world, rep, client):
    _mine, theirs, _one, two = world
    client.force_login(rep)
    form = client.get(f"/customers/contacts/{two.pk}/edit/").context["form"]
    data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, "")}
    answer = client.post(f"/customers/contacts/{two.pk}/edit/", {**data, "job_title": "经理"})
    assert answer.status_code == 302, answer.content.decode()[:500]
    two = Contact.objects.get(pk=two.pk)
    assert (two.account, two.job_title) == (theirs, "经理")


def test_files_and_the_api(world, rep):
    _mine, theirs, _one, two = world
    for columns in ("name,account", "name,account,account__phone"):
        rows = list(Export(bind(registry[CONTACT], rep), QueryDict(f"cols={columns}&sort=name")).rows())
        names = {row[0]: row[1] for row in rows[1:]}
        assert names == {"甲": OPEN, "乙": NOTHING}, columns
    assert not any(PHONE in str(row) for row in rows)
    found = Caller.of(rep).get(f"customers/contacts/{two.pk}/")[1]
    assert SECRET not in str(found) and found["fields"]["account"]["text"] == NOTHING
    assert SECRET not in str(Caller.of(rep).get("customers/contacts/")[1])


def test_who_sees_all_pays_nothing_and_others_one_query_a_page(
    world, rep, other, boss, client, django_assert_max_num_queries
):
    client.force_login(rep)
    address = "/customers/contacts/?cols=name,account"
    client.get(address)
    with django_assert_max_num_queries(80) as few:
        client.get(address)
    for number in range(20):
        make_contact(owner=rep, name=f"丙{number}", account=make_account(owner=other, name=f"{SECRET}{number}"))
    with django_assert_max_num_queries(len(few.captured_queries)):
        page = client.get(address).content.decode()
    assert page.count(NOTHING) >= 20 and SECRET not in page
    client.force_login(boss)
    assert SECRET in client.get(address).content.decode()


def test_what_lies_behind_it_can_not_be_asked_for(world, rep, grant, client):
    mine, theirs, *_contacts = world
    grant(rep, DEAL, view=Scope.OWN)
    region = Region.objects.create(name="测试省")
    type(mine)._base_manager.update(region=region)
    known, unknown = (make_opportunity(owner=rep, account=account) for account in (mine, theirs))
    alone = make_opportunity(owner=rep)
    bound = bind(registry[DEAL], rep)

    def found(op: str, *value: object) -> set[int]:
        asked = {"all": [{"field": "account__region", "op": op, **({"value": list(value)} if value else {})}]}
        return set(bound.records().filter(bound.condition(asked).q(bound.reader())).values_list("pk", flat=True))

    assert found("in", str(region.pk)) == {known.pk}, "no oracle"
    assert found("empty") == {alone.pk}
    assert bound.records().count() == len({known, unknown, alone})
