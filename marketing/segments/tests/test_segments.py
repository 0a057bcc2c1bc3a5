"""Segments: by conditions, nested, without some, or chosen one by one; they tell nobody what they may not know."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.access.models import Scope
from crm.customfields import definitions
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.ruling import ruled
from crm.fields.conditions import Reader
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account
from customers.models import Account
from marketing.segments.keeping import recount
from marketing.segments.membership import of_records
from marketing.segments.models import Segment, SegmentMember
from marketing.segments.services import set_conditions

ACCOUNT = "customers.account"
VIP = {"all": [{"field": "level", "op": "in", "value": ["vip"]}]}
NAMED = {"all": [{"field": "name", "op": "contains", "value": "远"}]}


@pytest.fixture
def make_segment(rep):
    def make(name="重要", condition=None, without=None, **values) -> Segment:
        segment = Segment(name=name, owner=rep, **values)
        records.save(segment, actor=Actor(rep))
        if condition:
            set_conditions(segment, actor=Actor(rep), condition=condition, without=without or {})
        definitions.look_again()
        return segment

    yield make
    definitions.assume_none()


@pytest.fixture
def people(rep, grant):
    grant(rep, ACCOUNT, view=Scope.OWN, segment=Scope.OWN)
    grant(rep, "segments.segment", view=Scope.ALL, add=Scope.ALL, change=Scope.ALL)
    return [
        make_account(owner=rep, name="远一", level="vip"),
        make_account(owner=rep, name="近二", level="vip"),
        make_account(owner=rep, name="远三", level="a"),
    ]


def names(client, query) -> set[str]:
    body = client.get("/customers/accounts/", query).content.decode()
    return {name for name in ("远一", "近二", "远三") if f">{name}<" in body or f"{name}</a>" in body}


def test_conditions_exclusion_and_nesting(people, make_segment, rep, client):
    vip = make_segment("贵宾", VIP)
    far = make_segment("远方贵宾", {"all": [{"field": "segments.in", "op": "in", "value": [vip.pk]}, *NAMED["all"]]})
    near = make_segment("其余贵宾", VIP, NAMED)
    client.force_login(rep)
    assert names(client, {"segments.in": vip.pk}) == {"远一", "近二"}
    assert names(client, {"segments.in": far.pk}) == {"远一"}
    assert names(client, {"segments.in": near.pk}) == {"近二"}
    assert names(client, {"segments.in__not_in": vip.pk}) == {"远三"}
    where = {"any": [{"field": "segments.in", "op": "in", "value": [far.pk, near.pk]}]}
    assert names(client, {"where": json.dumps(where)}) == {"远一", "近二"}
    assert of_records(ACCOUNT, [people[0].pk]) == {people[0].pk: sorted([vip.pk, far.pk], key=lambda pk: names_of(pk))}


def names_of(pk: int) -> str:
    return Segment.objects.get(pk=pk).name


def test_a_rule_judges_a_record_in_memory_as_the_list_does(people, make_segment):
    vip = make_segment("贵宾", VIP)
    group = ruled(Account, {"all": [{"field": "segments.in", "op": "in", "value": [vip.pk]}]})
    reader = Reader(0, (), timezone.now())
    assert [group.holds(account, reader) for account in people] == [True, True, False]


def test_a_list_is_chosen_and_changed_in_bulk(people, make_segment, rep, client):
    chosen = make_segment("名单", kind="static")
    client.force_login(rep)
    data = {"apply": "1", "selected": [people[0].pk, people[2].pk], "segment": chosen.pk}
    assert client.post("/customers/accounts/bulk/do-add_to_list/", data).status_code == 302
    assert set(SegmentMember.objects.values_list("record_id", flat=True)) == {people[0].pk, people[2].pk}
    assert names(client, {"segments.in": chosen.pk}) == {"远一", "远三"}
    client.post(f"/customers/accounts/{people[0].pk}/do/take_off_list/", {"segment": chosen.pk})
    assert names(client, {"segments.in": chosen.pk}) == {"远三"}


def test_a_circle_is_refused(people, make_segment, rep):
    one, two = make_segment("甲", VIP), make_segment("乙")
    ask = lambda segment: {"all": [{"field": "segments.in", "op": "in", "value": [segment.pk]}]}  # noqa: E731
    set_conditions(two, actor=Actor(rep), condition=ask(one), without={})
    definitions.look_again()
    one.refresh_from_db()
    with pytest.raises(ValidationError):
        set_conditions(one, actor=Actor(rep), condition=ask(two), without={})


def test_a_segment_tells_nobody_what_they_may_not_know(people, make_segment, rep, field_rule, client):
    vip = make_segment("贵宾", VIP)
    outer = make_segment("外", {"all": [{"field": "segments.in", "op": "in", "value": [vip.pk]}]})
    field_rule(rep, ACCOUNT, "level", "hidden")
    client.force_login(rep)
    for segment in (vip, outer):
        assert client.get("/customers/accounts/", {"segments.in": segment.pk}).status_code == 422
        page = client.get(f"/marketing/segments/{segment.pk}/").content.decode()
        assert "VIP" not in page
        assert client.get(f"/segments/{segment.pk}/count/").content.strip() == b""


def test_counts_come_later_and_are_of_what_the_reader_sees(people, make_segment, rep, other, client):
    make_account(owner=other, name="别人的", level="vip")
    vip = make_segment("贵宾", VIP)
    assert recount(vip) == 3
    client.force_login(rep)
    assert client.get(f"/segments/{vip.pk}/count/").content.strip() == b"2"
    page = client.get(f"/marketing/segments/{vip.pk}/").content.decode()
    assert f"/segments/{vip.pk}/count/" in page
    assert "贵宾" in client.get(f"/segments/of/{ACCOUNT}/{people[0].pk}/").content.decode()
    assert "贵宾" not in client.get(f"/segments/of/{ACCOUNT}/{people[2].pk}/").content.decode()


def test_made_and_set_through_the_pages(people, make_segment, rep, client):
    client.force_login(rep)
    form = {"name": "新客", "of": ACCOUNT, "kind": "dynamic"}
    assert client.post("/marketing/segments/add/", form).status_code == 302
    segment = Segment.objects.get()
    url = f"/marketing/segments/{segment.pk}/do/set_conditions/"
    assert client.get(url).status_code == 200
    assert client.post(url, {"condition": json.dumps(VIP)}).status_code == 302
    assert client.post(url, {"condition": '{"all":[{"field":"nothing","op":"is","value":"1"}]}'}).status_code == 422
    definitions.look_again()
    assert client.post(f"/marketing/segments/{segment.pk}/do/freeze/").status_code == 302
    assert SegmentMember.objects.count() == 2
    assert client.get("/marketing/segments/").status_code == 200


def test_knowing_the_segments_costs_no_query(people, make_segment, rep, django_assert_num_queries):
    make_segment("贵宾", VIP)
    assert bind(registry[ACCOUNT], rep).filterable["segments.in"].choices
    fresh = type(rep).objects.get(pk=rep.pk)
    assert bind(registry[ACCOUNT], fresh).can("view")
    with django_assert_num_queries(0):
        assert len(bind(registry[ACCOUNT], fresh).filterable["segments.in"].choices) == 1
