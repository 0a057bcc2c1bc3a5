"""Another program sends records: signed, kept, mapped, written once through the same form."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from crm.access.models import Scope
from crm.inbound.models import Connection, Delivery, ExternalId, Mapping
from crm.inbound.paths import at, paths_of
from crm.inbound.tasks import sweep
from crm.messaging.signing import sign
from crm.ownership.models import AssignmentMember, AssignmentRule
from crm.privacy.erasing import subject_of
from crm.privacy.places import places
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_source
from sales.factories import make_lead
from sales.models import Lead

pytestmark = pytest.mark.django_db
SECRET = "a secret of both sides"
PATHS = {
    "name": "buyer.name",
    "mobile": "buyer.phones[0]",
    "company": "buyer.company",
    "source": "= 商城",
    "rating": "heat",
    "interest": "wants",
}


@pytest.fixture
def robot(make_user, grant):
    user = make_user("robot", name="商城接口")
    grant(user, "sales.lead", view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    return user


@pytest.fixture
def shop(robot):
    make_source("商城")
    made = Connection.objects.create(
        name="商城", secret=SECRET, user=robot, entity="sales.lead", items="data.items", key="id"
    )
    Mapping.objects.bulk_create(Mapping(connection=made, path=path, field=field) for field, path in PATHS.items())
    return made


@pytest.fixture
def post(shop):
    def go(body, *, secret=SECRET, moment=None, connection=shop, **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Client(enforce_csrf_checks=True).post(
            f"/hooks/in/{connection.token}/",
            data,
            content_type="application/json",
            headers=sign(secret, data, moment) | {"user-agent": "shop"} | headers,
        )

    return go


def order(number, **buyer):
    return {"id": number, "heat": "Hot", "wants": ["泵", "阀"], "buyer": {"name": f"客户{number}", **buyer}}


def body(*items):
    return {"data": {"items": list(items)}}


def test_records_come_in_and_are_found_again_by_their_id(post, robot):
    answer = post(body(order(1, phones=["13912345678"]), order(2, company="远山科技")))
    assert answer.status_code == 200 and [r["done"] for r in answer.json()["results"]] == ["created", "created"]
    first = Lead.objects.get(mobile="13912345678")
    assert (first.name, first.source.name, first.rating, first.interest, first.owner) == (
        "客户1",
        "商城",
        "hot",
        "泵、阀",
        robot,
    )
    again = post(body(order(1, phones=["13800001111"]), order(2, company="远山科技")))
    assert [r["done"] for r in again.json()["results"]] == ["updated", "same"]
    first.refresh_from_db()
    assert first.mobile == "13800001111" and Lead.objects.count() == 2
    assert ExternalId.objects.filter(on_id=first.pk).get().value == "1"


def test_one_record_goes_wrong_the_others_are_taken(post):
    answer = post(body(order(1), {"id": 2, "heat": "nonsense", "buyer": {"name": "x"}}, "text", order(3)))
    found = answer.json()
    assert answer.status_code == 200 and found["state"] == "partly"
    assert [r["done"] for r in found["results"]] == ["created", "failed", "failed", "created"]
    assert set(found["results"][1]["errors"]) == {"rating"}
    kept = Delivery.objects.get()
    assert kept.error.startswith("2: rating") and json.loads(kept.body)["data"]["items"][3]["id"] == 3


def test_who_has_the_same_number_is_updated_not_doubled(post, robot, other):
    lead = make_lead(owner=robot, mobile="139 1234 5678", company="")
    post(body(order(9, phones=["+86 13912345678"], company="远山科技")))
    lead.refresh_from_db()
    assert lead.company == "远山科技" and Lead.objects.count() == 1
    make_lead(owner=other, mobile="13700002222")
    found = post(body(order(10, phones=["13700002222"]))).json()
    assert found["state"] == "failed" and "may not change" in found["error"]


def test_the_same_call_is_taken_once(post):
    moment = int(time.time())
    answers = [post(body(order(1)), moment=moment) for _n in range(2)]
    assert [a.json()["known"] for a in answers] == [False, True]
    by_key = [post(body(order(n)), **{"Idempotency-Key": "abc"}) for n in (5, 6)]
    assert [a.json()["known"] for a in by_key] == [False, True]
    assert Delivery.objects.count() == 2 and Lead.objects.count() == 2


def test_a_signature_of_now_is_asked_for(post, shop):
    assert post(body(order(1)), secret="another one").status_code == 403
    assert post(body(order(1)), moment=int(time.time()) - 3600).status_code == 403
    assert Client().post(f"/hooks/in/{shop.token}/", b"{}", content_type="application/json").status_code == 403
    assert Client().post("/hooks/in/nothing/", b"{}", content_type="application/json").status_code == 404
    Connection.objects.update(active=False)
    assert post(body(order(1))).status_code == 404
    assert not Delivery.objects.exists() and not Lead.objects.exists()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"[]", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"a": NaN}', 400),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
        (b'{"data": {"items": "none"}}', 422),
        (b'{"data": {"items": []}}', 422),
        (json.dumps(body(*[{}] * 501)).encode(), 422),
        (b'{"a": "' + b"x" * 600_000 + b'"}', 413),
        (b'{"data": {"items": [{"buyer": {"name": "a\\u0000b"}}]}}', 422),
        (b'{"data": {"items": [{"buyer": {"name": "\\ud800"}}]}}', 422),
        (b'{"data": {"items": [{"buyer": {"name": ["a", {}]}}]}}', 422),
        (b'{"data": {"items": [{"id": {"a": 1}, "buyer": {"name": "x"}}]}}', 422),
        (b'{"data": {"items": [{"id": "a\\u0000", "buyer": {"name": "x"}}]}}', 422),
        (b'{"data": {"items": [{"id": 1' + b"0" * 5000 + b', "buyer": {"name": "x"}}]}}', 400),
        (b'{"data": {"items": [{"heat": {"x": 1}, "buyer": {"name": "x"}}]}}', 422),
    ],
)
def test_hostile_bodies_are_refused(post, data, status):
    assert post(data).status_code == status
    assert not Lead.objects.exists()


def test_what_the_person_may_not_write_is_not_written(post, robot, field_rule, grant):
    field_rule(robot, "sales.lead", "company", "hidden")
    found = post(body(order(1, company="远山科技"))).json()
    assert found["state"] == "failed" and "company" in found["results"][0]["errors"]
    grant(robot, "sales.lead", add=Scope.NONE)
    assert post(body({"id": 4, "buyer": {"name": "x"}})).json()["state"] == "failed"


def test_rules_choose_who_gets_it(post, other):
    rule = AssignmentRule.objects.create(entity="sales.lead", name="turn")
    AssignmentMember.objects.create(rule=rule, user=other)
    assert post(body(order(1))).json()["state"] == "done"
    assert Lead.objects.get().owner == other


def test_a_record_in_the_trash_is_no_record(post, robot):
    post(body(order(1)))
    records.delete(Lead.objects.get(), actor=Actor(robot))
    assert post(body(order(1))).json()["results"][0]["done"] == "created"


def test_the_inbox_takes_again_what_failed(post, robot, grant, boss, client):
    grant(robot, "sales.lead", add=Scope.NONE)
    post(body(order(1)))
    grant(robot, "sales.lead", add=Scope.OWN)
    client.force_login(boss)
    delivery = Delivery.objects.get()
    client.post("/admin/inbound/delivery/", {"action": "again", "_selected_action": [delivery.pk]})
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("done", 2) and Lead.objects.count() == 1


def test_the_administration_shows_paths_and_what_would_become_of_the_sample(client, boss, shop):
    client.force_login(boss)
    shop.sample = body(order(1, phones=["13912345678"]))
    shop.save()
    page = client.get(f"/admin/inbound/connection/{shop.pk}/change/").content.decode()
    assert "buyer.phones[0]" in page and "客户1" in page and SECRET not in page
    assert not Lead.objects.exists()
    made = {
        "name": "ERP",
        "user": boss.pk,
        "entity": "customers.account",
        "mode": "upsert",
        "sample": "{}",
        "active": "on",
    }
    rows = {"mappings-TOTAL_FORMS": "0", "mappings-INITIAL_FORMS": "0"}
    answer = client.post("/admin/inbound/connection/add/", made | rows | {"secret": ""}, follow=True)
    assert "The secret, which is not shown again" in answer.content.decode()
    till = Connection.objects.create(name="POS", secret=SECRET, user=boss)
    assert f"/hooks/events/{till.token}/" in client.get(f"/admin/inbound/connection/{till.pk}/change/").content.decode()


def test_paths():
    data = {"a": {"b": [{"c": 1}, 2]}, "d": None}
    assert [at(data, p) for p in ("a.b[0].c", "a.b[1]", "a.b[9]", "a.x.y", "d", "= text")] == [
        1,
        2,
        None,
        None,
        None,
        "text",
    ]
    assert dict(paths_of(data)) == {"a.b[0].c": "1", "d": ""}


def test_what_was_sent_about_a_person_is_a_place_of_their_data_and_is_not_kept_for_ever(post, boss):
    post(body(order(1, phones=["13912345678"])))
    lead = Lead.objects.get()
    place = next(one for one in places() if one.name == "inbound.deliveries")
    subject = subject_of(lead)
    assert place.count(subject) == 1 and "13912345678" in next(iter(place.rows(subject)))["body"]
    place.erase(subject, Actor(boss))
    assert Delivery.objects.get().body == ""
    Delivery.objects.update(at=timezone.now() - timedelta(days=91))
    assert sweep() == 1 and not Delivery.objects.exists()


def test_signs_that_cannot_be_kept_are_refused_one_by_one(post):
    Mapping.objects.filter(path="= 商城").update(path="from")
    odd = [{**order(n), "from": "商城\x00", "wants": "x"} for n in (1, 2)]
    odd[1]["from"] = "商城"
    assert post(body(*odd)).status_code == 200
    delivery = Delivery.objects.get()
    assert [result["done"] for result in delivery.results] == ["failed", "created"]
    assert delivery.state == Delivery.State.PARTLY and Lead.objects.count() == 1
