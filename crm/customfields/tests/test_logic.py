"""Dynamic rules at the door of the records: required, read-only, options, refused, defaults, emptied; old data stays editable."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from crm.customfields.layouts import forget
from crm.customfields.logic import logic_of
from crm.customfields.models import Cascade, LogicRule
from crm.records.actor import Actor
from crm.records.services import save, save_many
from customers.factories import make_account, make_contact
from customers.models import Account, Contact

pytestmark = pytest.mark.django_db
LABEL = "customers.account"


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def rule(define):
    """``rule("custom.grade", "required", {"all": [...]})`` keeps a rule that counts at once."""
    define(LABEL, "choice", "grade")
    define(LABEL, "money", "budget")
    define(LABEL, "text", "note")

    def make(target, effect, where=None, label=LABEL, **more):
        made = LogicRule.objects.create(
            entity=label, target=target, effect=effect, where={} if where is None else where, **more
        )
        forget()
        return made

    return make


@pytest.fixture
def cascade(rule):
    def make(label=LABEL, **more):
        made = Cascade.objects.create(entity=label, **more)
        forget()
        return made

    return make


def when(name, value, op="in"):
    return {"all": [{"field": name, "op": op, "value": [value] if op == "in" else value}]}


def refused(record, by, **custom):
    record.custom = {**record.custom, **custom}
    with pytest.raises(ValidationError) as told:
        save(record, actor=Actor(by, "test"))
    return told.value.message_dict


def test_a_field_is_required_while_the_condition_holds(rule, boss):
    rule("custom.budget", "required", when("custom.grade", "a"))
    account = make_account(owner=boss)
    assert refused(account, boss, grade="a") == {"custom.budget": ["“My budget” is required as things stand."]}
    account.custom = {"grade": "a", "budget": "5.00"}
    assert save(account, actor=Actor(boss, "test"))


def test_old_records_are_judged_only_when_a_field_involved_changes(rule, boss):
    account = make_account(owner=boss, custom={"grade": "a"})
    rule("custom.budget", "required", when("custom.grade", "a"))
    account.custom = {**account.custom, "note": "x"}
    assert save(account, actor=Actor(boss, "test"))
    account.custom = {**account.custom, "grade": "b"}
    assert save(account, actor=Actor(boss, "test"))
    assert refused(account, boss, grade="a") == {"custom.budget": ["“My budget” is required as things stand."]}


def test_hidden_fields_are_not_asked_for_and_keep_their_value(rule, boss):
    rule("custom.budget", "visible", when("custom.grade", "a"))
    rule("custom.budget", "required")
    account = make_account(owner=boss, custom={"grade": "a", "budget": "7.00"})
    account.custom = {**account.custom, "grade": "b"}
    save(account, actor=Actor(boss, "test"))
    account.refresh_from_db()
    assert account.custom["budget"] == "7.00"


def test_hidden_fields_are_emptied_where_the_rule_says_so(rule, boss):
    rule("custom.budget", "visible", when("custom.grade", "a"), clear=True)
    account = make_account(owner=boss, custom={"grade": "a", "budget": "7.00"})
    account.custom = {**account.custom, "grade": "b"}
    entry = save(account, actor=Actor(boss, "test"))
    account.refresh_from_db()
    assert account.custom == {"grade": "b"}
    assert entry.changes.keys() == {"custom.grade", "custom.budget"}


def test_read_only_refuses_a_change_and_asks_for_the_stored_value_of_itself(rule, boss):
    rule("custom.grade", "readonly", when("custom.grade", "c"))
    account = make_account(owner=boss, custom={"grade": "a"})
    account.custom = {"grade": "c"}
    save(account, actor=Actor(boss, "test"))
    assert list(refused(account, boss, grade="a")) == ["custom.grade"]
    account.refresh_from_db()
    assert account.custom == {"grade": "c"}


def test_options_are_offered_only_where_rules_let_them(rule, boss):
    rule("custom.grade", "offered", when("custom.note", "big", "contains"), options=["c"])
    rule("custom.grade", "options", when("custom.note", "small", "contains"), options=["a"])
    account = make_account(owner=boss)
    words = {"custom.grade": ["“My grade” does not offer this choice as things stand."]}
    assert refused(account, boss, grade="c") == words
    assert refused(account, boss, grade="b", note="small") == words
    account.custom = {"grade": "c", "note": "BIG"}
    assert save(account, actor=Actor(boss, "test"))


def test_a_record_is_refused_with_the_message_of_the_rule(rule, boss):
    rule("", "invalid", when("custom.budget", "100", "gte"), message_en="Too much.", message_zh="太多。")
    assert refused(make_account(owner=boss), boss, budget="100.00") == {"__all__": ["Too much."]}


def test_new_records_begin_with_the_default_and_what_is_prepared_follows(rule, boss):
    rule("custom.note", "default", when("custom.grade", "a"), value="first")
    rule("employees", "default", value="12")
    made = make_account(owner=boss, custom={"grade": "a"})
    made.refresh_from_db()
    assert (made.custom["note"], made.employees) == ("first", 12)
    assert "note" not in make_account(owner=boss, custom={"grade": "b"}).custom


def test_choices_hang_on_choices(cascade, define, boss):
    define(LABEL, "choice", "city", options=["bj", "sh", "gz"])
    cascade(field="custom.city", by="custom.grade", matrix={"a": ["bj"], "": []})
    account = make_account(owner=boss, custom={"grade": "a", "city": "bj"})
    assert list(refused(account, boss, city="sh")) == ["custom.city"]
    account.custom = {"grade": "b", "city": "gz"}
    assert save(account, actor=Actor(boss, "test"))
    assert list(refused(account, boss, grade=None)) == ["custom.city"]


def test_links_are_narrowed_by_another_field(cascade, define, boss):
    define(LABEL, "link", "partner", target="customers.contact")
    define("customers.contact", "link", "boss", target="customers.contact")
    cascade(label="customers.contact", field="custom.boss", by="account", through="account")
    here, there = make_account(owner=boss), make_account(owner=boss)
    chief, other = make_contact(owner=boss, account=here), make_contact(owner=boss, account=there)
    person = make_contact(owner=boss, account=here)
    assert list(refused(person, boss, boss=other.pk)) == ["custom.boss"]
    person.custom = {"boss": chief.pk}
    assert save(person, actor=Actor(boss, "test"))


def test_a_batch_costs_no_more_queries_than_without_rules(rule, boss):
    accounts = [make_account(owner=boss) for _n in range(6)]

    def write(note):
        fresh = list(Account.objects.filter(pk__in=[a.pk for a in accounts]).order_by("pk"))
        for account in fresh:
            account.custom = {"note": note, "budget": "3.00"}
        with CaptureQueriesContext(connection) as seen:
            save_many(fresh, actor=Actor(boss, "test"))
        return len(seen)

    write("warm")
    plain = write("before")
    for number in range(20):
        rule("custom.budget", "required", when("custom.note", str(number), "contains"))
    write("warm again")
    assert write("after") <= plain


@pytest.mark.parametrize(
    "where",
    [
        {"all": "x"},
        {"any": [{"field": "owner__password", "op": "is", "value": {}}]},
        {"all": [{"field": "contacts", "op": "filled"}]},
        {"all": [{"field": "custom.gone", "op": "filled"}]},
        {"all": [{"field": 7}]},
        {"all": [{"field": "name", "op": {"a": 1}, "value": [[]]}]},
        {"all": [{"field": "employees", "op": "gte", "value": "1e999"}]},
        {"all": [{"field": "owner", "op": "in", "value": ["9" * 400]}]},
        [],
        "x",
        7,
    ],
)
def test_hostile_rules_do_nothing_and_break_nothing(rule, boss, where):
    rule("custom.budget", "required", where)
    rule("custom.gone", "required")
    rule("section:gone", "visible")
    rule("contacts", "readonly")
    rule("custom.grade", "options", options={"a": 1})
    rule("employees", "default", value="many")
    Cascade.objects.create(entity=LABEL, field="custom.grade", by="owner__x", matrix=["x"])
    Cascade.objects.create(entity=LABEL, field="custom.grade", by="custom.note", matrix={"a": 1}, through="zz")
    Cascade.objects.create(entity=LABEL, field="nothing", by="name", matrix=7)
    forget()
    assert make_account(owner=boss).pk
    assert len(logic_of(Account).broken) >= 6
    assert Contact._meta.label_lower not in logic_of(Account).broken
