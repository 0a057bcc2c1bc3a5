"""Levels by rule: what would change is told first, what changes can be undone, what is kept by hand stays."""

from __future__ import annotations

import pytest
from django.utils import timezone

from analytics.models import RfmScore
from crm.access.models import Scope
from crm.jobs.running import run
from crm.records.actor import Actor
from crm.records.models import ChangeSet
from crm.records.undo import undo
from customers.factories import make_account
from customers.levels.jobs import start
from customers.levels.models import LevelRule
from customers.levels.services import Move, dry_run, hold
from customers.levels.tasks import nightly
from customers.models import Account

AMOUNT = {"all": [{"field": "rfm.amount", "op": "gte", "value": "1000"}]}
CLASS = {"all": [{"field": "rfm.class", "op": "in", "value": ["champion"]}]}


@pytest.fixture
def accounts(rep):
    found = [make_account(owner=rep, level=level) for level in ("", "c", "", "a")]
    RfmScore.objects.filter(pk=found[0].pk).update(amount=5000, rfm_class="champion")
    RfmScore.objects.filter(pk=found[1].pk).update(amount=5000)
    return found


@pytest.fixture
def rules(db):
    LevelRule.objects.create(name="冠军", value="vip", condition=CLASS, position=1)
    LevelRule.objects.create(name="千元", value="a", condition=AMOUNT, position=2)
    LevelRule.objects.create(name="停用", value="c", condition={}, position=3, active=False)


def levels(accounts):
    found = Account.objects.in_bulk([a.pk for a in accounts])
    return [found[a.pk].level for a in accounts]


def test_the_dry_run_counts_and_writes_nothing(accounts, rules):
    moves = dry_run("level", timezone.now())
    assert moves[:2] == [Move("", "vip", 1), Move("c", "a", 1)] or moves[:2] == [Move("c", "a", 1), Move("", "vip", 1)]
    assert {(m.before, m.after): m.count for m in moves[2:]} == {("", ""): 1, ("a", "a"): 1}
    assert levels(accounts) == ["", "c", "", "a"]


def test_applied_as_one_set_that_can_be_undone(accounts, rules, boss):
    job = start("level", actor=Actor(boss))
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.updated) == ("done", 2)
    assert levels(accounts) == ["vip", "a", "", "a"]
    undo(ChangeSet.objects.get(pk=job.params["changes"]), actor=Actor(boss))
    assert levels(accounts) == ["", "c", "", "a"]


def test_kept_by_hand_stays_and_freed_follows_again(accounts, rules, rep, boss, grant, client):
    grant(rep, "customers.account", view=Scope.OWN, change=Scope.OWN)
    client.force_login(rep)
    assert client.post(f"/customers/accounts/{accounts[0].pk}/do/keep_level/").status_code == 302
    run(start("level", actor=Actor(boss)).pk)
    assert levels(accounts) == ["", "a", "", "a"]
    body = client.get("/customers/accounts/?cols=name&levels.kept=true").content.decode()
    assert [a.name in body for a in accounts[:2]] == [True, False]
    client.post(f"/customers/accounts/{accounts[0].pk}/do/free_level/")
    run(start("level", actor=Actor(boss)).pk)
    assert levels(accounts)[0] == "vip"


def test_a_rule_that_is_not_understood_fits_nobody(accounts, db):
    LevelRule.objects.create(name="?", value="vip", condition={"all": [{"field": "gone", "op": "is", "value": "1"}]})
    assert all(move.before == move.after for move in dry_run("level", timezone.now()))


def test_nightly_starts_only_what_changes_something(accounts, rules, boss):
    LevelRule.objects.create(target="lifecycle", value="active", name="买过", condition=AMOUNT)
    assert nightly() == 2
    for target in ("level", "lifecycle"):
        run(start(target, actor=Actor(boss)).pk)
    assert nightly() == 0


def test_admins_see_the_dry_run_and_others_do_not(accounts, rules, boss, rep, client):
    client.force_login(rep)
    assert client.get("/admin/levels/levelrule/dry-run/").status_code == 302
    client.force_login(boss)
    body = client.get("/admin/levels/levelrule/dry-run/").content.decode()
    assert "<td>VIP</td><td>1</td>" in body
    assert client.post("/admin/levels/levelrule/dry-run/", {"target": "level"}).status_code == 302
    assert client.get("/admin/levels/levelrule/").status_code == 200
    assert client.get("/admin/levels/levelrule/add/").status_code == 200


def test_hold_is_an_entry(accounts, rep):
    hold(accounts[0], actor=Actor(rep))
    assert accounts[0].entity_label() == "customers.account"
    assert Account.objects.get(pk=accounts[0].pk).level_hold.held_by == rep
