"""Undo: the exact earlier state comes back, and what has moved on since is left and listed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.activities.models import Task
from crm.records import services
from crm.records.actor import Actor
from crm.records.diff import logged_fields, value_of
from crm.records.models import ChangeSet, Entry
from crm.records.undo import GONE, PROTECTED, REFUSED, undo, undo_entry
from customers.factories import make_account, make_affiliation, make_contact, some_user
from customers.models import Account, AccountContact, Contact
from sales.factories import make_opportunity

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor(rep):
    return Actor(rep, "test")


def change(record, actor, changes=None, **values):
    record.refresh_from_db()
    for name, value in values.items():
        setattr(record, name, value)
    return services.save(record, actor=actor, changes=changes)


def test_one_field_moved_on_the_other_comes_back(rep, actor):
    account = make_account(owner=rep, phone="1", employees=1)
    entry = change(account, actor, phone="2", employees=2)
    change(account, actor, phone="3")
    done = undo_entry(entry, actor=actor)
    account.refresh_from_db()
    assert (account.phone, account.employees) == ("3", 1)
    assert (done.records, [name for _e, name in done.conflicts]) == (1, ["phone"])


def test_links_come_back_as_links(rep, other, actor):
    account, parent = make_account(owner=rep), make_account(owner=rep)
    entry = change(account, actor, parent=parent, owner=other)
    undo_entry(entry, actor=actor)
    account.refresh_from_db()
    assert (account.parent, account.owner) == (None, rep)


def test_undoing_twice_does_it_once(rep, actor):
    account = make_account(owner=rep, employees=1)
    changes = services.change_set("bulk", actor=actor)
    change(account, actor, changes=changes, employees=2)
    assert undo(changes, actor=actor).records == 1
    change(account, actor, employees=2)
    assert undo(changes, actor=actor).records == 0
    account.refresh_from_db()
    assert account.employees == 2


def test_an_undone_set_can_be_done_again(rep, actor):
    accounts = [make_account(owner=rep, employees=1) for _n in range(3)]
    changes = services.change_set("bulk", actor=actor)
    for account in accounts:
        change(account, actor, changes=changes, employees=2)
    undo(changes, actor=actor)
    undo(ChangeSet.objects.get(kind="undo"), actor=actor)
    assert set(Account.objects.values_list("employees", flat=True)) == {2}


def test_undoing_a_delete_brings_back_the_parts(rep, actor):
    contact = make_contact(owner=rep)
    part = make_affiliation(make_account(owner=rep), contact)
    changes = services.delete(contact, actor=actor)
    done = undo(changes, actor=actor)
    assert done.conflicts == []
    assert AccountContact.objects.get(pk=part.pk).deleted_at is None
    assert Contact.objects.get(pk=contact.pk).deleted_at is None


def test_a_taken_key_is_a_conflict_and_the_others_come_back(rep, actor):
    account, contact = make_account(owner=rep), make_contact(owner=rep)
    taken, free = make_affiliation(account, contact), make_affiliation(make_account(owner=rep), contact)
    changes = services.delete_many([taken, free], actor=actor)
    make_affiliation(account, contact)
    done = undo(changes, actor=actor)
    assert [(e.record_id, why) for e, why in done.conflicts] == [(taken.pk, REFUSED)]
    assert AccountContact.objects.get(pk=free.pk).deleted_at is None
    assert AccountContact.objects.get(pk=taken.pk).deleted_at is not None


def test_a_value_that_the_database_refuses_by_now_is_a_conflict_and_the_others_come_back(rep, actor):
    one, two, spare = (make_account(owner=rep) for _n in range(3))
    contact = make_contact(owner=rep)
    first, second = make_affiliation(one, contact), make_affiliation(two, make_contact(owner=rep))
    changes = services.change_set("bulk", actor=actor)
    change(first, actor, changes=changes, account=spare)
    change(second, actor, changes=changes, job_title="x")
    make_affiliation(one, contact)
    done = undo(changes, actor=actor)
    assert [(e.record_id, why) for e, why in done.conflicts] == [(first.pk, REFUSED)]
    assert AccountContact.objects.get(pk=second.pk).job_title == ""


def test_created_records_that_others_need_stay_and_the_rest_goes(rep, actor):
    changes = services.change_set("import", actor=actor)
    needed, free = Account(name="甲", owner=rep), Account(name="乙", owner=rep)
    services.save_many([needed, free], actor=actor, changes=changes)
    make_contact(owner=rep, account=needed)
    done = undo(changes, actor=actor)
    assert [(e.record_id, why) for e, why in done.conflicts] == [(needed.pk, PROTECTED)]
    assert Account.objects.get(pk=free.pk).deleted_at
    assert not Account.objects.get(pk=needed.pk).deleted_at


def test_a_creation_under_another_kind_is_taken_back_too(rep, actor):
    account = Account(name="甲", owner=rep)
    undo_entry(services.save(account, actor=actor, kind="sales.lead.converted"), actor=actor)
    assert Account.objects.get(pk=account.pk).deleted_at


def test_a_purged_record_is_listed(rep, actor):
    account = make_account(owner=rep)
    entry = change(account, actor, employees=2)
    Account.objects.filter(pk=account.pk).delete()
    assert undo_entry(entry, actor=actor).conflicts == [(entry, GONE)]


def test_a_change_of_what_lies_in_the_trash_is_a_conflict(rep, actor):
    account = make_account(owner=rep, employees=1)
    entry = change(account, actor, employees=2)
    services.delete(account, actor=actor)
    assert [name for _e, name in undo_entry(entry, actor=actor).conflicts] == ["employees"]


def test_restored_goes_back_to_the_trash(rep, actor):
    account = make_account(owner=rep)
    services.delete(account, actor=actor)
    (entry,) = services.restore(account, actor=actor)
    undo_entry(entry, actor=actor)
    assert Account.objects.get(pk=account.pk).deleted_at


TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=30)
STEPS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "name": TEXT.filter(bool),
            "phone": TEXT,
            "employees": st.none() | st.integers(0, 10**6),
            "annual_revenue": st.none() | st.decimals(0, Decimal("9999999999999999.99"), places=2),
            "founded": st.none() | st.integers(1000, 2200),
            "is_person": st.booleans(),
            "kind": st.sampled_from(Account.Kind.values),
            "extras": st.dictionaries(TEXT, TEXT, max_size=2),
        },
    ),
    min_size=1,
    max_size=6,
)


def state(account) -> dict:
    account = Account.objects.get(pk=account.pk)
    return {field.name: value_of(account, field) for field in logged_fields(Account)}


@given(steps=STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_undo_restores_the_exact_earlier_state(db, steps):
    actor = Actor(some_user())
    account = make_account()
    before, key = state(account), Account.objects.get(pk=account.pk).name_key
    changes = services.change_set("bulk", actor=actor)
    for step in steps:
        change(account, actor, changes=changes, **step)
    done = undo(changes, actor=actor)
    assert state(account) == before
    assert Account.objects.get(pk=account.pk).name_key == key
    assert done.conflicts == []


@given(steps=STEPS, later=STEPS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_undo_puts_back_a_value_exactly_where_the_written_one_still_stands(db, steps, later):
    actor = Actor(some_user())
    account = make_account()
    entries = [entry for step in steps if (entry := change(account, actor, **step))]
    for step in later:
        change(account, actor, **step)
    expected, conflicts = state(account), 0
    for entry in reversed(entries):
        for name, (old, new) in entry.changes.items():
            stands = expected[name] == new
            expected[name] = old if stands else expected[name]
            conflicts += not stands
    undone = [undo_entry(entry, actor=actor) for entry in reversed(entries)]
    assert state(account) == expected
    assert sum(len(done.conflicts) for done in undone) == conflicts


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "UTC", "America/Sao_Paulo"])
def test_moments_come_back_from_any_time_zone(rep, actor, zone):
    task = Task(owner=rep, subject="x", due_at=datetime(2026, 1, 5, 18, tzinfo=ZoneInfo("Asia/Shanghai")))
    services.save(task, actor=actor)
    later = datetime(2026, 3, 1, 9, 30, tzinfo=ZoneInfo(zone))
    entry = change(task, actor, due_at=later)
    assert entry.changes == {"due_at": ["2026-01-05T10:00:00+00:00", later.astimezone(UTC).isoformat()]}
    assert undo_entry(entry, actor=actor).conflicts == []
    assert Task.objects.get(pk=task.pk).due_at == datetime(2026, 1, 5, 10, tzinfo=UTC)


def test_the_same_moment_said_in_another_zone_is_no_change(rep, actor):
    task = Task(owner=rep, subject="x", due_at=datetime(2026, 1, 5, 10, tzinfo=UTC))
    services.save(task, actor=actor)
    assert change(task, actor, due_at=datetime(2026, 1, 5, 18, tzinfo=ZoneInfo("Asia/Shanghai"))) is None


def test_minus_zero_is_zero(rep, actor):
    account = make_account(owner=rep, annual_revenue=Decimal(5))
    entry = change(account, actor, annual_revenue=Decimal("-0.00"))
    assert entry.changes == {"annual_revenue": ["5.00", "0.00"]}
    assert undo_entry(entry, actor=actor).conflicts == []
    assert Account.objects.get(pk=account.pk).annual_revenue == 5


def test_dates_come_back(rep, actor):
    deal = make_opportunity(owner=rep, close_date=date(2026, 12, 1))
    entry = change(deal, actor, close_date=date(2027, 1, 1))
    assert Entry.objects.get(pk=entry.pk).changes == {"close_date": ["2026-12-01", "2027-01-01"]}
    undo_entry(entry, actor=actor)
    deal.refresh_from_db()
    assert deal.close_date == date(2026, 12, 1)
