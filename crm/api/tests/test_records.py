"""Records over HTTP: what the pages would show, refuse and write, for the token's person."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.access.models import Scope
from crm.entities.entity import registry
from crm.entities.testing import LABELS, factory_of
from crm.records.models import Entry
from customers.models import Account

pytestmark = pytest.mark.django_db
ALL = {"view": Scope.OWN, "add": Scope.OWN, "change": Scope.OWN, "delete": Scope.OWN}


@pytest.fixture
def rep_calls(rep, grant, caller_of):
    grant(rep, "customers.account", **ALL)
    return caller_of(rep)


def account(owner, **values):
    return factory_of("customers.account")(owner, **values)


def test_a_list_is_paged_filtered_and_within_rights(rep, other, rep_calls):
    mine = [account(rep, name=f"Mine {number}", level="vip") for number in range(3)]
    account(other, name="Theirs", level="vip")
    status, found = rep_calls.get("customers/accounts/?sort=name&limit=2&level=vip")
    assert (status, [line["title"] for line in found["records"]]) == (200, ["Mine 0", "Mine 1"])
    rest = rep_calls.get(found["next"].partition("/api/v1/")[2])[1]
    assert ([line["id"] for line in rest["records"]], rest["next"]) == ([mine[2].pk], None)


def test_what_is_not_understood_shows_nothing(rep, rep_calls):
    account(rep)
    assert rep_calls.get("customers/accounts/?colour=red")[0] == 422
    assert list(rep_calls.get("customers/accounts/?limit=201")[1]["errors"]) == ["limit"]
    assert list(rep_calls.get("customers/accounts/?after=x")[1]["errors"]) == ["after"]
    assert rep_calls.get("customers/nothing/")[0] == 404


def test_one_record_is_read_as_its_person_reads_it(rep, other, rep_calls, field_rule):
    found = account(rep, name="星辰", phone="13800005678", website="https://x.example")
    field_rule(rep, "customers.account", "phone", "masked")
    field_rule(rep, "customers.account", "website", "hidden")
    status, told = rep_calls.get(f"customers/accounts/{found.pk}/")
    assert status == 200
    assert (told["id"], told["version"], told["title"]) == (found.pk, found.version, "星辰")
    assert told["fields"]["owner"] == {"id": rep.pk, "text": str(rep)}
    assert "5678" in told["fields"]["phone"] and "13800005678" not in told["fields"]["phone"]
    assert "website" not in told["fields"]
    assert rep_calls.get(f"customers/accounts/{account(other).pk}/")[0] == 404


def test_a_record_is_made_with_its_defaults_and_its_history(rep, rep_calls):
    status, told = rep_calls.post("customers/accounts/", {"fields": {"name": "新客户", "level": "vip"}})
    made = Account.objects.get(pk=told["id"])
    assert (status, made.name, made.owner, made.level) == (201, "新客户", rep, "vip")
    entry = Entry.objects.get(entity="customers.account", record_id=made.pk)
    assert (entry.actor, entry.cause) == (rep, f"api:{rep_calls.token.pk}")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": ""}, "name"),
        ({"name": "X", "colour": "red"}, "colour"),
        ({"name": "X", "created_at": "2026-01-01"}, "created_at"),
        ({"name": "X", "version": 7}, "version"),
        ({"name": "X", "employees": "many"}, "employees"),
        ({"name": ["a", "b"], "employees": {"a": 1}}, "employees"),
        ({"name": "\ud800"}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "X", "level": "nonsense"}, "level"),
        ({"name": "X", "region": 10**40}, "region"),
    ],
)
def test_bad_values_are_named_and_nothing_is_written(rep_calls, fields, named):
    status, told = rep_calls.post("customers/accounts/", {"fields": fields})
    assert (status, named in told["errors"]) == (422, True)
    assert not Account.objects.exists()


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"fields": []}', b'{"fields": {"employees": NaN}}', b"[" * 100_000, b"\xff\xfe", b"1" * 9999],
)
def test_bad_bodies_are_answered(rep_calls, body):
    status, told = rep_calls.ask("POST", "customers/accounts/", body)
    assert status in {400, 422} and told["errors"]


def test_hidden_and_read_only_fields_can_not_be_written(rep, rep_calls, field_rule):
    found = account(rep, name="A")
    field_rule(rep, "customers.account", "website", "hidden")
    field_rule(rep, "customers.account", "level", "read")
    path = f"customers/accounts/{found.pk}/"
    hidden = rep_calls.patch(path, {"fields": {"website": "https://x.example"}})
    unknown = rep_calls.patch(path, {"fields": {"nonsense": "https://x.example"}})
    assert hidden[1]["errors"]["website"] == unknown[1]["errors"]["nonsense"] == ["There is no such field."]
    assert rep_calls.patch(path, {"fields": {"level": "vip"}})[0] == 422
    assert rep_calls.patch(path, {"fields": {"owner": rep.pk}})[0] == 422
    found.refresh_from_db()
    assert (found.website, found.version) == ("", 1)


def test_a_change_touches_only_what_was_given_and_is_never_lost(rep, rep_calls):
    found = account(rep, name="A", level="vip", employees=9)
    path = f"customers/accounts/{found.pk}/"
    status, told = rep_calls.patch(path, {"fields": {"employees": 12}, "version": 1})
    assert (status, told["version"], told["fields"]["employees"], told["fields"]["level"]) == (200, 2, 12, "vip")
    status, told = rep_calls.patch(path, {"fields": {"employees": 99}, "version": 1})
    assert (status, told["current"]["fields"]["employees"]) == (409, 12)


def test_a_field_beside_the_fields_is_not_lost(rep, rep_calls):
    found = account(rep, name="A")
    status, told = rep_calls.patch(f"customers/accounts/{found.pk}/", {"name": "B"})
    assert (status, list(told["errors"])) == (422, ["name"])


def test_a_possible_duplicate_is_asked_about(rep, rep_calls):
    account(rep, name="星辰重工有限公司")
    status, told = rep_calls.post("customers/accounts/", {"fields": {"name": "星辰重工"}})
    assert (status, [line["title"] for line in told["duplicates"]]) == (409, ["星辰重工有限公司"])
    assert rep_calls.post("customers/accounts/", {"fields": {"name": "星辰重工"}, "confirm": True})[0] == 201


def test_to_the_trash(rep, rep_calls):
    found = account(rep)
    assert rep_calls.ask("DELETE", f"customers/accounts/{found.pk}/") == (204, None)
    assert rep_calls.get(f"customers/accounts/{found.pk}/")[0] == 404
    assert Account._base_manager.get(pk=found.pk).deleted_at is not None


def test_a_verb_is_done_with_what_its_form_asks(rep, grant, caller_of):
    grant(rep, "activities.task", view=Scope.OWN, change=Scope.OWN)
    task = factory_of("activities.task")(rep)
    calls = caller_of(rep)
    assert calls.post(f"activities/tasks/{task.pk}/do/nothing/")[0] == 404
    status, told = calls.post(f"activities/tasks/{task.pk}/do/complete/")
    task.refresh_from_db()
    assert (status, told["id"], task.is_open) == (200, task.pk, False)
    assert calls.post(f"activities/tasks/{task.pk}/do/complete/")[0] == 409


def test_a_verb_needs_its_own_grant_and_names_only_what_one_may_see(rep, grant, caller_of):
    grant(rep, "sales.lead", view=Scope.OWN)
    path = f"sales/leads/{factory_of('sales.lead')(rep, company='星辰').pk}/do/convert/"
    calls = caller_of(rep)
    assert calls.post(path)[0] == 403
    grant(rep, "sales.lead", view=Scope.OWN, change=Scope.OWN, convert=Scope.OWN)
    grant(rep, "customers.account", add=Scope.OWN)
    status, told = calls.post(path, {"fields": {"contact": "none"}})
    assert (status, told["entity"], told["title"]) == (200, "customers.account", None)


def test_fields_that_admins_define_are_there(rep_calls, define):
    define("customers.account", "money", "budget")
    define("customers.account", "multichoice", "lines", required=True)
    status, told = rep_calls.post("customers/accounts/", {"fields": {"name": "A"}})
    assert (status, list(told["errors"])) == (422, ["custom.lines"])
    given = {"name": "A", "custom.budget": "1.5万", "custom.lines": ["a", "c"]}
    status, told = rep_calls.post("customers/accounts/", {"fields": given})
    assert (status, told["fields"]["custom.budget"], told["fields"]["custom.lines"]) == (201, "15000.00", ["a", "c"])


@pytest.mark.parametrize("label", ["customers.account", "customers.contact", "sales.lead", "sales.opportunity"])
def test_what_one_reads_one_may_write_back(label, boss, caller_of):
    """Reading and sending the same again changes nothing: each kind of field understands what it tells."""
    record, calls = factory_of(label)(boss, filled=True), caller_of(boss)
    entity = registry[label]
    path = f"{entity.area}/{entity.slug}/{record.pk}/"
    told = calls.get(path)[1]
    given = {name: value for name, value in told["fields"].items() if name in entity.form_names}
    status, again = calls.patch(path, {"fields": given, "version": told["version"]})
    assert (status, again) == (200, told)


@pytest.mark.parametrize("label", LABELS)
def test_a_page_of_twenty_costs_as_many_queries_as_one_of_two(label, boss, caller_of):
    """Names of linked records, tags and choices come for all rows at once."""
    entity, make, calls = registry[label], factory_of(label), caller_of(boss)
    path = f"{entity.area}/{entity.slug}/?limit=200"

    def cost(number):
        for _one in range(number):
            make(boss, filled=True)
        calls.get(path)
        with CaptureQueriesContext(connection) as queries:
            status, found = calls.get(path)
        assert (status, len(found["records"])) == (200, entity.model.objects.count())
        return len(queries)

    assert cost(2) == cost(18)
