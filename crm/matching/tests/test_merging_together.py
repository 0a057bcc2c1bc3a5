"""Merges of the same records at the same moment, over HTTP, before two web processes: one wins, the others learn of it."""

from urllib.parse import urlencode

import pytest
from django.db import connection

from crm.matching.merging.models import MergedRecord, MergeOperation
from crm.matching.tests.test_together import CSRF, at_once, cookie_of, web  # noqa: F401
from crm.records.models import Entry
from customers.factories import make_account, make_contact
from customers.models import Account, Contact

pytestmark = pytest.mark.django_db(transaction=True)


def request(cookie, path, **data):
    form = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
    return path, urlencode({**data, "csrfmiddlewaretoken": CSRF}, doseq=True), form


def merging(cookie, stays, *others):
    ids = [stays.pk, *(one.pk for one in others)]
    return request(cookie, "/merge/customers/accounts/", id=ids, winner=stays.pk)


def test_overlapping_merges_and_what_is_asked_twice(web, boss):  # noqa: F811
    cookie = cookie_of(boss)
    goes, *stay = [make_account(owner=boss) for _ in range(5)]
    contacts = [make_contact(account=goes, owner=boss) for _ in range(5)]
    asked = [merging(cookie, one, goes) for one in stay for _twice in range(2)]
    statuses = sorted(status for status, _body in at_once(web, asked))
    assert statuses == [302, 302] + [409] * 6  # who won asked twice
    operation = MergeOperation.objects.get()
    assert {c.account_id for c in Contact.objects.filter(pk__in=[c.pk for c in contacts])} == {operation.record_id}

    back = [request(cookie, f"/merges/{operation.pk}/undo/") for _ in range(6)]
    assert [status for status, _body in at_once(web, back)] == [302] * 6
    assert Entry.objects.filter(kind="matching.unmerged", record_id=operation.record_id).count() == 1
    assert {c.account_id for c in Contact.objects.filter(pk__in=[c.pk for c in contacts])} == {goes.pk}
    connection.close()


def test_in_circles(web, boss):  # noqa: F811
    cookie = cookie_of(boss)
    ring = [make_account(owner=boss) for _ in range(4)]
    asked = [merging(cookie, one, ring[n - 1]) for n, one in enumerate(ring)]
    statuses = [status for status, _body in at_once(web, asked)]
    assert set(statuses) == {302, 409}
    gone = set(MergedRecord.objects.values_list("record_id", flat=True))
    alive = set(Account.objects.filter(deleted_at=None).values_list("pk", flat=True))
    assert alive == {one.pk for one in ring} - gone and alive
    connection.close()
