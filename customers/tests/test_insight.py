"""What is worked out about an account: health from contributed risks, the next step, completeness; within what one may know."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.access.models import Scope
from crm.customfields import definitions
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account, make_contact
from customers.models import Account, AccountProfile, CompletenessWeight
from customers.profile.advice import advice_for
from customers.profile.health import refresh, risks_of
from customers.tasks import recount, refresh_health

pytestmark = pytest.mark.django_db
LATER = timezone.now() + timedelta(days=61)


@pytest.fixture
def seller(rep, grant):
    for label in ("customers.account", "customers.contact"):
        grant(rep, label, view=Scope.OWN, change=Scope.OWN, add=Scope.OWN)
    return rep


def insight(client, account):
    answer = client.get(f"/customers/insight/customers.account/{account.pk}/", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.content.decode()


def test_silence_costs_health_and_the_trend_is_kept(seller):
    account = make_account(owner=seller, kind="customer")
    assert refresh([account.pk]) == 0
    assert refresh([account.pk], LATER) == 1
    profile = AccountProfile.objects.get(pk=account.pk)
    assert (profile.health, profile.before, profile.risks) == (70, 100, {"silence": 30})
    assert refresh([account.pk], LATER) == 0
    told = risks_of(account, seller, LATER)
    assert [(one.code, one.text, one.points) for one in told] == [("silence", "No contact for 60 days", 30)]


@pytest.mark.parametrize("values", [{"kind": "competitor"}, {"kind": "customer", "lifecycle": "lost"}])
def test_whom_nobody_looks_after_is_not_ill(seller, values):
    account = make_account(owner=seller, **values)
    refresh([account.pk], LATER)
    assert AccountProfile.objects.get(pk=account.pk).health == 100


def test_who_may_not_know_the_last_contact_is_not_told_of_silence(client, seller, field_rule):
    account = make_account(owner=seller, kind="customer")
    Account.objects.filter(pk=account.pk).update(last_activity_at=timezone.now() - timedelta(days=40))
    client.force_login(seller)
    assert "No contact for 40 days" in insight(client, account)
    field_rule(seller, "customers.account", "last_activity_at", "hidden")
    assert "No contact for" not in insight(client, account)


def test_health_is_a_field_of_the_list(client, seller):
    ill, well = make_account(owner=seller, name="病公司"), make_account(owner=seller, name="好公司")
    Account.objects.filter(pk=ill.pk).update(last_activity_at=timezone.now() - timedelta(days=100))
    refresh_health()
    client.force_login(seller)
    shown = client.get("/customers/accounts/?sort=profile.health").context["page"].records
    assert [account.pk for account in shown] == [ill.pk, well.pk]
    page = client.get(f"/customers/accounts/{ill.pk}/")
    assert "Health" in page.content.decode() and ">55" in page.content.decode()


def test_a_hidden_health_is_nowhere(client, seller, field_rule):
    account = make_account(owner=seller)
    AccountProfile.objects.filter(pk=account.pk).update(health=37)
    field_rule(seller, "customers.account", "profile.health", "hidden")
    client.force_login(seller)
    assert "Health" not in client.get(f"/customers/accounts/{account.pk}/").content.decode()
    assert "Health" not in insight(client, account)


def test_others_records_have_no_insight(client, seller, other):
    account = make_account(owner=other)
    client.force_login(seller)
    assert client.get(f"/customers/insight/customers.account/{account.pk}/").status_code == 404
    assert (
        client.post(f"/customers/insight/customers.account/{account.pk}/later/", {"code": "silent"}).status_code == 404
    )
    assert client.get("/customers/insight/users.user/1/").status_code == 404


def codes(record, user):
    return [one.code for one in advice_for(record, user)]


def test_the_next_step_follows_from_what_is_known(client, seller, other):
    account = make_account(owner=seller)
    assert codes(account, seller) == ["nobody_known"]
    make_contact(account=account, owner=other, decision_role="decider")
    assert codes(account, seller) == ["nobody_known"], "nobody tells of people out of reach"
    person = make_contact(account=account, owner=seller)
    assert codes(account, seller) == ["no_decider"]
    person.decision_role = "decider"
    records.save(person, actor=Actor(seller))
    assert codes(account, seller) == []
    Account.objects.filter(pk=account.pk).update(last_activity_at=timezone.now() - timedelta(days=31))
    account.refresh_from_db()
    assert codes(account, seller) == ["silent"]


def test_a_birthday_within_a_week_is_told(seller):
    today = timezone.localdate()
    account = make_account(owner=seller)
    person = make_contact(account=account, owner=seller, decision_role="decider")
    for days, expected in ((0, ["birthday"]), (7, ["birthday"]), (8, []), (-1, [])):
        day = today + timedelta(days=days)
        person.birthday = day.replace(year=1980)
        records.save(person, actor=Actor(seller))
        assert codes(account, seller) == expected == codes(person, seller), days


def test_advice_is_put_off_for_a_week_by_one_person(client, seller, boss):
    account = make_account(owner=seller)
    client.force_login(seller)
    assert "Add the first person" in insight(client, account)
    url = f"/customers/insight/customers.account/{account.pk}/later/"
    assert (
        "Add the first person"
        not in client.post(url, {"code": "nobody_known"}, headers={"HX-Request": "true"}).content.decode()
    )
    assert "Add the first person" not in insight(client, account)
    assert codes(account, boss) == ["nobody_known"]
    week = timezone.now() + timedelta(days=7)
    assert [one.code for one in advice_for(account, seller, week)] == ["nobody_known"]
    assert client.post(url, {"code": "nonsense"}).status_code == 404


def test_completeness_follows_the_record_and_the_weights(client, seller, boss):
    CompletenessWeight.objects.all().delete()
    for field, weight in (("name", 10), ("phone", 20), ("industry", 10)):
        CompletenessWeight.objects.create(entity="customers.account", field=field, weight=weight)
    definitions.renew()
    account = make_account(owner=seller)
    assert AccountProfile.objects.get(pk=account.pk).completeness == 25
    account.phone = "021-50001234"
    records.save(account, actor=Actor(seller))
    assert AccountProfile.objects.get(pk=account.pk).completeness == 75
    client.force_login(seller)
    assert "Industry" in insight(client, account)
    person = make_account(owner=seller, is_person=True)
    assert AccountProfile.objects.get(pk=person.pk).completeness == 33
    weight = CompletenessWeight.objects.get(field="industry")
    client.force_login(boss)
    listed = client.get("/admin/customers/completenessweight/")
    assert listed.status_code == 200 and "Phone" in listed.content.decode()
    form = f"/admin/customers/completenessweight/{weight.pk}/change/"
    assert client.post(form, {"entity": "customers.account", "field": "decision_role", "weight": 3}).status_code == 200
    assert client.post(form, {"entity": "customers.account", "field": "industry", "weight": 70}).status_code == 302
    assert recount() == 1
    assert AccountProfile.objects.get(pk=account.pk).completeness == 30


def test_the_page_waits_for_none_of_it(client, seller, django_assert_max_num_queries):
    account = make_account(owner=seller)
    make_contact(account=account, owner=seller)
    client.force_login(seller)
    client.get(f"/customers/accounts/{account.pk}/")
    with django_assert_max_num_queries(11):
        page = client.get(f"/customers/accounts/{account.pk}/").content.decode()
    assert f"/customers/insight/customers.account/{account.pk}/" in page
