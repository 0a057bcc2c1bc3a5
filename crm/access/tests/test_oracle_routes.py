"""Every route of an entity against the oracle in random worlds; every other route in one table with its guard."""

from __future__ import annotations

import logging
import os
from collections import Counter
from random import Random
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction

from crm.access.tests.worlds import World, make_world
from crm.api.tests.conftest import Caller
from crm.demo.surface import routes
from crm.entities.entity import registry
from crm.entities.panels import later_names
from crm.entities.testing import Page, call, needles, pages, state, text_of, various_entities
from crm.entities.views.base import EntityView
from crm.records.models import Record
from sales.catalogue.editor import LinesView, lines_page
from sales.catalogue.models import PricedDocument

pytestmark = pytest.mark.django_db
# The worlds of each entity in a run, of three roles each; WORLDS=21 makes 504 roles, in five minutes of both cores.
SEEDS = range(1, 1 + int(os.environ.get("WORLDS", "1")))
# What each route of an entity needs, in the words of the design; "verb": what the verb itself says.
NEEDS = {
    "list": "view", "counts": "view", "columns": "view", "preferences": "view", "choices": "view", "views": "view",
    "board": "view", "lane": "view", "move": "change", "bulk": "view", "trash": "delete", "purge": "purge",
    "cell": "change", "add": "add", "check": "add", "rules": "add", "link": "view", "record": "view", "edit": "change",
    "check_record": "change", "rules_record": "change", "delete": "delete", "restore": "delete", "action": "verb",
    "tabs": "view", "timeline": "view", "history": "view", "related": "view", "files": "view", "why": "view",
    "panel": "view", "lines": "change", "people": "keeper", "export": "export",
}  # fmt: skip
# Whoever may, gets it: on these nothing else can stand in the way.
OPEN = {"record", "edit", "tabs", "timeline", "history", "why", "check_record", "rules_record", "delete", "restore"}
NO = {403, 404}
HTMX = {"HX-Request": "true"}


def every_page(label: str, record: Record | None = None) -> list[Page]:
    """The generic pages, and those that lie in rooms of their own: the export, the lines of priced documents."""
    entity = registry[label]
    if record is None:
        return [*pages(entity), Page("export", EntityView, entity.url("export"), ("get",))]
    lines = [Page("lines", LinesView, lines_page(entity, [record.pk]), ("get",))] if priced(label) else []
    return [*pages(entity, record), *lines]


def priced(label: str) -> bool:
    return issubclass(registry[label].model, PricedDocument)


def test_the_table_names_every_route_of_an_entity():
    # What merging asks is asked where several records are at hand: crm/matching/tests/test_merging_pages.py.
    generic = [route for route in routes() if route["entity"] and not route["route"].startswith("/merge/")]
    told = Counter(route["entity"] for route in generic)
    assert set(told) == set(registry)
    assert set(told.values()) == {len(NEEDS)}, "A new route of entities: say in NEEDS what it needs."


@various_entities
def test_every_route_answers_as_the_oracle(client, label):
    asked: Counter = Counter()
    for seed in SEEDS:
        with transaction.atomic():
            world, random = make_world(label, seed), Random(seed)
            for user in world.users:
                client.force_login(user)
                rows_are_those(client, world, user)
                by_token(random, world, user)
                for page in some(random, every_page(label)):
                    about_all(client, world, user, page, asked)
                for record in sampled(random, world, user):
                    for page in some(random, every_page(label, record)):
                        if f"/{record.pk}/" in page.url and page.name != "lane":
                            about_one(client, world, user, record, page, asked)
            transaction.set_rollback(True)
    assert {200, 404} <= {answer for name, answer in asked if name == "record"}, "a world without anything to hide"
    missing = {"lane"} if not registry[label].board else set()
    missing |= {"related"} if not registry[label].related() else set()
    missing |= {"panel"} if not later_names(label) else set()
    missing |= {"lines"} if not priced(label) else set()
    assert {name for name, _answer in asked} == set(NEEDS) - missing


def some(random: Random, found: list[Page]) -> list[Page]:
    """Of each route one address: of each verb, field, tab and bulk change another one each time."""
    random.shuffle(found)
    return list({page.name: page for page in found}.values())


@pytest.fixture(autouse=True)
def quiet():
    """Refusals are what is asked for here: nobody reads them, and writing them takes longer than asking."""
    logging.disable(logging.CRITICAL)
    cache.clear()
    yield
    logging.disable(logging.NOTSET)


def sampled(random: Random, world: World, user: Any) -> list[Record]:
    """One record that the person sees, one that they don't, one in the trash."""
    rows, seen = world.records(), world.seen(user)
    kinds = (
        [r for r in rows if r.pk in seen],
        [r for r in rows if r.pk not in seen and not r.deleted_at],
        [r for r in rows if r.deleted_at],
    )
    return [random.choice(kind) for kind in kinds if kind]


def rows_are_those(client: Any, world: World, user: Any) -> None:
    """What lists, counts, choices, boards, exports, the trash, bulk changes, the search and tabs show is what the oracle says."""
    label, entity = world.label, registry[world.label]
    seen, where = world.seen(user), (world.label, user.username)
    if world.granted(user, label, "view"):
        listed = client.get(entity.url("list")).context["page"].records
        assert {record.pk for record in listed} == seen, where
        assert client.get(entity.url("counts")).context["count"] == len(seen), where
        assert {row["id"] for row in client.get(entity.url("choices")).json()["results"]} == seen, where
        for op, verb in (("edit", "change"), ("delete", "delete")):
            if world.granted(user, label, verb):
                page = client.post(entity.url("bulk", op), {"all": "1", "query": ""})
                if op == "edit" and not entity.bulk_edit:
                    assert page.status_code in NO, where
                    continue
                assert page.status_code == 200, (*where, op, page.status_code)
                reached = len(seen & world.seen(user, action=verb))
                assert (page.context["meant"], page.context["reached"]) == (len(seen), reached), (*where, op)
        if entity.board:
            on_the_board(client, world, seen)
        if entity.search:
            found_by_search(client, world, seen)
    if world.granted(user, label, "export"):
        answer = client.post(entity.url("export"), {"format": "csv"})
        assert len(text_of(answer).splitlines()) == 1 + len(world.seen(user, action="export")), where
    if world.granted(user, label, "delete"):
        thrown = client.get(entity.url("trash")).context["page"].records
        assert {record.pk for record in thrown} == world.seen(user, action="delete", trash=True), where


def by_token(random: Random, world: World, user: Any) -> None:
    """A program with a token of the person finds, reads, changes and deletes what the person may."""
    label, place = world.label, registry[world.label].url("list").lstrip("/")
    caller = Caller.of(user)
    status, found = caller.get(place)
    if not world.granted(user, label, "view"):
        assert status == 403, (label, user.username)
    else:
        assert {row["id"] for row in found["records"]} == world.seen(user), (label, user.username)
    for record in sampled(random, world, user):
        before = state(record)
        verb = random.choice(registry[label].all_actions)
        for method, path, needed in (
            ("GET", f"{place}{record.pk}/", "view"),
            ("PATCH", f"{place}{record.pk}/", "change"),
            ("DELETE", f"{place}{record.pk}/", "delete"),
            ("POST", f"{place}{record.pk}/do/{verb.name}/", "verb"),
        ):
            with transaction.atomic():
                answer, _body = caller.ask(method, path, None if method == "GET" else {"fields": {}})
                after = state(record)
                transaction.set_rollback(True)
            what = (label, user.username, method, path, record.deleted_at, answer)
            first = "view" if needed == "verb" else needed
            if not world.granted(user, label, first):
                assert answer == 403, what
            elif record.deleted_at or not world.may(user, record, first):
                assert answer == 404, what
            elif needed == "verb" and not world.may(user, record, verb.permission):
                assert answer == 403, what
            else:
                assert answer not in NO, what
            assert answer not in NO or after == before, what


def on_the_board(client: Any, world: World, seen: set[int]) -> None:
    entity = registry[world.label]
    of = {getattr(record, "pipeline_id", None) for record in world.records()}
    cards: set[int] = set()
    for pipeline in of:
        page = client.get(entity.url("board"), {"pipeline": pipeline or ""})
        here = {card["record"].pk for head in page.context["heads"] for card in head.cards}
        assert page.context["total"] == len(here)
        cards |= here
    assert cards == seen


def found_by_search(client: Any, world: World, seen: set[int]) -> None:
    for record in world.records()[:3]:
        columns = {field.name for field in record._meta.concrete_fields}
        words = [needles(record, name) for name in ("name", "subject", "text", "title") if name in columns]
        for word in next(filter(None, words), set()):
            page = text_of(call(client, "get", "/search/", {"q": word}, headers=HTMX))
            address = registry[world.label].url("record", record.pk)
            assert (f'"{address}"' in page) == (record.pk in seen), (world.label, word)


def about_all(client: Any, world: World, user: Any, page: Page, asked: Counter) -> None:
    """A route that is about no single record: 403 without the grant, and what it needs beside it."""
    needed = needs_of(world, page)
    granted = world.granted(user, world.label, "view" if needed == "keeper" else NEEDS[page.name])
    allowed = user.is_superuser if needed == "keeper" else granted and world.granted(user, world.label, needed)
    if page.url.endswith("/bulk/edit/") and not registry[world.label].bulk_edit:
        allowed = False
    answer = ask(client, page)
    asked[page.name, answer] += 1
    if not granted:
        assert answer == 403, (world.label, user.username, page.url, answer)
    elif not allowed:
        assert answer in NO, (world.label, user.username, page.url, answer)
    else:
        assert answer != 403, (world.label, user.username, page.url, answer)


def about_one(client: Any, world: World, user: Any, record: Any, page: Page, asked: Counter) -> None:
    """404 hides what is out of reach, 403 denies a verb; a refusal leaves the record as it was."""
    label, needed = world.label, NEEDS[page.name]
    first = "view" if needed == "verb" else needed
    there = bool(record.deleted_at) == (page.name == "restore") or (page.name == "why" and user.is_superuser)
    before = state(record)
    answer = ask(client, page)
    asked[page.name, answer] += 1
    what = (label, user.username, page.url, record.deleted_at, answer)
    if not world.granted(user, label, first):
        assert answer == 403, what
    elif not there or not world.may(user, record, first):
        assert answer == 404 or (page.name == "move" and answer == 403), what
    elif needed == "verb":
        may = world.may(user, record, needs_of(world, page)) and makes_what_it_may(world, user, page)
        assert (answer == 403) == (not may), what
    elif page.name in OPEN:
        assert answer not in NO, what
    if answer in NO:
        assert state(record) == before, what


def needs_of(world: World, page: Page) -> str:
    """The grant of the verb or of the bulk change that the address names."""
    last = page.url.rstrip("/").rpartition("/")[2]
    verbs = {action.name: action.permission for action in registry[world.label].all_actions}
    if page.name == "action":
        return verbs[last]
    if page.name == "bulk":
        return {"edit": "change", "assign": "assign", "delete": "delete"}.get(last) or verbs[last.removeprefix("do-")]
    return NEEDS[page.name]


def makes_what_it_may(world: World, user: Any, page: Page) -> bool:
    """Whether the user may add what the verb of the address makes."""
    last = page.url.rstrip("/").rpartition("/")[2].removeprefix("do-")
    made = next((action.makes for action in registry[world.label].all_actions if action.name == last), "")
    return not made or world.granted(user, made, "add")


def ask(client: Any, page: Page) -> int:
    """The answer's status; whatever the page did is taken back."""
    with transaction.atomic():
        answer = call(client, page.methods[0], page.url).status_code
        transaction.set_rollback(True)
    return answer
