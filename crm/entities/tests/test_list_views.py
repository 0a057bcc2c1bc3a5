"""Saved views: to whom they are shown, what they mean, what happens when they name what is hidden; counts and sums."""

from __future__ import annotations

import json
from decimal import Decimal
from urllib.parse import parse_qs, quote

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.access.models import Scope
from crm.entities import totals as totals_module
from crm.entities.models import SavedView
from crm.users.models import Department
from customers.factories import make_account
from sales.factories import make_opportunity

pytestmark = pytest.mark.django_db
LABEL, URL = "customers.account", "/customers/accounts/"
VIP = {"all": [{"field": "level", "op": "in", "value": ["vip"]}]}


@pytest.fixture
def reader(client, rep, grant):
    grant(rep, LABEL, **dict.fromkeys(["view", "add", "change", "delete"], Scope.ALL))
    client.force_login(rep)
    return rep


def tabs(user):
    browser = Client()
    browser.force_login(user)
    return {tab["label"]: tab for tab in browser.get(URL).context["tabs"]}


def view_of(user, **values):
    return SavedView.objects.create(
        **{"user": user, "entity": LABEL, "name": "要客", "where": VIP, "audience": "mine"} | values
    )


def test_a_view_is_shown_to_its_audience(reader, make_user, grant, team, department):
    root = Department.objects.create(name="总部")
    below = Department.objects.create(name="苏州", parent=department)
    people = {name: make_user(name) for name in ("mate", "below", "above", "stranger")}
    for name, place in {"below": below, "above": root, "stranger": None, "mate": None}.items():
        people[name].department = place
        people[name].save()
    reader.department = department
    reader.save()
    team("North", reader, people["mate"])
    for person in people.values():
        grant(person, LABEL, view=Scope.OWN)
    expected = {"mine": set(), "team": {"mate"}, "department": {"below"}, "all": set(people)}
    view = view_of(reader)
    for audience, names in expected.items():
        view.audience = audience
        view.save()
        assert {name for name, person in people.items() if "要客" in tabs(person)} == names, audience
        assert "要客" in tabs(reader)


def test_an_unshared_view_does_not_exist_for_others(client, reader, other, grant):
    view = view_of(reader)
    grant(other, LABEL, view=Scope.ALL)
    client.force_login(other)
    assert client.get(f"{URL}?view={view.pk}").status_code == 404
    assert client.get(f"{URL}counts/?view={view.pk}").status_code == 404
    assert client.get(f"{URL}board/?view={view.pk}").status_code in {403, 404}


def test_only_its_owner_changes_a_shared_view(client, reader, other, grant):
    view = view_of(reader, audience="all")
    grant(other, LABEL, view=Scope.ALL)
    client.force_login(other)
    for data in ({"delete": "1"}, {"name": "x"}, {"move": "1"}, {"name": "x", "update": "1", "query": "level=a"}):
        assert client.post(f"{URL}views/{view.pk}/", data).status_code == 404
    view.refresh_from_db()
    assert (view.name, view.where) == ("要客", VIP)


def test_what_a_view_means_is_shown_and_taking_a_condition_off_keeps_the_others(client, reader):
    make_account(name="甲", level="vip", kind="customer")
    make_account(name="乙", level="vip")
    make_account(name="丙", level="a", kind="customer")
    both = {"all": [*VIP["all"], {"field": "kind", "op": "in", "value": ["customer"]}]}
    view = view_of(reader, where=both, sort="name")

    def names(response):
        assert response.status_code == 200
        return {str(r) for r in response.context["page"].records}

    page = client.get(f"{URL}?view={view.pk}&name__filled=1")
    assert names(page) == {"甲"}
    chips = page.context["chips"]
    assert [chip.field for chip in chips] == ["Level", "Kind", "Name"] or len(chips) == 3
    without_level = client.get(URL + chips[0].remove_url)
    assert names(without_level) == {"甲", "丙"}
    assert client.get(f"{URL}counts/{chips[0].remove_url}").context["count"] == 2
    rest = without_level.context["chips"]
    assert len(rest) == 2
    nothing = client.get(URL + client.get(URL + rest[0].remove_url).context["chips"][0].remove_url)
    assert names(nothing) == {"甲", "乙", "丙"}
    data = {"name": "客户", "audience": "all", "update": "1", "query": chips[0].remove_url[1:]}
    client.post(f"{URL}views/{view.pk}/", data)
    view.refresh_from_db()
    assert (view.name, view.audience, view.pinned) == ("客户", "all", False)
    assert names(client.get(f"{URL}?view={view.pk}")) == {"甲", "丙"}


def test_any_of_several_conditions_is_one_chip(client, reader):
    where = {"any": [*VIP["all"], {"field": "kind", "op": "in", "value": ["customer"]}]}
    chips = client.get(f"{URL}?where={quote(json.dumps(where))}").context["chips"]
    assert len(chips) == 1
    assert " or " in chips[0].value
    assert "where" not in parse_qs(chips[0].remove_url[1:])


def test_a_view_that_uses_a_hidden_field_says_so_and_shows_nothing(client, reader, field_rule):
    make_account(name="甲", level="vip")
    view = view_of(reader)
    field_rule(reader, LABEL, "level", "hidden")
    assert tabs(reader)["要客"]["icon"] == "alert-triangle"
    assert "VIP" not in tabs(reader), "a declared view that can't work is not offered"
    response = client.get(f"{URL}?view={view.pk}")
    text = response.content.decode()
    assert response.status_code == 422
    assert "hidden from you" in text
    assert "甲" not in text
    assert client.get(f"{URL}counts/?view={view.pk}").context["count"] == 0
    view.refresh_from_db()
    assert view.where == VIP
    repaired = client.get(URL + response.context["query"].repaired_url)
    assert repaired.status_code == 200


def test_views_stand_in_the_order_their_owner_gives_them(client, reader):
    for name in "ABC":
        client.post(URL + "views/new/", {"name": name, "pinned": "1", "query": "level=vip"})
    last = SavedView.objects.get(name="C")
    client.post(f"{URL}views/{last.pk}/", {"move": "-1"})
    assert [name for name in tabs(reader) if name in "ABC"] == ["A", "C", "B"]
    client.post(f"{URL}views/{last.pk}/", {"name": "C"})
    page = client.get(URL)
    assert [t["label"] for t in page.context["more_views"]] == ["C"]
    assert "C" not in tabs(reader)


def test_a_view_never_keeps_less_than_the_list_asks_for(client, reader):
    for query in ("q=甲", "level=vip&q=甲", "nonsense=1", "view=999"):
        client.post(URL + "views/new/", {"name": "x", "query": query})
    assert not SavedView.objects.exists()


def test_amounts_of_different_currencies_are_not_added_to_each_other(client, rep, grant):
    grant(rep, "sales.opportunity", view=Scope.OWN)
    client.force_login(rep)
    for amount, currency in [(100, "CNY"), (50, "CNY"), (7, "USD"), (None, "USD")]:
        make_opportunity(owner=rep, amount=amount and Decimal(amount), currency=currency)
    page = client.get("/sales/opportunities/counts/")
    [(field, amounts)] = page.context["totals"].sums
    assert (page.context["count"], field.name, amounts) == (4, "amount", [(Decimal(150), "CNY"), (Decimal(7), "USD")])
    assert client.get("/sales/opportunities/counts/?cols=name").context["totals"].sums == []


def test_counting_is_given_up_in_time(client, reader, monkeypatch):
    for _i in range(3):
        make_account()
    monkeypatch.setattr(totals_module, "ABOUT", 2)
    monkeypatch.setattr(totals_module, "in_time", slow := Slow(totals_module.in_time))
    page = client.get(URL + "counts/")
    assert "More than 2 rows" in page.content.decode()
    assert "2+" in page.content.decode()
    slow.give_up_after = 0
    assert "too long" in client.get(URL + "counts/").content.decode()


class Slow:
    """The exact answer always comes too late."""

    def __init__(self, real):
        self.real, self.give_up_after = real, 500

    def __call__(self, milliseconds, ask):
        return None if milliseconds > self.give_up_after else self.real(milliseconds, ask)


def test_the_database_itself_stops_a_slow_count():
    from django.db import connection

    def sleep():
        with connection.cursor() as cursor:
            cursor.execute("select pg_sleep(5)")

    assert totals_module.in_time(50, sleep) is None


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from(["\ud800", "\x00", "9" * 400, "1e999", "0001-01-01"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["all", "any", "field", "op", "value"]), inner, max_size=3),
    ),
    max_leaves=6,
)
TESTS = st.fixed_dictionaries(
    {
        "field": st.sampled_from(
            [
                "name",
                "level",
                "owner",
                "industry",
                "employees",
                "annual_revenue",
                "created_at",
                "is_person",
                "last_activity_at",
                "\ud800",
            ]
        ),
        "op": st.sampled_from(
            [
                "contains",
                "is",
                "in",
                "between",
                "gte",
                "last_days",
                "older_days",
                "on",
                "eq",
                "starts",
                "not",
                "me",
                None,
                [],
                "x",
            ]
        ),
        "value": VALUES,
    }
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.one_of(VALUES, st.fixed_dictionaries({"all": st.lists(TESTS, max_size=2)})))
def test_no_condition_whatever_breaks_the_page(client, reader, where):
    response = client.get(URL, {"where": json.dumps(where)})
    assert response.status_code in {200, 422}
