"""Rules, links, views and conflicts treat a custom field like any other."""

from __future__ import annotations

import pytest

from crm.access.models import FieldRule, Role, Scope
from crm.customfields.models import CustomField
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.models import SavedView
from crm.entities.testing import exported, listed
from crm.records import services
from crm.records.actor import Actor
from crm.records.models import Entry
from crm.records.undo import undo_entry
from customers.factories import make_account, make_contact
from customers.models import Account
from sales.factories import make_opportunity

pytestmark = pytest.mark.django_db
LABEL, URL = "customers.account", "/customers/accounts/"


@pytest.fixture
def desk(client, rep, grant):
    for label in (LABEL, "customers.contact", "sales.opportunity"):
        grant(rep, label, **dict.fromkeys(("view", "add", "change", "delete", "export", "import"), Scope.OWN))
    client.force_login(rep)
    return client


def hold(record, **values):
    type(record).objects.filter(pk=record.pk).update(custom=values)
    record.refresh_from_db()
    return record


def test_a_field_of_a_linked_record_is_a_column_and_a_filter(desk, define, rep):
    define(LABEL, "choice", "grade")
    account = hold(make_account(owner=rep), grade="b")
    deal, other = make_opportunity(owner=rep, account=account), make_opportunity(owner=rep)
    page = desk.get("/sales/opportunities/?cols=name,account__custom.grade")
    assert "Option b" in page.content.decode() and "Account · My grade" in page.content.decode()
    assert listed(desk, "sales.opportunity", "?account__custom.grade=b") == {deal.pk}
    assert listed(desk, "sales.opportunity", "?account__custom.grade__empty=1") == {other.pk}
    assert "Option b" in "\n".join(exported(desk, "sales.opportunity", "?cols=name,account__custom.grade"))


@pytest.mark.parametrize("mode", ["hidden", "masked"])
def test_a_rule_for_the_field_holds_through_a_link(desk, define, rep, field_rule, mode):
    define(LABEL, "text", "secret")
    field_rule(rep, LABEL, "custom.secret", mode)
    account = hold(make_account(owner=rep), secret="Qzebra")
    make_opportunity(owner=rep, account=account)
    for url in (
        "/sales/opportunities/?cols=name,account__custom.secret",
        f"{URL}{account.pk}/",
        f"{URL}{account.pk}/edit/",
    ):
        assert "Qzebra" not in desk.get(url).content.decode()
    assert desk.get("/sales/opportunities/?account__custom.secret=Qzebra").status_code == 422
    assert "Qzebra" not in "\n".join(exported(desk, "sales.opportunity", "?cols=name,account__custom.secret"))


def test_the_name_of_a_linked_record_shows_only_to_who_may_see_it(
    desk, define, rep, other, django_assert_max_num_queries
):
    define(LABEL, "link", "expert", target="customers.contact")
    mine, theirs = make_contact(owner=rep, name="Qmine"), make_contact(owner=other, name="Qtheirs")
    shown, hidden = hold(make_account(owner=rep), expert=mine.pk), hold(make_account(owner=rep), expert=theirs.pk)
    said = desk.get(URL + "?cols=name,custom.expert").content.decode()
    assert "Qmine" in said and "Qtheirs" not in said
    assert "Qtheirs" not in "\n".join(exported(desk, LABEL, "?cols=name,custom.expert"))
    for url in (f"{URL}{hidden.pk}/", f"{URL}{hidden.pk}/edit/", f"{URL}{hidden.pk}/cell/custom.expert/"):
        assert "Qtheirs" not in desk.get(url).content.decode(), url
    assert "Qmine" in desk.get(f"{URL}{shown.pk}/").content.decode()
    refused = desk.post(f"{URL}{shown.pk}/cell/custom.expert/", {"version": 1, "custom.expert": theirs.pk})
    assert refused.status_code == 422
    kept = desk.post(f"{URL}{hidden.pk}/cell/custom.expert/", {"version": 1, "custom.expert": theirs.pk})
    assert kept.status_code == 200
    hidden.refresh_from_db()
    assert hidden.custom == {"expert": theirs.pk}
    assert desk.get(f"{URL}link/custom.expert/", {"q": "Q"}).status_code in {200, 404}
    assert listed(desk, LABEL, f"?custom.expert={mine.pk}") == {shown.pk}
    for number in range(30):
        hold(make_account(owner=rep, name=f"N{number}"), expert=mine.pk)
    with django_assert_max_num_queries(12):
        desk.get(URL + "?cols=name,custom.expert")


def test_history_names_linked_records_within_rights(desk, define, rep, other):
    define(LABEL, "link", "expert", target="customers.contact")
    account = make_account(owner=rep)
    for contact in (make_contact(owner=other, name="Qtheirs"), make_contact(owner=rep, name="Qmine")):
        account.refresh_from_db()
        registry[LABEL].field("custom.expert").put(account, contact)
        services.save(account, actor=Actor(rep, "test"))
    history = desk.get(f"{URL}{account.pk}/?tab=history").content.decode()
    assert "Qmine" in history and "Qtheirs" not in history and "•••" in history


def test_a_view_that_names_a_deleted_field_is_broken_not_dropped(desk, define, rep):
    field = define(LABEL, "text", "thing")
    where = {"all": [{"field": "custom.thing", "op": "contains", "value": "x"}]}
    view = SavedView.objects.create(user=rep, entity=LABEL, name="Mine", where=where, columns=["name", "custom.thing"])
    hold(make_account(owner=rep), thing="x")
    assert len(listed(desk, LABEL, f"?view={view.pk}")) == 1
    CustomField.objects.filter(pk=field.pk).update(active=False)
    answer = desk.get(f"{URL}?view={view.pk}")
    assert answer.status_code == 422 and "custom.thing" in answer.content.decode()
    CustomField.objects.filter(pk=field.pk).delete()
    answer = desk.get(f"{URL}?view={view.pk}")
    assert answer.status_code == 422 and answer.context["page"] is None
    assert SavedView.objects.get(pk=view.pk).where == where
    assert desk.get(URL + "?cols=name,custom.thing").status_code == 200


def test_two_people_who_change_different_fields_see_both(desk, define, rep):
    define(LABEL, "text", "one")
    define(LABEL, "date", "two")
    account = hold(make_account(owner=rep, name="A"), one="base", two="2026-01-01")
    form = desk.get(f"{URL}{account.pk}/edit/").context["form"]
    data = {n: form[n].value() for n in form.names if form[n].value() not in (None, False, "")} | {
        "version": account.version
    }
    registry[LABEL].field("custom.one").put(account, "theirs")
    services.save(account, actor=Actor(rep, "test"))
    answer = desk.post(f"{URL}{account.pk}/edit/", data | {"custom.one": "mine", "custom.two": "2026-02-02"})
    assert answer.status_code == 409
    sides = {side.label: (side.base, side.mine, side.theirs) for side in answer.context["sides"]}
    assert sides == {"My one": ("base", "mine", "theirs"), "My two": ("2026-01-01", "2026-02-02", "2026-01-01")}
    again = data | {
        "version": account.version,
        "confirm": "1",
        "custom.one": "mine",
        "custom.two": "2026-02-02",
        "keep_custom.one": "theirs",
    }
    assert desk.post(f"{URL}{account.pk}/edit/", again).status_code == 302
    account.refresh_from_db()
    assert account.custom == {"one": "theirs", "two": "2026-02-02"}


def test_undo_puts_back_the_keys_that_still_hold(define, rep):
    define(LABEL, "text", "one")
    define(LABEL, "text", "two")
    account, actor = make_account(owner=rep), Actor(rep, "test")
    for values in ({"one": "a", "two": "a"}, {"one": "b", "two": "b"}):
        account.custom = values
        entry = services.save(account, actor=actor)
    account.custom = {"one": "c", "two": "b", "free": 1}
    services.save(account, actor=actor)
    done = undo_entry(entry, actor=actor)
    account.refresh_from_db()
    assert account.custom == {"one": "c", "two": "a", "free": 1}
    assert (done.records, [name for _e, name in done.conflicts]) == (1, ["custom.one"])


def test_a_computed_value_is_no_history_and_survives_a_save(define, rep, monkeypatch):
    from crm.records import diff

    define(LABEL, "text", "one")
    monkeypatch.setattr(diff, "computed_codes", [lambda model: frozenset({"total"})])
    account = make_account(owner=rep)
    Account.objects.filter(pk=account.pk).update(custom={"total": "5"})
    account.custom = {"one": "x", "total": "stale"}
    entry = services.save(account, actor=Actor(rep, "test"))
    account.refresh_from_db()
    assert account.custom == {"one": "x", "total": "5"}
    assert entry.changes == {"custom.one": [None, "x"]}


def test_the_matrix_offers_rules_for_it(client, boss, define):
    define(LABEL, "text", "thing")
    client.force_login(boss)
    role = Role.objects.create(name="R", code="r")
    page = client.get(f"/admin/access/role/{role.pk}/change/").content.decode()
    assert f"{LABEL}:custom.thing" in page
    FieldRule.objects.create(role=role, entity=LABEL, field="custom.thing", mode="read")
    assert bind(registry[LABEL], boss).bind_field(registry[LABEL].field("custom.thing")).editable


def test_sums_are_shown_over_all_rows(desk, define, rep):
    define(LABEL, "money", "budget")
    define(LABEL, "integer", "seats")
    for number in (1, 2, 3):
        hold(make_account(owner=rep), budget=f"{number}.50", seats=number)
    totals = desk.get(URL + "counts/?cols=name,custom.budget,custom.seats").context["totals"]
    assert {field.name: sums for field, sums in totals.sums} == {
        "custom.budget": [(pytest.approx(7.5), "CNY")],
        "custom.seats": [(6, "")],
    }


def test_entries_hold_only_what_changed(desk, define, rep):
    define(LABEL, "boolean", "vip")
    define(LABEL, "text", "one")
    account = make_account(owner=rep, name="A")
    form = desk.get(f"{URL}{account.pk}/edit/").context["form"]
    data = {n: form[n].value() for n in form.names if form[n].value() not in (None, False, "")} | {
        "version": account.version
    }
    assert desk.post(f"{URL}{account.pk}/edit/", data | {"custom.one": "x"}).status_code == 302
    assert Entry.objects.get(record_id=account.pk, kind=f"{LABEL}.changed").changes == {"custom.one": [None, "x"]}
