"""One rule, every door: form, inline edit, bulk, import, effects of rules say the same of the same change."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from crm.access.models import Scope
from crm.customfields import definitions
from crm.customfields.layouts import forget
from crm.customfields.models import Cascade, LogicRule
from crm.customfields.services import define_field
from crm.entities.bound import bind
from crm.entities.effects import perform
from crm.entities.entity import registry
from crm.entities.forms import entity_form
from crm.exchange.importing.rows import UPDATE, Row
from crm.exchange.importing.targets import target_of
from crm.exchange.importing.trial import try_out
from crm.records.actor import Actor
from customers.factories import make_contact

pytestmark = pytest.mark.django_db
LABEL = "customers.account"
GRADES = [{"value": v, "label_zh": v, "label_en": v} for v in "abc"]


@pytest.fixture(autouse=True)
def fields(db, seller):
    with translation.override("en"):
        for kind, code in (("money", "budget"), ("text", "note"), ("boolean", "vip")):
            define_field(LABEL, kind, code, code, code.title(), actor=Actor(None, "test"))
        define_field(LABEL, "choice", "grade", "级别", "Grade", actor=Actor(None, "test"), options=GRADES)
        yield
    definitions.assume_none()


@pytest.fixture
def rule():
    def make(target, effect, where=None, **more):
        made = LogicRule.objects.create(entity=LABEL, target=target, effect=effect, where=where or {}, **more)
        forget()
        return made

    return make


def graded(*values):
    return {"all": [{"field": "custom.grade", "op": "in", "value": list(values)}]}


class Doors:
    """The same change through each door; each answers whether it was taken, and the record is as it was afterwards."""

    def __init__(self, client, user):
        self.client, self.user, self.entity = client, user, registry[LABEL]
        client.cookies.load({"django_language": "en"})

    def bound(self):
        self.user.__dict__.pop("_access", None)
        return bind(self.entity, self.user)

    def form(self, record, changes):
        form = entity_form(self.bound(), instance=record)
        data = {n: form[n].value() for n in form.names if form[n].value() not in (None, False)}
        data = {n: form.fields[n].prepare_value(v) for n, v in data.items()} | {"version": record.version} | changes
        url = self.entity.url("edit", record.pk)
        return self.client.post(url, {n: v for n, v in data.items() if v is not None}).status_code == 302

    def inline(self, record, changes):
        ((name, value),) = changes.items()
        url = self.entity.url("cell", record.pk, name)
        return self.client.post(url, {name: value or "", "version": record.version}).status_code == 200

    def bulk(self, record, changes):
        data = {"selected": [record.pk], "apply": "1"} | {f"change_{n}": "1" for n in changes} | changes
        was = record.version
        self.client.post(self.entity.url("bulk", "edit"), {n: v or "" for n, v in data.items()})
        record.refresh_from_db()
        return record.version != was

    def preview(self, record, changes):
        target = target_of(LABEL, self.user)
        for name, value in changes.items():
            field = target.fields[name].field
            target.put(record, name, field.clean(value) if value else None)
        row = Row(2, [])
        row.record, row.verdict, row.values = record, UPDATE, dict(changes)
        try_out([row], target)
        return row.verdict == UPDATE

    def effect(self, record, changes):
        try:
            perform("set_fields", record, {n: v or "" for n, v in changes.items()}, actor=Actor(self.user, "test"))
        except ValidationError:
            return False
        return True


ALL = ("form", "inline", "bulk", "preview", "effect")
CASES = {
    "required": (("custom.budget", "required", graded("a")), {"grade": "b"}, {"custom.grade": "a"}, False),
    "required and there": (
        ("custom.budget", "required", graded("a")),
        {"grade": "b", "budget": "1.00"},
        {"custom.grade": "a"},
        True,
    ),
    "required elsewhere": (("custom.budget", "required", graded("c")), {"grade": "b"}, {"custom.grade": "a"}, True),
    "emptied": (("custom.budget", "required"), {"budget": "1.00"}, {"custom.budget": None}, False),
    "untouched": (("custom.budget", "required", graded("a")), {"grade": "a"}, {"custom.note": "x"}, True),
    "read-only": (
        ("custom.note", "readonly", graded("a")),
        {"grade": "a", "note": "old"},
        {"custom.note": "new"},
        False,
    ),
    "not offered": (("custom.grade", "options", None), {"grade": "a"}, {"custom.grade": "b"}, False),
    "offered": (("custom.grade", "options", None), {"grade": "c"}, {"custom.grade": "a"}, True),
    "refused": (("custom.grade", "invalid", graded("b")), {"grade": "a"}, {"custom.grade": "b"}, False),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("door", ALL)
def test_every_door_has_the_same_verdict(sells, seller, account, rule, case, door):
    told, custom, changes, taken = CASES[case]
    account.custom = custom
    account.save(update_fields=["custom"])
    rule(*told, **({"options": ["a"]} if told[1] == "options" else {}))
    assert getattr(Doors(sells, seller), door)(account, dict(changes)) is taken
    account.refresh_from_db()
    ((name, value),) = changes.items()
    stored = account.custom.get(name.removeprefix("custom."))
    assert stored == (value if taken and door != "preview" else custom.get(name.removeprefix("custom.")))


def test_the_error_stands_beside_its_field_and_what_was_typed_is_kept(sells, account, rule):
    rule("custom.budget", "required", graded("a"), message_en="Say how much.", message_zh="请填写金额。")
    answer = sells.post(
        f"/customers/accounts/{account.pk}/edit/",
        {
            "name": account.name,
            "custom.grade": "a",
            "custom.note": "typed",
            "version": account.version,
            "owner": account.owner_id,
        },
        HTTP_ACCEPT_LANGUAGE="en",
    )
    form = answer.context["form"]
    assert (answer.status_code, form.errors["custom.budget"]) == (422, ["Say how much."])
    assert 'value="typed"' in answer.content.decode()


def test_without_scripts_fields_show_after_the_first_post(sells, account, rule):
    rule("custom.budget", "visible", graded("a"))
    url = f"/customers/accounts/{account.pk}/edit/"
    assert 'id="div_id_custom.budget" class="mb-3 logic-off"' in sells.get(url).content.decode()
    answer = sells.post(url, {"name": "", "custom.grade": "a", "version": account.version, "owner": account.owner_id})
    assert answer.status_code == 422
    assert 'id="div_id_custom.budget" class="mb-3"' in answer.content.decode()


def test_a_field_that_is_switched_off_is_left_alone(sells, account, rule, posted):
    rule("custom.note", "readonly", graded("a"))
    rule("custom.budget", "visible", graded("b"))
    rule("custom.vip", "readonly", graded("a"))
    account.custom = {"grade": "a", "note": "kept", "budget": "3.00", "vip": True}
    account.save(update_fields=["custom"])
    url = f"/customers/accounts/{account.pk}/edit/"
    form = sells.get(url).context["form"]
    data = posted(form, name="Renamed Ltd", **{"custom.note": None, "custom.budget": None, "custom.vip": None})
    answer = sells.post(url, data)
    assert answer.status_code == 302, answer.context["form"].errors
    account.refresh_from_db()
    assert (account.name, account.custom) == (
        "Renamed Ltd",
        {"grade": "a", "note": "kept", "budget": "3.00", "vip": True},
    )


def test_a_new_record_begins_with_its_default_in_the_form(sells, rule):
    rule("custom.note", "default", value="hello")
    form = sells.get("/customers/accounts/add/").context["form"]
    assert form["custom.note"].value() == "hello"


def test_the_page_is_told_no_value_that_the_person_may_not_see(sells, seller, account, rule, rules):
    rule("custom.note", "visible", {"all": [{"field": "custom.budget", "op": "eq", "value": "987654"}]})
    account.custom = {"budget": "987654.00"}
    account.save(update_fields=["custom"])
    rules(LABEL, ["custom.budget"], "hidden")
    page = sells.get(f"/customers/accounts/{account.pk}/edit/")
    assert "987654" not in page.content.decode()
    assert page.context["form"].rule_data["rules"][0]["where"]["nodes"] == [{"is": True}]


def test_nobody_is_asked_for_a_field_that_is_kept_from_them(sells, seller, account, rule, rules):
    rule("custom.budget", "required", graded("a"))
    rules(LABEL, ["custom.budget"], "hidden")
    assert Doors(sells, seller).form(account, {"custom.grade": "a"})


def test_facts_leave_out_what_rules_hide(sells, account, rule):
    account.custom = {"budget": "3.00", "grade": "b"}
    account.save(update_fields=["custom"])
    rule("custom.budget", "visible", graded("a"))
    page = sells.get(f"/customers/accounts/{account.pk}/")
    names = [field.name for part in page.context["facts"] for field in part.fields]
    assert "custom.grade" in names
    assert "custom.budget" not in names


def test_suggestions_follow_the_field_that_narrows_them(sells, seller, account, may):
    may(seller, "customers.contact", Scope.OWN)
    define_field(
        "customers.contact", "link", "chief", "上级", "Chief", actor=Actor(None, "test"), target="customers.contact"
    )
    Cascade.objects.create(entity="customers.contact", field="custom.chief", by="account", through="account")
    forget()
    here = make_contact(name="甲", owner=seller, account=account)
    make_contact(name="乙", owner=seller)
    page = sells.get(f"/customers/contacts/{here.pk}/edit/").content.decode()
    assert 'data-depends="account"' in page
    asked = {"for": "customers.contact:custom.chief", "account": account.pk}
    found = sells.get(reverse("entities:choices", args=["customers", "contacts"]), asked).json()
    assert [row["id"] for row in found["results"]] == [here.pk]
    asked["account"] = "x" * 99
    assert sells.get("/customers/contacts/choices/", asked).json()["results"] == []


def test_inline_a_link_is_suggested_beside_the_stored_value_that_narrows_it(sells, seller, account, may, rules):
    may(seller, "customers.contact", Scope.OWN)
    define_field(
        "customers.contact", "link", "chief", "上级", "Chief", actor=Actor(None, "test"), target="customers.contact"
    )
    Cascade.objects.create(entity="customers.contact", field="custom.chief", by="account", through="account")
    forget()
    here = make_contact(name="甲", owner=seller, account=account)
    narrowed = f"?for=customers.contact%3Acustom.chief&amp;account={account.pk}"
    url = f"/customers/contacts/{here.pk}/cell/custom.chief/"
    assert narrowed in sells.get(url).content.decode()
    rules("customers.contact", ["account"], "hidden")
    assert "account=" not in sells.get(url).content.decode()


def test_inline_offers_what_the_field_it_depends_on_allows(sells, account, rule):
    sizes = [{"value": v, "label_zh": v, "label_en": v} for v in ("s1", "s2", "s3")]
    define_field(LABEL, "choice", "size", "尺寸", "Size", actor=Actor(None, "test"), options=sizes)
    Cascade.objects.create(entity=LABEL, field="custom.size", by="custom.grade", matrix={"a": ["s1", "s2"]})
    rule("custom.size", "offered", graded("b"), options=["s2"])
    account.custom = {"grade": "a", "size": "s3"}
    account.save(update_fields=["custom"])
    url = f"/customers/accounts/{account.pk}/cell/custom.size/"
    offered = lambda page: [value for value, _label in page.context["input"].field.widget.choices]  # noqa: E731
    assert offered(sells.get(url)) == ["", "s1", "s3"]
    refused = sells.post(url, {"custom.size": "s2", "version": account.version})
    assert refused.status_code == 422 and offered(refused) == ["", "s1", "s3"]
    account.custom = {"grade": "c"}
    account.save(update_fields=["custom"])
    assert offered(sells.get(url)) == ["", "s1", "s3"]


def test_rules_cost_the_form_and_the_page_no_query(sells, account, rule):
    def count(url):
        sells.get(url)
        with CaptureQueriesContext(connection) as seen:
            sells.get(url)
        return len(seen)

    urls = [f"/customers/accounts/{account.pk}/", f"/customers/accounts/{account.pk}/edit/", "/customers/accounts/"]
    plain = [count(url) for url in urls]
    for number in range(20):
        rule("custom.budget", "required", {"all": [{"field": "custom.note", "op": "is", "value": str(number)}]})
    assert [count(url) for url in urls] == plain


def test_what_hangs_on_a_link_is_asked_of_the_server(sells, account, rule):
    rule("custom.note", "visible", {"all": [{"field": "owner__username", "op": "is", "value": "nobody"}]})
    page = sells.get(f"/customers/accounts/{account.pk}/edit/")
    data = page.context["form"].rule_data
    assert data["rules"][0]["where"]["nodes"] == [{"is": False}]
    answer = sells.post(f"/customers/accounts/{account.pk}/rules/", {"name": "x", "version": account.version})
    assert answer.status_code == 200
    assert json.loads(answer.content)["rules"][0]["target"] == "custom.note"
