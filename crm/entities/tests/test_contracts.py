"""What holds for every entity, whatever it declares: who gets in, which rows and fields, and what a refusal leaves behind."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.access.models import Scope
from crm.demo.surface import routes
from crm.entities.entity import registry
from crm.entities.testing import (
    LABELS,
    call,
    every_entity,
    exported,
    factory_of,
    listed,
    needles,
    pages,
    state,
    text_of,
)
from crm.records import services
from crm.records.actor import Actor
from crm.records.models import ChangeSet, Entry
from crm.users.models import Department

pytestmark = pytest.mark.django_db
SEARCHED = [label for label in LABELS if registry[label].search]
BOARDS = [label for label in LABELS if registry[label].board]
SCOPES = {"own": 1, "team": 2, "department": 3, "all": 4}
NO = {403, 404}
HTMX = {"HX-Request": "true"}


# Who gets in


def test_every_route_is_public_by_name_or_asks_who_you_are(client):
    asked = 0
    for route in routes():
        if route["guard"] == "public":
            continue
        url = re.sub(r"<int:\w+>", "1", route["route"])
        url = re.sub(r"<[^>]+>", "x", url)
        if "(" in url:
            continue
        for method in route["methods"]:
            response = client.generic(method, url)
            if route["guard"].startswith("token"):
                assert response.status_code == 401, (method, url, response.status_code)
                continue
            place = response.headers.get("Location", "")
            assert response.status_code == 302, (method, url, response.status_code)
            assert place.startswith("/admin/" if route["guard"] == "admin" else "/sign-in/"), (method, url, place)
            asked += 1
    assert asked > 200


@every_entity
def test_strangers_sign_in_first(client, label, other):
    record = factory_of(label)(other)
    for page in pages(registry[label], record):
        for method in page.methods:
            response = call(client, method, page.url)
            assert (response.status_code, response["Location"][:9]) == (302, "/sign-in/"), page


@every_entity
def test_without_a_grant_nothing_opens(signed_in, label, rep):
    record = factory_of(label)(rep)
    for page in pages(registry[label], record):
        for method in page.methods:
            assert call(signed_in, method, page.url).status_code == 403, page


@every_entity
def test_another_persons_record_does_not_exist(signed_in, label, rep, other, may):
    may(rep, label, Scope.OWN)
    record = factory_of(label)(other)
    before, entries = state(record), Entry.objects.count()
    for page in pages(registry[label], record):
        if f"/{record.pk}/" in page.url and page.name != "lane":
            for method in page.methods:
                assert call(signed_in, method, page.url).status_code == 404, (method, page.url)
    assert (state(record), Entry.objects.count()) == (before, entries)


@every_entity
def test_what_lies_in_the_trash_does_not_open(signed_in, label, rep, may):
    may(rep, label, Scope.ALL)
    record = factory_of(label)(rep)
    services.delete(record, actor=Actor(rep, "test"))
    for page in pages(registry[label], record):
        if str(record.pk) in page.url and page.name != "restore":
            for method in page.methods:
                assert call(signed_in, method, page.url).status_code == 404, (method, page.url)
    assert record.pk not in listed(signed_in, label)


# Which rows


@every_entity
def test_the_scope_decides_the_rows_everywhere(signed_in, label, rep, make_user, may, team, department):
    below = Department.objects.create(name="苏州", parent=department)
    rep.department = department
    rep.save()
    people = {
        "own": rep,
        "team": make_user("mate"),
        "department": make_user("colleague", department=below),
        "all": make_user("stranger"),
    }
    team("North", rep, people["team"])
    made = {name: factory_of(label)(person) for name, person in people.items()}
    entity = registry[label]
    for scope, width in SCOPES.items():
        may(rep, label, width)
        seen = {made[name].pk for name in SCOPES if SCOPES[name] <= width}
        assert listed(signed_in, label) == seen, scope
        choices = signed_in.get(entity.url("choices")).json()["results"]
        assert {row["id"] for row in choices} == seen, scope
        assert signed_in.get(entity.url("counts")).context["count"] == len(seen), scope
        assert len(exported(signed_in, label)) == 1 + len(seen), scope
        shown = {r.pk for r in made.values() if signed_in.get(entity.url("record", r.pk)).status_code == 200}
        assert shown == seen, scope


@pytest.mark.parametrize("label", BOARDS)
def test_the_board_holds_only_rows_within_reach(signed_in, label, rep, other, may):
    may(rep, label, Scope.OWN)
    mine, theirs = factory_of(label)(rep), factory_of(label)(other)
    page = signed_in.get(registry[label].url("board"), {"pipeline": getattr(mine, "pipeline_id", "") or ""})
    cards = {card["record"].pk for head in page.context["heads"] for card in head.cards}
    assert cards == {mine.pk}
    assert page.context["total"] == 1
    assert str(theirs) not in page.content.decode()


@pytest.mark.parametrize("label", SEARCHED)
def test_the_search_finds_only_rows_within_reach(signed_in, label, rep, other, may):
    may(rep, label, Scope.OWN)
    mine, theirs = factory_of(label)(rep, filled=True), factory_of(label)(other, filled=True)
    for name in {name for names in registry[label].search.values() for name in names if "__" not in name}:
        for record, there in ((mine, True), (theirs, False)):
            address = registry[label].url("record", record.pk)
            for needle in needles(record, name):
                page = call(signed_in, "get", "/search/", {"q": needle}, headers=HTMX)
                assert (f'"{address}"' in text_of(page)) == there, (name, needle)
    words = {
        record: next(
            iter(
                needles(record, n)
                for n in ("name", "subject", "text", "title", "customer", "payer", "serial", "number")
                if isinstance(getattr(record, n, None), str)
            )
        )
        for record in (mine, theirs)
    }
    assert [listed(signed_in, label, f"?q={word}") for found in words.values() for word in found] == [{mine.pk}, set()]


@every_entity
def test_a_refused_write_leaves_nothing_behind(signed_in, label, rep, other, may):
    may(rep, label, view=Scope.ALL)
    record = factory_of(label)(other)
    before, entries, sets = state(record), Entry.objects.count(), ChangeSet.objects.count()
    data = {"apply": "1", "selected": [record.pk], "format": "csv"}
    for page in pages(registry[label], record):
        if "post" in page.methods and page.name not in {"views", "columns", "preferences"}:
            assert call(signed_in, "post", page.url, data).status_code in NO, page
    assert (state(record), Entry.objects.count(), ChangeSet.objects.count()) == (before, entries, sets)


@every_entity
def test_many_at_once_leave_the_rows_of_others_alone(signed_in, label, rep, other, may):
    may(rep, label, Scope.OWN, view=Scope.ALL)
    record = factory_of(label)(other)
    before, entries = state(record), Entry.objects.count()
    data = {"apply": "1", "selected": [record.pk], "owner": rep.pk}
    for op in ("edit", "assign", "delete"):
        ticked = {f"change_{name}": "on" for name in registry[label].bulk_edit}
        call(signed_in, "post", registry[label].url("bulk", op), data | ticked)
        call(signed_in, "post", registry[label].url("bulk", op), data | ticked | {"all": "1", "query": ""})
    assert (state(record), Entry.objects.count()) == (before, entries)


@pytest.mark.parametrize("label", [label for label in LABELS if "owner" in registry[label].form_names])
def test_nobody_hands_over_beyond_their_reach(signed_in, label, rep, other, may, posted):
    may(rep, label, Scope.ALL, assign=Scope.OWN)
    record = factory_of(label)(rep)
    entity, before = registry[label], state(record)
    form = signed_in.get(entity.url("edit", record.pk)).context["form"]
    assert call(signed_in, "post", entity.url("edit", record.pk), posted(form, owner=other.pk)).status_code == 422
    assert call(signed_in, "post", entity.url("cell", record.pk, "owner"), {"owner": other.pk}).status_code == 422
    bulk = {"apply": "1", "selected": [record.pk], "owner": other.pk}
    assert call(signed_in, "post", entity.url("bulk", "assign"), bulk).status_code == 422
    assert state(record) == before


@pytest.mark.parametrize("label", [label for label in LABELS if "owner" in registry[label].form_names])
def test_a_record_may_be_given_away_where_it_stands(signed_in, label, rep, other, may):
    may(rep, label, Scope.OWN, assign=Scope.ALL)
    record = factory_of(label)(rep)
    page = call(signed_in, "post", registry[label].url("cell", record.pk, "owner"), {"owner": other.pk})
    assert page.status_code in {200, 204, 302}
    assert state(record)["owner_id"] == other.pk


@every_entity
def test_reading_changes_nothing(signed_in, label, rep, may):
    may(rep, label, Scope.ALL)
    record = factory_of(label)(rep, filled=True)
    before, entries, sets = state(record), Entry.objects.count(), ChangeSet.objects.count()
    for page in pages(registry[label], record):
        if "get" in page.methods:
            leads = {302} if page.name == "action" else set()  # a verb with a page of its own
            assert call(signed_in, "get", page.url).status_code in {200, 403, 404} | leads, page
    assert (state(record), Entry.objects.count(), ChangeSet.objects.count()) == (before, entries, sets)


@every_entity
def test_twenty_rows_cost_what_two_cost(signed_in, label, rep, may):
    may(rep, label, Scope.ALL)
    entity = registry[label]
    url = f"{entity.url('list')}?cols={','.join(entity.field_names)}"

    def queries():
        with CaptureQueriesContext(connection) as found:
            assert signed_in.get(url).status_code == 200
        return [query["sql"][:300] for query in found]

    for _row in range(2):
        factory_of(label)(rep, filled=True)
    queries()
    few = queries()
    for _row in range(18):
        factory_of(label)(rep, filled=True)
    many = queries()
    assert len(many) == len(few), "\n".join(sorted(set(many) - set(few)))
