"""Writing records: what is logged, what is refused, what goes to the trash and comes back together."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from crm.records import services
from crm.records.actor import Actor
from crm.records.errors import Conflict, Protected
from crm.records.models import ChangeSet, Entry, EntryLink
from customers.factories import make_account, make_affiliation, make_contact
from customers.models import Account, AccountContact, Contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor(rep):
    return Actor(rep, "test")


@pytest.fixture
def account(rep):
    return make_account(name="北辰重工", owner=rep, employees=10)


def entries_of(record):
    return list(Entry.objects.filter(entity=record.entity_label(), record_id=record.pk).order_by("id"))


def test_a_change_is_one_entry_with_old_and_new(account, actor):
    account.employees, account.annual_revenue = 12, Decimal("5")
    entry = services.save(account, actor=actor)
    assert entry.changes == {"employees": [10, 12], "annual_revenue": [None, "5.00"]}
    assert (entry.kind, entry.actor, entry.cause) == ("customers.account.changed", actor.user, "test")
    account.refresh_from_db()
    assert (account.version, account.updated_by) == (2, actor.user)


def test_nothing_changed_is_no_entry_and_no_version(account, actor):
    account.annual_revenue = None
    assert services.save(account, actor=actor) is None
    assert len(entries_of(account)) == 1
    account.refresh_from_db()
    assert account.version == 1


def test_a_lost_update_is_refused_and_leaves_no_trace(account, actor):
    stale = Account.objects.get(pk=account.pk)
    account.employees = 11
    services.save(account, actor=actor)
    stale.employees = 99
    with pytest.raises(Conflict) as refused, transaction.atomic():
        services.save(stale, actor=actor)
    assert refused.value.current.employees == 11
    assert Account.objects.get(pk=account.pk).employees == 11
    assert len(entries_of(account)) == 2


def test_save_many_refuses_the_whole_batch_on_one_lost_update(rep, actor):
    first, second = make_account(owner=rep), make_account(owner=rep)
    Account.objects.filter(pk=second.pk).update(version=7)
    first.employees = second.employees = 3
    with pytest.raises(Conflict), transaction.atomic():
        services.save_many([first, second], actor=actor)
    assert not Account.objects.filter(employees=3).exists()


def test_save_many_writes_new_and_changed_ones_with_one_entry_each(rep, actor):
    old = make_account(owner=rep)
    old.employees = 3
    new = Account(name="新的", owner=rep)
    entries = services.save_many([old, new], actor=actor)
    assert {(e.record_id, e.kind.rpartition(".")[2]) for e in entries} == {(old.pk, "changed"), (new.pk, "created")}
    assert new.department_id == rep.department_id
    assert new.name_key


def test_save_many_costs_the_same_for_two_and_twenty(rep, actor):
    def cost(n):
        records = [make_account(owner=rep) for _n in range(n)]
        for record in records:
            record.employees = 77
        with CaptureQueriesContext(connection) as queries:
            services.save_many(records, actor=actor)
        return len(queries)

    assert cost(2) == cost(20)


def test_an_entry_shows_on_each_of_its_subjects_once(account, rep, actor):
    contact = make_contact(owner=rep, account=account)
    created = entries_of(contact)[0]
    links = EntryLink.objects.filter(entry_id=created.pk).values_list("entity", "record_id")
    assert sorted(links) == sorted([("customers.contact", contact.pk), ("customers.account", account.pk)])


def test_parts_go_to_the_trash_and_come_back_with_their_whole(account, rep, actor):
    contact = make_contact(owner=rep)
    kept, dropped = make_affiliation(account, contact), make_affiliation(make_account(owner=rep), contact)
    services.delete(dropped, actor=actor)
    changes = services.delete(contact, actor=actor)
    kept.refresh_from_db()
    contact.refresh_from_db()
    assert kept.deleted_at == contact.deleted_at == changes.at
    services.restore(contact, actor=actor)
    assert AccountContact.objects.get(pk=kept.pk).deleted_at is None
    assert AccountContact.objects.get(pk=dropped.pk).deleted_at is not None


def test_what_others_need_stays(account, rep, actor):
    contact = make_contact(owner=rep, account=account)
    assert services.dependents(account) == ([], [contact])
    with pytest.raises(Protected) as refused:
        services.delete(account, actor=actor)
    assert refused.value.blockers == [contact]
    assert not ChangeSet.objects.exists()
    services.delete(contact, actor=actor)
    services.delete(account, actor=actor)
    account.refresh_from_db()
    assert account.deleted_at


def test_records_that_hold_each_other_go_together(rep, actor):
    parent = make_account(owner=rep)
    child = make_account(owner=rep, parent=parent)
    with pytest.raises(Protected):
        services.delete(parent, actor=actor)
    services.delete_many([parent, child], actor=actor)
    assert not Account.objects.filter(deleted_at__isnull=True).exists()


def test_deleting_twice_deletes_once(account, actor):
    services.delete(Account.objects.get(pk=account.pk), actor=actor)
    services.delete(Account.objects.get(pk=account.pk), actor=actor)
    assert [e.kind.rpartition(".")[2] for e in entries_of(account)] == ["created", "deleted"]


def test_what_lies_in_the_trash_can_not_be_saved(account, actor):
    services.delete(Account.objects.get(pk=account.pk), actor=actor)
    account.employees = 4
    with pytest.raises(Conflict):
        services.save(account, actor=actor)


def test_restoring_refuses_when_the_key_was_taken(account, rep, actor):
    contact = make_contact(owner=rep)
    first = make_affiliation(account, contact)
    services.delete(first, actor=actor)
    make_affiliation(account, contact)
    with pytest.raises(IntegrityError), transaction.atomic():
        services.restore(first, actor=actor)


def test_a_creation_of_its_own_kind_says_that_it_created(rep, actor):
    contact = Contact(name="转来的人", owner=rep)
    assert services.save(contact, actor=actor, kind="customers.contact.converted").data == {"verb": "created"}
