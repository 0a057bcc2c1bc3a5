"""Taking back through the front door: who may, what comes back, what is listed as having moved on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.access.models import Scope
from crm.records import services
from crm.records.actor import Actor
from crm.records.models import ChangeSet, Entry
from customers.factories import make_account

pytestmark = pytest.mark.django_db


def changed(account, user, **values):
    for name, value in values.items():
        setattr(account, name, value)
    return services.save(account, actor=Actor(user))


def post(client, name, done):
    return client.post(reverse(f"entities:{name}", args=[done.pk]))


def test_the_person_takes_back_their_own_change(sells, seller, account):
    entry = changed(account, seller, employees=5)
    assert post(sells, "undo_entry", entry).status_code == 302
    account.refresh_from_db()
    assert account.employees == 1200


def test_what_moved_on_is_listed_and_left(sells, seller, account):
    entry = changed(account, seller, employees=5, phone="1")
    changed(account, seller, employees=6)
    answer = post(sells, "undo_entry", entry)
    assert answer.status_code == 409
    assert "Employees" in answer.content.decode()
    account.refresh_from_db()
    assert (account.employees, account.phone) == (6, "022-6530 1188")


def test_strangers_may_not_undo(client_of, other, seller, account, grant):
    entry = changed(account, seller, employees=5)
    grant(other, "customers.account", view=Scope.ALL, change=Scope.OWN)
    assert post(client_of(other), "undo_entry", entry).status_code == 403
    account.refresh_from_db()
    assert account.employees == 5


def test_who_may_change_the_record_may_undo_but_not_what_is_hidden_from_them(client_of, other, seller, account, grant, field_rule):  # fmt: skip
    entry = changed(account, seller, employees=5)
    grant(other, "customers.account", view=Scope.ALL, change=Scope.ALL)
    field_rule(other, "customers.account", "employees", "hidden")
    assert post(client_of(other), "undo_entry", entry).status_code == 403
    field_rule(other, "customers.account", "phone", "hidden")
    grant(other, "customers.account", change=Scope.ALL)
    from crm.access.models import FieldRule

    FieldRule.objects.filter(field="employees").delete()
    assert post(client_of(other), "undo_entry", entry).status_code == 302


def test_a_day_later_ones_own_change_needs_the_right_to_change(client_of, other, account, grant):
    old = timezone.now() - timedelta(days=2)
    entry = Entry.objects.create(
        at=old, kind="customers.account.changed", entity="customers.account", record_id=account.pk, title="x",
        actor=other, changes={"employees": [1, 1200]},
    )  # fmt: skip
    grant(other, "customers.account", view=Scope.OWN, change=Scope.OWN)
    assert post(client_of(other), "undo_entry", entry).status_code == 403


def test_an_owner_is_put_back_only_by_who_may_assign(client_of, seller, other, boss, account, grant):
    account.owner = other
    entry = services.save(account, actor=Actor(boss))
    grant(other, "customers.account", view=Scope.ALL, change=Scope.ALL)
    assert post(client_of(other), "undo_entry", entry).status_code == 403
    grant(other, "customers.account", assign=Scope.ALL)
    assert post(client_of(other), "undo_entry", entry).status_code == 302
    account.refresh_from_db()
    assert account.owner == seller


def test_a_set_needs_every_record(client_of, seller, other, boss, grant):
    mine, theirs = make_account(owner=seller), make_account(owner=other)
    changes = services.change_set("bulk", actor=Actor(boss), entity="customers.account")
    for account in (mine, theirs):
        account.employees = 5
        services.save(account, actor=Actor(boss), changes=changes)
    grant(seller, "customers.account", view=Scope.OWN, change=Scope.OWN)
    assert post(client_of(seller), "undo_set", changes).status_code == 403
    assert post(client_of(boss), "undo_set", changes).status_code == 302
    assert [type(a).objects.get(pk=a.pk).employees for a in (mine, theirs)] == [None, None]


def test_undo_is_posted_and_known(sells, account, client):
    entry = Entry.objects.get(record_id=account.pk, entity="customers.account")
    assert sells.get(reverse("entities:undo_entry", args=[entry.pk])).status_code == 405
    assert sells.post(reverse("entities:undo_entry", args=[10**15])).status_code == 404
    assert sells.post(reverse("entities:undo_set", args=[10**15])).status_code == 404
    client.logout()
    assert client.post(reverse("entities:undo_entry", args=[entry.pk])).status_code == 302
    account.refresh_from_db()
    assert account.deleted_at is None


def test_undoing_a_creation_moves_it_to_the_trash_and_undoing_that_brings_it_back(sells, seller, account):
    created = Entry.objects.get(record_id=account.pk, entity="customers.account")
    assert post(sells, "undo_entry", created).status_code == 302
    account.refresh_from_db()
    assert account.deleted_at
    inverse = ChangeSet.objects.get(kind="undo")
    assert post(sells, "undo_set", inverse).status_code == 302
    account.refresh_from_db()
    assert account.deleted_at is None


def restore(client, entry, name):
    return client.post(reverse("entities:undo_entry", args=[entry.pk]), {"field": name})


def test_one_value_of_a_change_comes_back_also_where_it_moved_on(sells, seller, account):
    entry = changed(account, seller, employees=5, phone="1")
    changed(account, seller, employees=6)
    page = sells.get(f"/customers/accounts/{account.pk}/history/").content.decode()
    assert 'name="field" value="employees"' in page and 'name="field" value="phone"' in page
    assert restore(sells, entry, "employees").status_code == 302
    account.refresh_from_db()
    assert (account.employees, account.phone) == (1200, "1")
    undone = ChangeSet.objects.get(kind="undo")
    assert Entry.objects.get(change_set=undone).changes == {"employees": [6, 1200]}
    assert post(sells, "undo_set", undone).status_code == 302
    account.refresh_from_db()
    assert account.employees == 6


def test_one_value_comes_back_only_where_it_may_be_written(client_of, sells, other, seller, account, grant, field_rule):
    entry = changed(account, seller, employees=5, phone="1")
    grant(other, "customers.account", view=Scope.ALL, change=Scope.OWN)
    assert restore(client_of(other), entry, "employees").status_code == 403
    grant(other, "customers.account", view=Scope.ALL, change=Scope.ALL)
    field_rule(other, "customers.account", "employees", "read")
    page = client_of(other).get(f"/customers/accounts/{account.pk}/history/").content.decode()
    assert 'value="phone"' in page and 'value="employees"' not in page
    assert restore(client_of(other), entry, "employees").status_code == 403
    assert restore(client_of(other), entry, "phone").status_code == 302
    assert restore(sells, entry, "name").status_code == 403  # not part of that change
    services.delete(account, actor=Actor(seller))
    assert restore(sells, entry, "employees").status_code in {403, 409}
    account.refresh_from_db()
    assert (account.employees, account.phone) == (5, "022-6530 1188")
