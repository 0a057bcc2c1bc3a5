"""Roll-ups: always what a recount would give, whoever changes rows, through whichever door, at the same time."""

from __future__ import annotations

import random
import threading
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.activities.models import Task
from crm.customfields import definitions
from crm.customfields.formulas.recalculating import nightly
from crm.customfields.models import CustomField
from crm.customfields.services import change_field, define_field
from crm.entities.testing import listed
from crm.jobs.models import Job
from crm.jobs.running import run
from crm.records.actor import Actor
from crm.records.errors import Conflict
from crm.records.models import Entry
from crm.records.services import change_set, delete, delete_many, restore, save, save_many
from crm.records.undo import undo
from customers.factories import make_account, make_contact
from customers.models import Account, Contact
from sales.factories import make_opportunity, make_pipeline
from sales.models import Opportunity
from sales.services import win_opportunity

ACCOUNT, DEAL, CONTACT = "customers.account", "sales.opportunity", "customers.contact"
OPEN = {"all": [{"field": "state", "op": "in", "value": ["open"]}]}


@pytest.fixture
def rollup(define):
    """``rollup("total", "sum", "amount", where=OPEN)`` over the opportunities of accounts."""

    def make(code, function, field="", link=f"{DEAL}:account", where=None, entity=ACCOUNT, **more):
        said = {"link": link, "function": function, "field": field, "where": where or {}}
        return define(entity, "rollup", code, settings=said, **more)

    return make


def held(record):
    record.refresh_from_db()
    return record.custom


def run_jobs():
    for job in Job.objects.filter(state="queued", kind="customfields.recompute").order_by("pk"):
        run(job.pk)


def test_every_function_follows_every_kind_of_change(rollup, actor, boss):
    rollup("n", "count")
    rollup("open_n", "count", where=OPEN)
    rollup("total", "sum", "amount")
    rollup("least", "min", "amount")
    rollup("most", "max", "amount")
    rollup("mean", "avg", "amount")
    rollup("last", "max", "close_date")
    one, two = make_account(owner=boss), make_account(owner=boss)
    assert one.custom == {"n": 0, "open_n": 0, "total": "0.00"}
    deals = [
        make_opportunity(owner=boss, account=one, amount=Decimal(n), close_date=f"2026-01-0{n}") for n in (1, 2, 4)
    ]
    full = {"n": 3, "open_n": 3, "total": "7.00", "least": "1.00", "most": "4.00", "mean": "2.33", "last": "2026-01-04"}
    assert held(one) == full and one.version == 1
    deals[2].account = two
    save(deals[2], actor=actor)
    assert held(one)["total"] == "3.00" and held(two)["total"] == "4.00" and held(two)["last"] == "2026-01-04"
    changes = delete(deals[1], actor=actor)
    assert held(one) == full | {
        "n": 1,
        "open_n": 1,
        "total": "1.00",
        "most": "1.00",
        "mean": "1.00",
        "last": "2026-01-01",
    }
    undo(changes, actor=actor)
    assert held(one)["total"] == "3.00"
    deals[0].refresh_from_db()
    win_opportunity(deals[0], actor=actor)
    assert (held(one)["n"], held(one)["open_n"]) == (2, 1)
    entries = {e.kind for e in Entry.objects.filter(entity=ACCOUNT, record_id=one.pk)}
    assert f"{ACCOUNT}.changed" not in entries


def test_many_rows_move_set_wise(rollup, actor, boss, django_assert_max_num_queries):
    rollup("n", "count")
    rollup("total", "sum", "amount")
    accounts = [make_account(owner=boss) for _n in range(5)]
    stage = make_pipeline().stages.first()
    deals = [
        Opportunity(owner=boss, name=f"D{n}", stage=stage, account=accounts[n % 5], amount=Decimal(n))
        for n in range(100)
    ]
    changes = change_set("import", actor=actor, entity=DEAL)
    with django_assert_max_num_queries(25):
        save_many(deals, actor=actor, changes=changes)
    assert [held(a)["n"] for a in accounts] == [20] * 5 and held(accounts[1])["total"] == "970.00"
    for deal in deals:
        deal.account = accounts[0]
    with django_assert_max_num_queries(25):
        save_many(deals, actor=actor)
    assert held(accounts[0]) == {"n": 100, "total": "4950.00"} and held(accounts[4]) == {"n": 0, "total": "0.00"}
    delete_many(deals[:50], actor=actor)
    assert held(accounts[0])["n"] == 50
    undo(changes, actor=actor)
    assert held(accounts[0])["n"] == 0


def test_custom_links_and_what_hangs_on_a_record_are_counted(rollup, define, actor, boss):
    define(DEAL, "link", "agent", target=CONTACT)
    rollup("deals", "count", link=f"{DEAL}:custom.agent", entity=CONTACT)
    rollup("worth", "sum", "amount", link=f"{DEAL}:custom.agent", entity=CONTACT)
    rollup("tasks", "count", link="activities.task:on", entity=CONTACT)
    contact, other = make_contact(owner=boss), make_contact(owner=boss)
    deal = make_opportunity(owner=boss, amount=Decimal(5), custom={"agent": contact.pk})
    assert held(contact) == {"deals": 1, "worth": "5.00", "tasks": 0}
    deal.custom = {**deal.custom, "agent": other.pk}
    save(deal, actor=actor)
    assert (held(contact)["deals"], held(other)["worth"]) == (0, "5.00")
    task = Task(owner=boss, subject="Call", on_entity=CONTACT, on_id=contact.pk)
    save(task, actor=actor)
    assert held(contact)["tasks"] == 1
    delete(task, actor=actor)
    assert held(contact)["tasks"] == 0


def test_formulas_and_roll_ups_stand_on_each_other(rollup, define, actor, boss):
    define(
        DEAL,
        "formula",
        "weighted",
        settings={"expression": "amount * coalesce(probability, 50) / 100", "result": "money"},
    )
    rollup("expected", "sum", "custom.weighted")
    define(ACCOUNT, "formula", "big", settings={"expression": "expected > 100", "result": "boolean"})
    rollup("of_group", "sum", "custom.expected", link=f"{ACCOUNT}:parent")
    group = make_account(owner=boss)
    account = make_account(owner=boss, parent=group)
    deal = make_opportunity(owner=boss, account=account, amount=Decimal(100))
    assert held(account) == {"expected": "50.00", "big": False, "of_group": "0.00"}
    deal.amount = Decimal(1000)
    save(deal, actor=actor)
    assert held(account)["big"] is True and held(group)["of_group"] == "500.00"
    account.refresh_from_db()
    account.parent = None
    save(account, actor=actor)
    assert held(group)["of_group"] == "0.00"


def test_a_whole_that_is_trashed_and_restored_counts_right(rollup, actor, boss):
    rollup("people", "count", link=f"{CONTACT}:account")
    account = make_account(owner=boss)
    contacts = [make_contact(owner=boss, account=account) for _n in range(3)]
    for contact in contacts[:2]:
        delete(contact, actor=actor)
    assert held(account)["people"] == 1
    contacts[0].refresh_from_db()
    restore(contacts[0], actor=actor)
    assert held(account)["people"] == 2


def test_a_new_definition_counts_what_is_there_and_changes_with_its_condition(rollup, actor, boss):
    account = make_account(owner=boss)
    deals = [make_opportunity(owner=boss, account=account, amount=Decimal(n)) for n in (1, 2)]
    win_opportunity(deals[0], actor=actor)
    field = rollup("n", "count")
    run_jobs()
    assert held(account) == {"n": 2}
    change_field(field, actor=actor, settings={**field.settings, "where": OPEN})
    run_jobs()
    assert held(account) == {"n": 1}
    change_field(
        field, actor=actor, settings={**field.settings, "where": {"all": [{"field": "close_date", "op": "today"}]}}
    )
    run_jobs()
    assert held(account) == {"n": 1}  # the one won today
    Account.objects.filter(pk=account.pk).update(custom={"n": 5})
    assert nightly() == 1 and held(account) == {"n": 1} and nightly() == 0


def test_conditions_look_through_links(rollup, actor, boss):
    rollup("n", "count", where={"all": [{"field": "account__level", "op": "in", "value": ["a"]}]})
    account = make_account(owner=boss, level="b")
    make_opportunity(owner=boss, account=account)
    assert held(account)["n"] == 0
    account.level = "a"
    save(account, actor=actor)
    assert held(account)["n"] == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"link": "x"}, "link"),
        ({"link": f"{DEAL}:owner"}, "link"),
        ({"link": f"{DEAL}:account", "function": "median"}, "function"),
        ({"link": f"{DEAL}:account", "function": "sum", "field": "name"}, "field"),
        ({"link": f"{DEAL}:account", "function": "sum", "field": "close_date"}, "field"),
        ({"link": f"{DEAL}:account", "function": "count", "where": {"all": [{"field": "owner", "op": "me"}]}}, "where"),
        ({"link": f"{DEAL}:account", "function": "count", "where": {"all": [{"field": "zzz"}]}}, "where"),
    ],
)
def test_what_cannot_be_rolled_up_is_refused(define, given, said):
    with pytest.raises(ValidationError) as found:
        define(ACCOUNT, "rollup", "n", settings=given)
    assert said in found.value.message_dict


def test_it_is_listed_and_filtered(rollup, client, boss):
    rollup("n", "count", sortable=True)
    client.force_login(boss)
    busy, idle = make_account(owner=boss), make_account(owner=boss)
    make_opportunity(owner=boss, account=busy)
    assert listed(client, ACCOUNT, "?custom.n__gte=1") == {busy.pk}
    assert [r.pk for r in client.get("/customers/accounts/?sort=-custom.n").context["page"].records] == [
        busy.pk,
        idle.pk,
    ]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["new", "amount", "move", "loose", "trash", "back"]), st.integers(0, 4), st.integers(0, 3)
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_whatever_happens_it_equals_a_recount(rollup_of_two, actor, boss, steps):
    with transaction.atomic():
        accounts = [make_account(owner=boss) for _n in range(3)]
        deals = []
        for verb, which, number in steps:
            _step(verb, which, number, accounts, deals, actor)
        for account in accounts:
            assert held(account) == recount(account)
        transaction.set_rollback(True)


def _step(verb, which, number, accounts, deals, actor):
    if verb == "new" or not deals:
        deals.append(make_opportunity(owner=actor.user, account=accounts[number % 3], amount=Decimal(which)))
        return
    deal = deals[which % len(deals)]
    deal.refresh_from_db()
    if verb == "back" and deal.deleted_at:
        restore(deal, actor=actor)
    elif deal.deleted_at is None:
        match verb:
            case "amount":
                deal.amount = Decimal(number) or None
            case "move":
                deal.account = accounts[number % 3]
            case "loose":
                deal.account = None
            case "trash":
                delete(deal, actor=actor)
                return
        save(deal, actor=actor)


@pytest.fixture
def rollup_of_two(rollup):
    rollup("n", "count")
    rollup("total", "sum", "amount")


def recount(account):
    rows = Opportunity.objects.filter(account=account, deleted_at__isnull=True)
    return {"n": rows.count(), "total": f"{rows.aggregate(total=Sum('amount'))['total'] or 0:.2f}"}


THREADS, ROUNDS = 6, 25


@pytest.mark.django_db(transaction=True)
def test_many_at_once_equal_a_recount_without_a_deadlock(boss, department):
    """Round by round threads make, change, move, trash rows and save the accounts, all at once; formulas look up meanwhile."""
    actor = Actor(boss, "test")
    define_all(actor)
    accounts = [make_account(owner=boss, custom={"rate": "1.00"}) for _n in range(2)]
    deals = [make_opportunity(owner=boss, account=accounts[n % 2], amount=Decimal(n)) for n in range(9)]
    broken: list[Exception] = []
    begin, end = threading.Barrier(THREADS + 1), threading.Barrier(THREADS + 1)

    def work(seed):
        rnd = random.Random(seed)
        for _round in range(ROUNDS):
            begin.wait(60)
            try:
                _one_turn(rnd, accounts, deals, actor)
            except Exception as error:  # noqa: BLE001 - told by the test
                broken.append(error)
            end.wait(60)
        connection.close()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    wrong = []
    for number in range(ROUNDS):
        begin.wait(60)
        end.wait(60)
        run_jobs()
        wrong += [(number, what) for what in differences(accounts)]
    for thread in threads:
        thread.join()
    CustomField.objects.all().delete()
    definitions.seen(0)
    definitions.look_again()
    assert not broken and not wrong


def differences(accounts):
    """Where stored values are not what a recount gives."""
    definitions.look_again()
    for account in accounts:
        found = held(account)
        if {name: found[name] for name in ("n", "total")} != recount(account):
            yield account.pk, found, recount(account)
    rates = {a.pk: Decimal(a.custom["rate"]) for a in accounts}
    for deal in Opportunity.objects.filter(account__isnull=False, deleted_at__isnull=True):
        if Decimal(deal.custom["share"]) != deal.amount * rates[deal.account_id]:
            yield deal.pk, deal.custom, deal.amount, rates[deal.account_id]


def define_all(actor):
    define_field(ACCOUNT, "number", "rate", "比例", actor=actor)
    link = {"link": f"{DEAL}:account"}
    define_field(ACCOUNT, "rollup", "n", "数", actor=actor, settings={**link, "function": "count"})
    define_field(ACCOUNT, "rollup", "total", "和", actor=actor, settings={**link, "function": "sum", "field": "amount"})
    said = {"expression": "amount * account.rate", "result": "money"}
    define_field(DEAL, "formula", "share", "份", actor=actor, settings=said)


def _one_turn(rnd, accounts, deals, actor):
    verb = rnd.choice(["new", "amount", "move", "trash", "rate", "many"])
    try:
        if verb == "new":
            make_opportunity(owner=actor.user, account=rnd.choice(accounts), amount=Decimal(rnd.randint(0, 99)))
        elif verb == "rate":
            account = Account.objects.get(pk=rnd.choice(accounts).pk)
            account.custom = {**account.custom, "rate": f"{rnd.randint(1, 9)}.00"}
            save(account, actor=actor)
        elif verb == "many":
            rows = list(Opportunity.objects.filter(deleted_at__isnull=True).order_by("?")[:5])
            for row in rows:
                row.account_id, row.amount = rnd.choice(accounts).pk, Decimal(rnd.randint(0, 99))
            save_many(rows, actor=actor)
        else:
            deal = Opportunity.objects.get(pk=rnd.choice(deals).pk)
            if deal.deleted_at:
                restore(deal, actor=actor)
            elif verb == "trash":
                delete(deal, actor=actor)
            else:
                deal.amount = Decimal(rnd.randint(0, 99))
                if verb == "move":
                    deal.account_id = rnd.choice(accounts).pk
                save(deal, actor=actor)
    except Conflict:
        pass
    except OperationalError as error:
        raise AssertionError(f"{verb}: {error}") from error


def test_contacts_are_untouched(rollup, boss):
    rollup("n", "count")
    assert make_contact(owner=boss).custom == {} and Contact.objects.count() == 1
