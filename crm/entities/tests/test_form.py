"""Forms made from declarations: what they offer, take, refuse and write."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.access.models import Scope
from crm.entities.bound import bind
from crm.entities.entity import entity_of
from crm.entities.forms import entity_form, initial_of
from crm.records.actor import Actor
from crm.records.errors import Conflict
from customers.factories import make_account, make_contact
from customers.models import Account, AccountContact

pytestmark = pytest.mark.django_db


def form_for(user, record, data=None, **options):
    return entity_form(bind(entity_of(record), user), data, instance=record, **options)


def test_hidden_fields_are_absent_and_what_is_posted_for_them_is_not_written(seller, account, field_rule, posted):
    field_rule(seller, "customers.account", "phone", "hidden")
    form = form_for(seller, account)
    assert "phone" not in form.fields
    form = form_for(seller, account, {**posted(form), "phone": "1"})
    assert form.is_valid(), form.errors
    form.write(actor=Actor(seller))
    assert Account.objects.get(pk=account.pk).phone == "022-6530 1188"


@pytest.mark.parametrize("mode", ["read", "masked"])
def test_locked_fields_are_shown_disabled_and_never_written(seller, account, field_rule, posted, mode):
    field_rule(seller, "customers.account", "phone", mode)
    form = form_for(seller, account)
    assert form.fields["phone"].disabled
    assert ("022-6530 1188" in str(form["phone"])) is (mode == "read")
    form = form_for(seller, account, {**posted(form), "phone": "999", "employees": "7"})
    assert form.is_valid(), form.errors
    assert form.write(actor=Actor(seller))
    account.refresh_from_db()
    assert (account.phone, account.employees) == ("022-6530 1188", 7)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [("¥1,234.50", "1234.50"), ("1.2万", "12000"), ("１２３", "123"), ("3 亿元", "300000000"), ("", None)],
)
def test_money_is_read_as_people_write_it(seller, account, posted, typed, amount):
    form = form_for(seller, account, posted(form_for(seller, account), annual_revenue=typed))
    assert form.is_valid(), form.errors
    assert form.cleaned_data["annual_revenue"] == (Decimal(amount) if amount else None)


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("annual_revenue", "USD 500"),
        ("annual_revenue", "-1"),
        ("annual_revenue", "NaN"),
        ("annual_revenue", "9" * 5000),
        ("employees", "1.5"),
        ("employees", "1e400"),
        ("founded", "99999"),
        ("name", "a\x00b"),
        ("name", "\ud800"),
        ("name", "字" * 301),
        ("name", " \u202e "),
        ("email", "nobody"),
        ("website", "javascript:alert(1)"),
        ("kind", "nonsense"),
        ("parent", "999999999999999999999"),
        ("parent", "1 or 1=1"),
        ("owner", "0"),
    ],
)
def test_hostile_or_wrong_values_are_refused_by_field(boss, account, posted, name, typed):
    form = form_for(boss, account, posted(form_for(boss, account), **{name: typed}))
    assert not form.is_valid()
    assert set(form.errors) == {name}


@pytest.mark.parametrize("value", [["a", "b"], {"a": 1}])
@pytest.mark.parametrize("name", ["name", "annual_revenue", "kind", "parent", "founded"])
def test_lists_and_objects_for_scalars_are_refused(boss, account, posted, name, value):
    form = form_for(boss, account, posted(form_for(boss, account), **{name: value}))
    assert not form.is_valid()
    assert set(form.errors) == {name}


def test_invisible_signs_are_dropped(seller, account, posted):
    form = form_for(seller, account, posted(form_for(seller, account), name="  北\u200b辰\u202e "))
    assert form.is_valid(), form.errors
    assert form.cleaned_data["name"] == "北辰"


def test_links_offer_only_what_the_person_may_see(seller, other, account, posted):
    mine, theirs = make_account(owner=seller), make_account(owner=other)
    start = posted(form_for(seller, account))
    assert form_for(seller, account, {**start, "parent": str(mine.pk)}).is_valid()
    refused = form_for(seller, account, {**start, "parent": str(theirs.pk)})
    assert not refused.is_valid()
    assert set(refused.errors) == {"parent"}


def test_a_link_that_the_record_holds_already_stays_allowed(seller, other, account, posted):
    account.parent = make_account(owner=other)
    account.save()
    form = form_for(seller, account, posted(form_for(seller, account), employees="5"))
    assert form.is_valid(), form.errors
    assert str(account.parent.pk) in str(form["parent"])


def test_remote_selects_render_the_chosen_option_only(seller, account):
    for _n in range(5):
        make_account(owner=seller)
    account.parent = make_account(owner=seller)
    html = str(form_for(seller, account)["parent"])
    assert html.count("<option") == 2
    assert "data-remote=" in html


def test_the_owner_changes_only_by_the_right_to_assign(seller, other, account, posted, grant):
    assert form_for(seller, account).fields["owner"].disabled
    grant(seller, "customers.account", assign=Scope.TEAM)
    form = form_for(seller, account, posted(form_for(seller, account), owner=str(other.pk)))
    assert not form.is_valid()
    assert set(form.errors) == {"owner"}
    grant(seller, "customers.account", assign=Scope.ALL)
    form = form_for(seller, account, posted(form_for(seller, account), owner=str(other.pk)))
    assert form.is_valid(), form.errors
    assert form.write(actor=Actor(seller))
    assert Account.objects.get(pk=account.pk).owner == other


def test_a_stale_version_is_a_conflict(seller, account, posted):
    data = posted(form_for(seller, account), employees="5")
    Account.objects.filter(pk=account.pk).update(version=account.version + 1)
    form = form_for(seller, Account.objects.get(pk=account.pk), data)
    assert form.is_valid(), form.errors
    with pytest.raises(Conflict):
        form.write(actor=Actor(seller))


def test_only_what_differs_is_written(seller, account, posted):
    form = form_for(seller, account, posted(form_for(seller, account)))
    assert form.is_valid(), form.errors
    assert form.write(actor=Actor(seller))
    assert form.entry is None
    assert Account.objects.get(pk=account.pk).version == account.version


def test_the_address_fills_in_declared_and_valid_values_only(seller, account, other):
    bound = bind(entity_of(account), seller)
    theirs = make_account(owner=other)
    raw = {"name": "甲", "parent": str(theirs.pk), "version": "9", "deleted_at": "2026-01-01", "employees": "x"}
    assert initial_of(bound, raw) == {"name": "甲"}


def test_saving_costs_few_queries(seller, account, posted):
    data = posted(form_for(seller, account), employees="5", annual_revenue="10")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        form = form_for(seller, Account.objects.select_related("owner", "parent").get(pk=account.pk), data)
        assert form.is_valid(), form.errors
    assert len(queries) <= 4, [q["sql"][:120] for q in queries]


def test_a_part_is_not_added_to_a_whole_that_one_may_only_see(seller, other, account, grant):
    theirs, person = make_account(owner=other), make_contact(owner=seller)
    grant(seller, "customers.account", view=Scope.ALL)
    bound = bind(entity_of(AccountContact), seller)

    def added_to(whole):
        data = {"account": str(whole.pk), "contact": str(person.pk), "current": "on"}
        form = entity_form(bound, data, instance=bound.entity.new(seller, {}))
        assert form.is_valid(), form.errors
        return form.write(actor=Actor(seller))

    assert not added_to(theirs)
    assert added_to(account)
    assert set(AccountContact.objects.values_list("account", flat=True)) == {account.pk}
