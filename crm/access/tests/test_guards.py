"""Every route has its guard: those of no single entity stand in one table, and what the table says is asked of the running pages."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import models, transaction
from django.utils import timezone

from crm.access.models import RecordShare, Scope
from crm.access.tests.guards import HOLDER, OWN, PUBLIC, RECORD, RIGHT, TABLE
from crm.activities.models import Comment
from crm.demo.surface import routes
from crm.documents.library import DocumentShare
from crm.entities.entity import registry
from crm.entities.testing import call, factory_of, sample, state
from crm.exchange.models import Import
from crm.jobs.models import Job
from crm.matching.merging.models import MergeOperation
from crm.messaging.models import MailAccount, MailDraft
from crm.notifications.models import Notification
from crm.records import services
from crm.records.actor import Actor
from crm.records.models import Entry
from crm.users.models import Absence

pytestmark = pytest.mark.django_db
NO = {403, 404}


@pytest.fixture(autouse=True)
def quiet():
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def others() -> dict[str, dict[str, Any]]:
    """Routes of no single entity, without Django admin."""
    every = [r for r in routes() if r["entity"] is None and "(" not in r["route"]]
    return {r["route"]: r for r in every if not r["route"].startswith("/admin/")}


def test_the_table_names_every_route_with_its_guard():
    found = others()
    assert set(found) == set(TABLE), "A new route: say in guards.py what guards it, and let the tests here ask it."
    public = {route for route, told in found.items() if told["guard"] == "public"}
    assert public == {route for route, guard in TABLE.items() if guard == PUBLIC}


@pytest.fixture
def stranger(client, rep, grant):
    """Somebody signed in with every grant, on what is their own."""
    for label, entity in registry.items():
        if entity.granted:
            grant(rep, label, **dict.fromkeys(entity.granted, Scope.OWN))
    client.force_login(rep)
    return client


def answers(client: Any, guard: str, fill: Any) -> dict[tuple[str, str], int]:
    """(method, address) → status of the routes with the guard, none of which may have written anything."""
    found = {}
    for route, told in others().items():
        if TABLE[route] == guard and (url := fill(route)):
            for method in {"get", "post"} & {m.lower() for m in told["methods"]}:
                with transaction.atomic():
                    found[method, url] = call(client, method, url).status_code
                    transaction.set_rollback(True)
    return found


@pytest.mark.parametrize("label", ["sales.lead", "sales.opportunity", "customers.account", "activities.task"])
def test_what_is_asked_of_a_record_out_of_reach_is_not_there(stranger, other, label):
    record = factory_of(label)(other)
    before, entries = state(record), Entry.objects.count()

    def fill(route: str) -> str:
        found = route.replace("<str:label>", label).replace("<int:pk>", str(record.pk))
        return re.sub(r"<[^>]+>", "1", found)

    found = answers(stranger, RECORD, fill)
    # Where a route takes only one method the other is refused before anybody asks for the record.
    assert {at: status for at, status in found.items() if status not in {*NO, 405}} == {}
    assert {url for (_m, url), status in found.items() if status in NO} == {url for _m, url in found}
    assert (state(record), Entry.objects.count()) == (before, entries)


def test_what_hangs_on_a_record_out_of_reach_is_not_there(stranger, other, boss):
    lead = factory_of("sales.lead")(other)
    on = {"on_entity": "sales.lead", "on_id": lead.pk}
    changes = services.change_set("bulk_edit", actor=Actor(boss, "test"), entity="sales.lead")
    lead.company = "Somebody else's"
    services.save(lead, actor=Actor(boss, "test", changes))
    made = {
        "/files/": factory_of("files.storedfile")(other, **on) if "files.storedfile" in registry else None,
        "/activities/tasks/": factory_of("activities.task")(other, **on),
        "/calendar/": factory_of("activities.task")(other, **on),
        "/activities/comments/": made_of(Comment, other, **on),
        "/activities/share/": RecordShare.objects.create(entity="sales.lead", record_id=lead.pk, user=boss),
        "/undo/set/": changes,
        "/merges/": MergeOperation.objects.create(entity="sales.lead", record_id=lead.pk, changes=changes, actor=boss),
        "/sales/whitespace/": factory_of("customers.account")(other),
        "/sales/bank/": factory_of("receivables.bankstatement")(other),
        "/sales/quotes/": factory_of("quotes.quote")(other),
        "/leads/": lead,
        "/documents/share/": made_of(
            DocumentShare, other, document=(document := factory_of("documents.document")(other))
        ),
        "/documents/": document,
        "/undo/entry/": Entry.objects.filter(entity="sales.lead", record_id=lead.pk).latest("pk"),
    }

    def fill(route: str) -> str:
        thing = next((thing for start, thing in made.items() if route.startswith(start)), None)
        return re.sub(r"<[^>]+>", "1", route.replace("<int:pk>", str(thing.pk))) if thing else ""

    found = answers(stranger, HOLDER, fill)
    assert len({url for _m, url in found}) == sum(guard == HOLDER for guard in TABLE.values())
    assert {at: status for at, status in found.items() if status not in {*NO, 405}} == {}


def test_what_was_made_for_somebody_else_is_not_there(stranger, other):
    made = {
        "/profile/absences/": made_of(Absence, other, deputy=None, ends_at=timezone.now() + timedelta(days=3650)),
        "/profile/mail/": made_of(MailAccount, other),
        "/jobs/": made_of(Job, other),
        "/imports/": made_of(Import, other),
        "/notifications/": made_of(Notification, other),
        "/mail/drafts/": made_of(MailDraft, other),
    }

    def fill(route: str) -> str:
        thing = next((thing for start, thing in made.items() if route.startswith(start)), None)
        return re.sub(r"<[^>]+>", "1", route.replace("<int:pk>", str(thing.pk))) if thing else ""

    found = answers(stranger, OWN, fill)
    assert {at: status for at, status in found.items() if status not in {*NO, 405}} == {}
    assert len({url for _m, url in found}) == sum(guard == OWN for guard in TABLE.values()) - 1, (
        "addresses of calendars"
    )


def test_rights_of_their_own_are_asked_for(client, rep):
    client.force_login(rep)

    def fill(route: str) -> str:
        found = route.replace("<str:label>", "sales.lead").replace("<int:pk>", str(rep.pk))
        return re.sub(r"<[^>]+>", "csv", found)

    found = answers(client, RIGHT, fill)
    assert {at: status for at, status in found.items() if status not in {*NO, 302, 405}} == {}


def test_the_administration_opens_to_nobody_without_the_right(client, rep):
    client.force_login(rep)
    asked = [r["route"] for r in routes() if r["guard"] == "admin" and "(" not in r["route"]]
    open_to_all = {"/admin/logout/", "/admin/password_change/", "/admin/password_change/done/"}
    for route in set(asked) - open_to_all:
        answer = client.get(re.sub(r"<[^>]+>", "1", route))
        assert answer.status_code in NO or answer.headers.get("Location", "").startswith("/admin/login/"), route
    assert len(asked) > 150


def made_of(model: type[models.Model], owner: Any, **given: Any) -> Any:
    """A row with what it requires, every person in it the owner."""
    values = dict(given)
    for source in model._meta.concrete_fields:
        person = source.is_relation and isinstance(owner, source.related_model)
        required = not (source.null or source.blank or source.has_default() or source.generated or source.primary_key)
        if source.name not in values and (person or required):
            values[source.name] = owner if person else sample(source, owner)
    return model._base_manager.create(**values)
