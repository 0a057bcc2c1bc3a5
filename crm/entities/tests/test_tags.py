"""Tags hang on any record: with history and undo, in lists and filters, in bulk, in files, in rules; who may make new ones."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.access.models import Scope
from crm.customfields import definitions
from crm.customfields.models import CustomField
from crm.customfields.tagging import tag_field
from crm.entities import effects
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.models import ColumnChoice
from crm.entities.tagging import make_tags, tag_record
from crm.fields.conditions import parse
from crm.jobs.models import Job
from crm.jobs.running import run
from crm.records.actor import Actor
from crm.records.models import AuditEvent, ChangeSet, Entry
from crm.reference.tags import Tag
from crm.search.services import search
from customers.factories import make_account
from customers.models import Account

pytestmark = pytest.mark.django_db
LABEL, URL = "customers.account", "/customers/accounts/"


@pytest.fixture(autouse=True)
def forgotten():
    yield
    definitions.assume_none()


@pytest.fixture
def tags(boss):
    """VIP and 展会 on every entity."""
    return make_tags(["VIP", "展会2026"], actor=Actor(boss, "test"))


def put(account: Account, actor, *tags: Tag) -> Account:
    tag_record(account, actor=actor, add=[tag.value for tag in tags])
    return account


def found(user, op: str, *values: str) -> set[str]:
    entity = registry[LABEL]
    bound = bind(entity, user)
    tests = (
        {"all": [{"field": "custom.tags", "op": op, "value": list(values)}]}
        if values
        else {"all": [{"field": "custom.tags", "op": op}]}
    )
    group = parse(tests, bound.filterable)
    return set(bound.records().filter(group.q(bound.reader())).values_list("name", flat=True))


def test_the_first_tag_gives_every_entity_the_field(boss):
    assert not CustomField.objects.exists()
    make_tags(["VIP"], actor=Actor(boss, "test"))
    with_tags = set(CustomField.objects.filter(kind="tags").values_list("entity", flat=True))
    assert {"customers.account", "sales.lead", "sales.opportunity"} <= with_tags
    assert tag_field(LABEL) == "custom.tags" and registry[LABEL].field("custom.tags").kind == "multichoice"
    assert [tag.name for tag in make_tags(["vip"], actor=Actor(boss, "test"))] == ["VIP"]
    assert Tag.objects.count() == 1


def test_the_button_tags_one_record_with_history_and_undo(client, boss, tags):
    account = make_account(name="华东泵业", owner=boss)
    client.force_login(boss)
    form = client.get(f"{URL}{account.pk}/do/tag/").content.decode()
    assert "VIP" in form and "New tags" in form
    vip = tags[0]
    answer = client.post(
        f"{URL}{account.pk}/do/tag/", {"tags": [vip.value], "new": "重点, 长期", "version": account.version}
    )
    assert answer.status_code == 302
    account.refresh_from_db()
    assert [Tag.objects.get(pk=value[1:]).name for value in account.custom["tags"]] == ["VIP", "重点", "长期"]
    page = client.get(f"{URL}{account.pk}/").content.decode()
    assert page.count("dot-blue") >= 1 and "重点" in page
    entry = Entry.objects.filter(entity=LABEL, record_id=account.pk).latest("id")
    assert set(entry.changes) == {"custom.tags"}
    assert "VIP" in client.get(f"{URL}{account.pk}/?tab=history").content.decode()
    assert client.post(f"/undo/entry/{entry.pk}/").status_code in (200, 204, 302)
    account.refresh_from_db()
    assert account.custom == {}


def test_filters_search_and_a_new_name(boss, tags, django_capture_on_commit_callbacks):
    vip, fair = tags
    actor = Actor(boss, "test")
    both = put(make_account(name="Both", owner=boss), actor, vip, fair)
    put(make_account(name="One", owner=boss), actor, vip)
    make_account(name="None", owner=boss)
    assert found(boss, "in", vip.value, fair.value) == {"Both", "One"}
    assert found(boss, "all", vip.value, fair.value) == {"Both"}
    assert found(boss, "not_in", vip.value) == {"None"}
    assert found(boss, "empty") == {"None"}
    assert {hit.record.pk for hit in search(boss, "展会2026")} == {both.pk}


def test_renaming_changes_no_record_and_the_search_follows(client, boss, tags, django_capture_on_commit_callbacks):
    account = put(make_account(name="Both", owner=boss), Actor(boss, "test"), tags[1])
    client.force_login(boss)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/admin/reference/tag/{tags[1].pk}/change/", {"name": "广交会", "colour": "red", "active": "on"})
    was = account.version
    account.refresh_from_db()
    assert account.version == was
    assert "广交会" in client.get(f"{URL}{account.pk}/").content.decode()
    assert {hit.record.pk for hit in search(boss, "广交会")} == {account.pk}
    assert "1" in client.get(f"/admin/reference/tag/{tags[1].pk}/change/").content.decode()
    client.post(f"/admin/reference/tag/{tags[1].pk}/delete/", {"post": "yes"})
    assert Tag.objects.filter(pk=tags[1].pk).exists()
    client.post(f"/admin/reference/tag/{tags[0].pk}/delete/", {"post": "yes"})
    assert not Tag.objects.filter(pk=tags[0].pk).exists()


def test_bulk_adds_and_takes_off_and_can_be_undone(client, boss, tags, django_capture_on_commit_callbacks):
    vip, fair = tags
    actor = Actor(boss, "test")
    one, two = put(make_account(name="One", owner=boss), actor, fair), make_account(name="Two", owner=boss)
    client.force_login(boss)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(
            f"{URL}bulk/do-tag/",
            {"selected": [one.pk, two.pk], "add": [vip.value], "remove": [fair.value], "apply": "1"},
        )
    held = dict(Account.objects.values_list("name", "custom"))
    assert held == {"One": {"tags": [vip.value]}, "Two": {"tags": [vip.value]}}
    changes = ChangeSet.objects.latest("id")
    client.post(f"/undo/set/{changes.pk}/")
    held = dict(Account.objects.values_list("name", "custom"))
    assert held == {"One": {"tags": [fair.value]}, "Two": {}}


def test_only_who_has_the_right_makes_new_ones(client, rep, tags, grant, field_rule):
    account = make_account(name="Mine", owner=rep)
    grant(rep, LABEL, view=Scope.OWN, change=Scope.OWN)
    client.force_login(rep)
    url = f"{URL}{account.pk}/do/tag/"
    assert "New tags" not in client.get(url).content.decode()
    assert client.post(url, {"tags": [tags[0].value], "new": "Mine alone"}).status_code == 302
    account.refresh_from_db()
    assert account.custom == {"tags": [tags[0].value]} and Tag.objects.count() == 2
    grant(rep, LABEL, tag=Scope.ALL)
    assert client.post(url, {"tags": [], "new": "Mine alone"}).status_code == 302
    account.refresh_from_db()
    assert account.custom == {"tags": [Tag.objects.get(name="Mine alone").value]}
    assert client.post(url, {"new": "x" * 41}).status_code == 422
    field_rule(rep, LABEL, "custom.tags", "read")
    assert client.post(url, {"tags": [tags[0].value]}).status_code == 403
    account.refresh_from_db()
    assert account.custom == {"tags": [Tag.objects.get(name="Mine alone").value]}


def test_rules_add_and_take_away_tags(boss, tags):
    account = make_account(name="One", owner=boss)
    actor = Actor(boss, "test")
    effects.perform("add_tag", account, {"tags": [f"tags:{tags[0].value}", f"tags:{tags[1].value}"]}, actor=actor)
    account.refresh_from_db()
    assert account.custom == {"tags": [tags[0].value, tags[1].value]}
    effects.perform("remove_tag", account, {"tags": [f"tags:{tags[0].value}"]}, actor=actor)
    account.refresh_from_db()
    assert account.custom == {"tags": [tags[1].value]}


def test_a_list_with_tags_costs_no_query_more(client, boss, tags):
    actor = Actor(boss, "test")
    for number in range(20):
        put(make_account(name=f"A{number}", owner=boss), actor, *tags)
    client.force_login(boss)
    counts = []
    client.get(URL)
    assert "展会2026" in client.get(URL).content.decode()  # a column of its own where nobody chose any
    for columns in (["name", "owner"], ["name", "owner", "custom.tags"]):
        ColumnChoice.objects.update_or_create(user=boss, entity=LABEL, defaults={"columns": columns})
        client.get(URL)
        with CaptureQueriesContext(connection) as seen:
            page = client.get(URL).content.decode()
        counts.append(len(seen))
    assert counts[0] == counts[1] and page.count("展会2026") >= 20


def test_the_first_tag_costs_few_queries_however_many_entities_there_are(boss):
    with CaptureQueriesContext(connection) as asked:
        make_tags(["VIP"], actor=Actor(boss, "test"))
    fields = CustomField.objects.filter(kind="tags")
    assert fields.count() > 50
    assert len(asked) < 30
    assert set(fields.values_list("index_state", flat=True)) == {"waiting"}
    assert AuditEvent.objects.filter(action="field_defined", data__kind="tags").count() == fields.count()
    job = Job.objects.get(kind="customfields.index")
    job.params["fields"] = job.params["fields"][:2]
    job.save()
    run(job.pk)
    assert sorted(fields.filter(index_state="ready").values_list("pk", flat=True)) == sorted(job.params["fields"])
