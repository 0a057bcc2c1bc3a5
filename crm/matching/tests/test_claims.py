"""What only one record may have: taken, refused, given up, taken again, at every door."""

import pytest

from crm.access.models import Scope
from crm.api.tests.conftest import Caller
from crm.matching.claims import Collision, fill
from crm.matching.models import MatchRule, UniqueKey
from crm.records import services as records
from crm.records import undo as undoing
from crm.records.actor import Actor
from crm.records.models import ChangeSet
from customers.factories import make_account, make_contact
from customers.models import Account
from sales.factories import make_lead
from sales.services import convert_lead

pytestmark = pytest.mark.django_db
PHONE = "13800138000"


def holders():
    return sorted(UniqueKey.objects.values_list("entity", "record_id"))


def test_the_second_one_is_refused_and_hears_who_has_it(rule, rep, other):
    rule("phone")
    first = make_account(name="远山科技", phone=PHONE, owner=other)
    with pytest.raises(Collision) as refused:
        make_account(name="海洋贸易", phone="+86 138 0013 8000", owner=rep)
    assert str(other) in refused.value.messages[0]
    assert (holders(), Account.objects.count()) == ([("customers.account", first.pk)], 1)


def test_across_entities(rule, rep):
    rule("phone")
    lead = make_lead(mobile=PHONE)
    with pytest.raises(Collision):
        make_account(phone=PHONE)
    make_contact(mobile=PHONE)  # of which the rule says nothing
    assert holders() == [("sales.lead", lead.pk)]


def test_names_are_one_only_at_the_same_place(rule):
    rule("company")
    make_account(name="北京远山科技有限公司")
    make_account(name="上海远山科技有限公司")
    with pytest.raises(Collision):
        make_account(name="远山科技（北京）有限责任公司")


def test_what_is_given_up_is_free_and_restoring_may_collide(rule, boss, client):
    rule("phone")
    first = make_account(phone=PHONE)
    records.delete(first, actor=Actor(boss))
    second = make_account(name="海洋贸易", phone=PHONE)
    client.force_login(boss)
    answer = client.post(f"/customers/accounts/{first.pk}/restore/", follow=True)
    assert "海洋贸易" in answer.content.decode()
    first.refresh_from_db()
    assert first.deleted_at is not None
    second.phone = ""
    records.save(second, actor=Actor(boss))
    records.restore(first, actor=Actor(boss))
    assert holders() == [("customers.account", first.pk)]


def test_undoing_a_delete_that_somebody_overtook_is_a_conflict(rule, boss):
    rule("phone")
    first = make_account(phone=PHONE)
    changes = records.delete(first, actor=Actor(boss))
    make_account(name="海洋贸易", phone=PHONE)
    done = undoing.undo(changes, actor=Actor(boss))
    assert [why for _entry, why in done.conflicts] == [undoing.REFUSED]


def test_a_rule_over_what_is_there_leaves_it_and_the_first_one_holds(rule, boss):
    first, second = make_account(name="甲", phone=PHONE), make_account(name="乙", phone=PHONE)
    made = rule("phone")
    assert (holders(), fill(made)) == ([("customers.account", first.pk)], 1)
    second.description = "Still mine"
    records.save(second, actor=Actor(boss))
    records.delete(first, actor=Actor(boss))
    assert holders() == [("customers.account", second.pk)]


def test_a_lead_hands_what_it_holds_to_what_it_becomes_and_gets_it_back(rule, rep):
    rule("phone")
    lead = make_lead(company="远山科技", name="王芳", phone=PHONE, mobile="13900139000")
    done = convert_lead(lead, actor=Actor(rep))
    assert holders() == [("customers.account", done.account.pk)]
    changes = ChangeSet.objects.get(kind="convert")
    assert undoing.undo(changes, actor=Actor(rep)).conflicts == []
    assert holders() == [("sales.lead", lead.pk)] * 2


def test_converting_meets_what_is_there(rule, rep, other, grant, client):
    make_account(name="别的", phone=PHONE, owner=other)
    lead = make_lead(company="远山科技", phone=PHONE, owner=rep)
    rule("phone")
    grant(rep, "sales.lead", view=Scope.OWN, convert=Scope.OWN)
    grant(rep, "customers.account", view=Scope.OWN, add=Scope.OWN)
    client.force_login(rep)
    answer = client.post(
        f"/sales/leads/{lead.pk}/do/convert/", {"version": lead.version, "account": "new", "contact": "none"}
    )
    assert answer.status_code == 422
    assert str(other) in answer.content.decode()
    assert "别的" not in answer.content.decode()
    assert Account.objects.count() == 1


def test_the_page_refuses_keeps_the_typing_and_offers_no_way_around(rule, client, rep, other, grant):
    rule("phone")
    make_account(name="秘密公司", phone=PHONE, owner=other)
    grant(rep, "customers.account", view=Scope.OWN, add=Scope.OWN)
    client.force_login(rep)
    typed = {"name": "海洋贸易", "phone": PHONE, "kind": "prospect", "lifecycle": "prospect", "currency": "CNY"}
    for more in ({}, {"confirm": "1"}):
        answer = client.post("/customers/accounts/add/", typed | more)
        said = answer.content.decode()
        assert (answer.status_code, Account.objects.count()) == (422, 1)
        assert 'value="海洋贸易"' in said and str(other) in said
        assert 'name="confirm"' not in said and "秘密公司" not in said


def test_an_edit_of_what_stood_there_before_the_rule_is_not_refused(rule, client, boss):
    make_account(name="甲", phone=PHONE)
    second = make_account(name="乙", phone=PHONE)
    rule("phone")
    client.force_login(boss)
    form = {"name": "乙", "phone": PHONE, "description": "x", "version": second.version}
    form |= {"kind": "prospect", "lifecycle": "prospect", "currency": "CNY", "owner": second.owner_id}
    asked = client.post(f"/customers/accounts/{second.pk}/edit/", form)
    assert asked.status_code == 422 and 'name="confirm"' in asked.content.decode()
    assert client.post(f"/customers/accounts/{second.pk}/edit/", form | {"confirm": "1"}).status_code == 302


def test_the_api_answers_409_without_a_value_of_the_record(rule, rep, other, grant):
    rule("phone")
    make_account(name="秘密公司", phone=PHONE, owner=other)
    grant(rep, "customers.account", view=Scope.OWN, add=Scope.OWN)
    status, said = Caller.of(rep).post(
        "customers/accounts/", {"fields": {"name": "海洋贸易", "phone": PHONE}, "confirm": True}
    )
    assert status == 409
    assert len(said["told"]) == 1 and str(other) in said["told"][0]
    assert said["duplicates"] == [] and "秘密" not in str(said)


def test_a_rule_that_is_switched_off_frees_everything(rule):
    made = rule("phone")
    make_account(phone=PHONE)
    MatchRule.objects.filter(pk=made.pk).update(active=False)
    made.refresh_from_db()
    fill(made)
    assert holders() == []
