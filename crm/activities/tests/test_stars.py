"""A person's own stars, through the doors: button, lists, conditions, the home page, merging and removing."""

import json

import pytest

from crm.access.models import Scope
from crm.activities.models import Star
from crm.matching.merging.services import merge
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Entry
from crm.records.purge import purge
from customers.factories import make_account

pytestmark = pytest.mark.django_db
LABEL = "customers.account"
LIST = "/customers/accounts/"


@pytest.fixture
def seller(make_user, grant):
    user = make_user("seller")
    grant(user, LABEL, view=Scope.OWN, change=Scope.OWN)
    return user


def url(record):
    return f"/activities/star/{LABEL}/{record.pk}/"


def where(value):
    return json.dumps({"all": [{"field": "stars.mine", "op": "is", "value": value}]})


def test_a_star_is_set_and_taken_off_without_a_trace(client, seller):
    record = make_account(name="星光", owner=seller)
    version, told = record.version, Entry.objects.count()
    client.force_login(seller)
    answer = client.post(url(record), {"on": "1", "back": f"{LIST}?view="})
    assert (answer.status_code, answer["Location"]) == (302, f"{LIST}?view=")
    assert client.post(url(record), {"on": "1", "back": "//evil.example/"})["Location"] == f"{LIST}{record.pk}/"
    assert Star.objects.filter(user=seller, entity=LABEL, record_id=record.pk).count() == 1
    assert 'aria-pressed="true"' in client.get(f"{LIST}{record.pk}/").content.decode().split("record-grid")[0]
    record.refresh_from_db()
    assert (record.version, Entry.objects.count()) == (version, told)
    answer = client.post(url(record), {"on": "0"}, headers={"HX-Request": "true"})
    assert 'aria-pressed="false"' in answer.content.decode()
    assert not Star.objects.exists()


def test_nobody_sees_the_stars_of_others(client, seller, boss):
    record = make_account(name="星光", owner=seller)
    Star.objects.create(user=boss, entity=LABEL, record_id=record.pk)
    client.force_login(seller)
    assert 'aria-pressed="true"' not in client.get(LIST, {"view": ""}).content.decode()
    assert "星光" not in client.get(LIST, {"where": where(True)}).content.decode()
    assert "星光" in client.get(LIST, {"where": where(False)}).content.decode()


def test_conditions_find_what_is_starred(client, seller):
    mine, other = make_account(name="星光", owner=seller), make_account(name="无名", owner=seller)
    Star.objects.create(user=seller, entity=LABEL, record_id=mine.pk)
    client.force_login(seller)
    for asked in ({"where": where(True)}, {"stars.mine": "true"}):
        page = client.get(LIST, asked).content.decode()
        assert ("星光" in page, "无名" in page) == (True, False)
    page = client.get(LIST, {"where": where(False)}).content.decode()
    assert ("星光" in page, other.name in page) == (False, True)


def test_what_is_out_of_reach_can_not_be_starred_and_shows_nowhere(client, seller, boss):
    hidden = make_account(name="机密", owner=boss)
    client.force_login(seller)
    assert client.post(url(hidden), {"on": "1"}).status_code == 404
    assert not Star.objects.exists()
    shown = make_account(name="星光", owner=seller)
    for record in (hidden, shown):
        Star.objects.create(user=seller, entity=LABEL, record_id=record.pk)
    home = client.get("/home/widget/starred/").content.decode()
    assert ("星光" in home, "机密" in home) == (True, False)
    assert "机密" not in client.get(LIST, {"where": where(True)}).content.decode()


def test_twenty_rows_cost_what_two_cost(client, seller, django_assert_max_num_queries):
    client.force_login(seller)
    counts = []
    for more in (2, 18):
        for number in range(more):
            record = make_account(name=f"行{more}-{number}", owner=seller)
            Star.objects.create(user=seller, entity=LABEL, record_id=record.pk)
        client.get(LIST, {"view": ""})
        with django_assert_max_num_queries(12) as asked:
            assert client.get(LIST, {"view": ""}).content.decode().count('aria-pressed="true"') >= more
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_merge_takes_stars_along_and_removing_ends_them(seller, boss):
    actor = Actor(boss, "test")
    stays, goes = make_account(owner=seller), make_account(owner=seller)
    for user, record in ((seller, goes), (boss, goes), (boss, stays)):
        Star.objects.create(user=user, entity=LABEL, record_id=record.pk)
    merge([stays, goes], stays, {}, actor=actor)
    assert set(Star.objects.filter(record_id=stays.pk).values_list("user", flat=True)) == {seller.pk, boss.pk}
    stays.refresh_from_db()
    records.delete_many([stays], actor=actor)
    purge([stays], actor=actor)
    assert not Star.objects.filter(record_id=stays.pk).exists()
