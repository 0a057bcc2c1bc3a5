"""Defining, changing and taking away fields: what is refused, what follows, what stays."""

from __future__ import annotations

import pytest
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import connection

from crm.customfields import definitions, indexes
from crm.customfields.models import CustomField
from crm.customfields.services import change_field, define_field, delete_field, retire_field
from crm.entities.entity import registry
from crm.jobs.models import Job
from crm.jobs.running import run
from crm.records import services
from crm.records.actor import Actor
from crm.records.models import ChangeSet, Entry
from crm.records.undo import undo
from customers.factories import make_account
from customers.models import Account

pytestmark = pytest.mark.django_db
LABEL = "customers.account"


def hold(account, **values):
    Account.objects.filter(pk=account.pk).update(custom=values)
    account.refresh_from_db()
    return account


def messages(error):
    return {name: " ".join(texts) for name, texts in error.value.message_dict.items()}


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"code": "Große"}, "code"),
        ({"code": "a__b"}, "code"),
        ({"code": "custom"}, "code"),
        ({"code": "a\n"}, "code"),
        ({"kind": "wish"}, "kind"),
        ({"entity": "users.user"}, "entity"),
        ({"entity": "nothing.at_all"}, "entity"),
        ({"kind": "integer", "minimum": "x"}, "minimum"),
        ({"kind": "integer", "minimum": "9" * 40}, "minimum"),
        ({"kind": "number", "minimum": "3", "maximum": "2"}, "minimum"),
        ({"kind": "number", "decimals": 9}, "decimals"),
        ({"kind": "date", "minimum": "2026-13-01"}, "minimum"),
        ({"pattern": "("}, "pattern"),
        ({"pattern": "(a+)+b"}, "pattern"),
        ({"pattern": "(a|aa)+b"}, "pattern"),
        ({"kind": "integer", "default": "many"}, "default"),
        ({"kind": "integer", "maximum": "3", "default": "4"}, "default"),
        ({"kind": "choice", "default": "z"}, "default"),
        ({"kind": "link", "target": "nobody.knows"}, "target"),
        ({"max_length": 0}, "max_length"),
        ({"label_zh": ""}, "__all__"),
    ],
)
def test_what_cannot_be_is_refused_on_its_setting(db, actor, changed, wrong):
    given = {"entity": LABEL, "kind": "text", "code": "thing", "label_zh": "东西", **changed}
    with pytest.raises(ValidationError) as error:
        define_field(**given, actor=actor)
    assert wrong in messages(error)
    assert not CustomField.objects.exists()


def test_a_code_is_taken_once_an_entity(define, actor):
    define(LABEL, "text", "thing")
    with pytest.raises(ValidationError):
        define(LABEL, "money", "thing")
    define("customers.contact", "money", "thing")


def test_every_process_learns_at_its_next_request(client, boss, define):
    client.force_login(boss)
    client.get("/customers/accounts/")
    known = definitions.current()
    define(LABEL, "text", "thing")
    definitions._known[:] = [known]  # another process, which was told nothing
    assert "custom.thing" not in registry[LABEL].custom_names
    assert "My thing" in client.get("/customers/accounts/add/").content.decode()
    with connection.cursor() as cursor:
        cursor.execute("update customfields_customfield set label_en = 'Renamed by hand'")
    assert "Renamed by hand" in client.get("/customers/accounts/add/").content.decode()


def test_knowing_the_definitions_costs_no_query(client, boss, define, django_assert_num_queries):
    client.force_login(boss)
    make_account(owner=boss)
    client.get("/customers/accounts/")
    with django_assert_num_queries(0):
        registry[LABEL].field_names  # noqa: B018
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as plain:
        client.get("/customers/accounts/")
    for number in range(20):
        define(LABEL, "integer", f"n{number}")
    columns = ",".join(["name", *registry[LABEL].custom_names])
    client.get("/customers/accounts/")
    with CaptureQueriesContext(connection) as many:
        client.get(f"/customers/accounts/?cols={columns}")
    assert len(many) <= len(plain)


def test_a_retired_field_keeps_its_values(define, actor, boss, client):
    field = define(LABEL, "integer", "seats")
    account = hold(make_account(owner=boss), seats=7)
    client.force_login(boss)
    retire_field(field, actor=actor)
    assert "My seats" not in client.get(f"/customers/accounts/{account.pk}/").content.decode()
    services.save(account, actor=actor)
    account.refresh_from_db()
    assert account.custom == {"seats": 7}
    change_field(field, actor=actor, active=True)
    assert "My seats" in client.get(f"/customers/accounts/{account.pk}/").content.decode()


def test_the_kind_stays_where_it_would_break_values(define, actor, boss):
    field = define(LABEL, "text", "thing")
    field.kind = "integer"
    change_field(field, actor=actor)
    hold(make_account(owner=boss), thing=3)
    with pytest.raises(ValidationError) as error:
        change_field(field, actor=actor, kind="date")
    assert "1 record" in messages(error)["kind"]
    field.refresh_from_db()
    change_field(field, actor=actor, kind="number")
    assert str(registry[LABEL].field("custom.thing").raw(Account.objects.get())) == "3"


def test_a_deleted_field_takes_its_values_along_and_gives_them_back(define, actor, boss):
    field = define(LABEL, "text", "thing", searchable=True)
    accounts = [hold(make_account(owner=boss), thing=f"x{n}", kept=1) for n in range(3)]
    trashed = hold(make_account(owner=boss), thing="old")
    services.delete(trashed, actor=actor)
    job = delete_field(field, actor=actor)
    with pytest.raises(FieldDoesNotExist):
        registry[LABEL].field("custom.thing")
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.updated) == (Job.State.DONE, 3), job.error
    assert not CustomField.objects.exists() and indexes.existing(field.pk) == {}
    assert [a.custom for a in Account.objects.filter(deleted_at=None)] == [{"kept": 1}] * 3
    assert Account.objects.get(pk=trashed.pk).custom == {}
    changes = ChangeSet.objects.get(kind="field_deleted")
    assert Entry.objects.filter(change_set=changes).count() == 3
    define(LABEL, "text", "thing")
    undo(changes, actor=actor)
    assert {a.custom["thing"] for a in Account.objects.filter(pk__in=[a.pk for a in accounts])} == {"x0", "x1", "x2"}


def test_duplicates_are_listed_before_a_field_becomes_unique(define, actor, boss):
    field = define(LABEL, "text", "plate")
    for plate in ("A1", "A1", "B2"):
        hold(make_account(owner=boss), plate=plate)
    with pytest.raises(ValidationError) as error:
        change_field(field, actor=actor, unique=True)
    assert "A1 × 2" in messages(error)["unique"] and "B2" not in messages(error)["unique"]


def test_a_unique_value_is_refused_by_the_form_and_by_the_database(define, boss, client, actor):
    field = define(LABEL, "text", "plate", unique=True)
    run(Job.objects.get(kind="customfields.index").pk)
    assert list(indexes.existing(field.pk).values()) == [True]
    hold(make_account(owner=boss), plate="A1")
    second = make_account(owner=boss)
    client.force_login(boss)
    answer = client.post(f"/customers/accounts/{second.pk}/cell/custom.plate/", {"version": 1, "custom.plate": "A1"})
    assert answer.status_code == 422 and "Another record has this already." in answer.content.decode()
    trashed = Account.objects.exclude(pk=second.pk).get()
    services.delete(trashed, actor=actor)
    answer = client.post(f"/customers/accounts/{second.pk}/cell/custom.plate/", {"version": 1, "custom.plate": "A1"})
    assert answer.status_code == 200
    answer = client.post(f"/customers/accounts/{trashed.pk}/restore/")
    assert Account.objects.get(pk=trashed.pk).deleted_at is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["text", "number", "date", "choice", "multichoice", "money"])
def test_indexes_are_built_beside_the_work_and_serve_the_list(make_user, kind):
    boss = make_user("boss", is_superuser=True)
    actor = Actor(boss, "test")
    options = ["a", "b"] if "choice" in kind else []
    field = define_field(LABEL, kind, "thing", "东西", actor=actor, searchable=True, sortable=True, options=options)
    job = Job.objects.filter(kind="customfields.index").last()
    job.refresh_from_db()
    assert job.state == Job.State.DONE, job.error
    field.refresh_from_db()
    needed = {one.name for one in indexes.wanted(field)}
    assert indexes.existing(field.pk) == dict.fromkeys(needed, True)
    value = registry[LABEL].field("custom.thing")
    if field.sortable:
        with connection.cursor() as cursor:
            cursor.execute("set enable_seqscan = off")
            rows = Account.objects.filter(deleted_at=None).annotate(k=value.sort_key()).order_by("k", "pk")[:50]
            plan = rows.explain()
            cursor.execute("set enable_seqscan = on")
        assert f"custom_sort_{field.pk}" in plan, plan
    change_field(field, actor=actor, searchable=False, sortable=False)
    assert indexes.existing(field.pk) == {}
    definitions.assume_none()
