"""Who registers first is protected for a while, at every door; and a mistyped credit code is told."""

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.access.models import Scope
from crm.matching.cases.models import Registration
from crm.matching.cases.registering import end_protection, protect
from crm.matching.claims import Collision
from crm.matching.models import UniqueKey
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account
from customers.models import Account

pytestmark = pytest.mark.django_db
PHONE = "13800138000"


def register(owner, **values):
    made = Registration(**{"title": "远山科技", "phone": PHONE, "owner": owner, **values})
    protect(made)
    records.save(made, actor=Actor(owner))
    return made


def test_others_are_kept_out_and_the_one_who_registered_is_not(rep, other):
    made = register(rep)
    assert timedelta(days=29) < made.until - timezone.now() <= timedelta(days=30)
    for values in ({"phone": PHONE}, {"name": "北京远山科技有限公司"}):
        with pytest.raises(Collision) as refused:
            make_account(owner=other, **values)
        assert str(rep) in refused.value.messages[0]
    with pytest.raises(Collision):
        register(other, title="别的")
    make_account(name="远山科技", phone=PHONE, owner=rep)


def test_the_page_says_who_and_until_when(rep, other, grant, client):
    made = register(rep)
    grant(other, "customers.account", view=Scope.OWN, add=Scope.OWN)
    client.force_login(other)
    typed = {"name": "海洋贸易", "phone": PHONE, "kind": "prospect", "lifecycle": "prospect", "currency": "CNY"}
    answer = client.post("/customers/accounts/add/", typed | {"confirm": "1"})
    said = answer.content.decode()
    assert (answer.status_code, Account.objects.count()) == (422, 0)
    assert rep.name in said and f"{timezone.localtime(made.until):%Y-%m-%d}" in said and "远山" not in said


def test_the_time_is_over_to_the_minute(rep, other):
    made = register(rep)
    assert end_protection(made.until - timedelta(seconds=1)) == 0
    assert end_protection(made.until) == 1
    make_account(name="远山科技", phone=PHONE, owner=other)


def test_a_key_that_one_alone_may_have_goes_over_from_the_registration(rule, rep):
    rule("phone", entities=["customers.account", "matching.registration"])
    register(rep)
    account = make_account(name="远山科技", phone=PHONE, owner=rep)
    assert list(UniqueKey.objects.values_list("entity", "record_id")) == [("customers.account", account.pk)]


def test_a_mistyped_credit_code_is_told_and_may_be_meant(client, boss):
    client.force_login(boss)
    typed = {"name": "海洋贸易", "tax_id": "91350100M000100Y44", "kind": "prospect", "lifecycle": "prospect"}
    typed |= {"currency": "CNY", "owner": boss.pk}
    asked = client.post("/customers/accounts/add/", typed)
    assert (asked.status_code, len(asked.context["twins"].notes)) == (422, 1)
    assert 'name="confirm"' in asked.content.decode()
    assert client.post("/customers/accounts/add/", typed | {"confirm": "1"}).status_code == 302
    account = Account.objects.get()
    edit = typed | {"version": account.version, "description": "x"}
    assert client.post(f"/customers/accounts/{account.pk}/edit/", edit).status_code == 302
    right = typed | {"name": "别的公司", "tax_id": "91350100M000100Y43"}
    assert client.post("/customers/accounts/add/", right).status_code == 302
