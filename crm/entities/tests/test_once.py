"""A form that adds a record makes one, however often it is sent."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from crm.access.models import Scope
from crm.entities.models import SentForm
from crm.matching.tests.test_together import CSRF, at_once, cookie_of, started
from customers.factories import make_account
from customers.models import Account
from sales.receivables.models import Payment

ADD = "/customers/accounts/add/"
TYPED = {"name": "远山科技", "kind": "prospect", "lifecycle": "prospect", "currency": "CNY"}


@pytest.fixture
def seller(rep, grant):
    for label in ("customers.account", "receivables.payment"):
        grant(rep, label, view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    return rep


def key_of(page):
    return re.search(r'name="sent" value="(\w{32})"', page.content.decode())[1]


@pytest.mark.django_db
def test_a_second_try_leads_to_what_the_first_one_made(client, seller):
    client.force_login(seller)
    key = key_of(client.get(ADD))
    first, again = (client.post(ADD, TYPED | {"sent": key}) for _ in range(2))
    account = Account.objects.get()
    assert first["Location"] == again["Location"] == f"/customers/accounts/{account.pk}/"
    assert client.post(ADD, TYPED | {"sent": f"\x00{key}"})["Location"] == first["Location"]
    other = client.post(ADD, TYPED | {"sent": key_of(client.get(ADD)), "confirm": "1"})
    assert other.status_code == 302
    assert Account.objects.count() == 2


@pytest.mark.django_db
def test_what_was_refused_may_be_mended_and_sent_again(client, seller):
    client.force_login(seller)
    key = key_of(client.get(ADD))
    refused = client.post(ADD, TYPED | {"name": "", "sent": key})
    assert refused.status_code == 422
    assert key_of(refused) == key
    assert client.post(ADD, TYPED | {"sent": key}).status_code == 302
    assert SentForm.objects.get().record_id == Account.objects.get().pk


@pytest.mark.django_db
def test_the_key_of_somebody_else_says_nothing(client, seller, other, grant):
    grant(other, "customers.account", view=Scope.OWN, add=Scope.OWN)
    for user in (seller, other):
        client.force_login(user)
        client.post(ADD, TYPED | {"sent": "k" * 32, "confirm": "1"})
    assert set(Account.objects.values_list("owner", flat=True)) == {seller.pk, other.pk}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_twenty_at_the_same_moment_make_one_payment(seller):
    account = make_account(owner=seller)
    path, cookie = "/sales/payments/add/", cookie_of(seller)
    typed = {"account": account.pk, "paid_on": "2026-11-20", "amount": "1000", "currency": "CNY", "method": "transfer"}
    body = urlencode(typed | {"sent": "a" * 32, "csrfmiddlewaretoken": CSRF})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
    with started() as ports:
        answers = at_once(ports, [(path, body, headers)] * 20)
    assert [status for status, _body in answers] == [302] * 20
    assert Payment.objects.count() == 1
