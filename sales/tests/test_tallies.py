"""The tallies that the database keeps, beside counting the rows, after everything that can happen to an opportunity."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from crm.access.models import RecordShare, Scope
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.purge import purge
from crm.users.models import User
from customers.models import Source
from sales import services, tallies, tally_upkeep
from sales.factories import make_loss_reason, make_opportunity, make_pipeline, make_stage
from sales.models import DealTally, Opportunity, Stage, StageHistory

DEAL = "sales.opportunity"
pytestmark = pytest.mark.django_db


def edit(deal, actor, random):
    deal.amount = random.choice([None, Decimal(random.randrange(10**6)) / 100])
    deal.probability = random.choice([None, Decimal(random.randrange(10001)) / 100])
    deal.currency, deal.source = random.choice(["CNY", "USD"]), random.choice([None, *Source.objects.all()])
    deal.close_date = random.choice([None, timezone.localdate() - timedelta(days=random.randrange(400))])
    records.save(deal, actor=actor)


def hand_over(deal, actor, random):
    deal.owner = random.choice(User.objects.all())
    records.save(deal, actor=actor)


def move(deal, actor, random):
    deal.loss_reason = make_loss_reason()
    services.move_stage(deal, random.choice(Stage.objects.all()), actor=actor)


def trash(deal, actor, random):
    records.delete(deal, actor=actor)


def touch(deal, actor, random):
    Opportunity.objects.filter(pk=deal.pk).update(last_activity_at=timezone.now())


def test_the_tallies_follow_whatever_happens(rep, other, department):
    other.department = department
    other.save()
    make_pipeline("续约流程")
    random = Random(11)
    for i in range(150):
        deal = Opportunity.objects.alive().order_by("?").first()
        if deal is None or random.random() < 0.3:
            make_opportunity(owner=random.choice([rep, other]), amount=Decimal(i), close_date=timezone.localdate())
        elif random.random() < 0.1 and (gone := Opportunity.objects.filter(deleted_at__isnull=False).first()):
            records.restore(gone, actor=Actor(rep, "test"))
        else:
            random.choice([edit, edit, hand_over, move, move, trash, touch])(deal, Actor(rep, "test"), random)
        if i % 10 == 0:
            assert tally_upkeep.wrong() == 0, i
        if i % 40 == 0:
            tally_upkeep.fold()
    assert StageHistory.objects.exists()
    assert tally_upkeep.wrong() == 0
    Stage.objects.filter(name="合同谈判").update(is_won=True)
    assert tally_upkeep.wrong() == 0
    trashed = list(Opportunity.objects.filter(deleted_at__isnull=False))
    assert purge(trashed, actor=Actor(rep, "test"))
    assert tally_upkeep.wrong() == 0
    Opportunity.objects.filter(moves=None, people=None).delete()
    assert tally_upkeep.wrong() == 0


def test_a_difference_is_told_and_mended(rep):
    deal = make_opportunity(owner=rep, amount=Decimal("5"))
    services.move_stage(deal, make_stage("方案设计"), actor=Actor(rep, "test"))
    DealTally.objects.update(amount=1)
    with pytest.raises(CommandError):
        call_command("tallies")
    call_command("tallies", rebuild=True)
    assert tally_upkeep.wrong() == 0


def test_folding_leaves_one_row_a_key_and_none_for_nothing(rep):
    deals = [make_opportunity(owner=rep, amount=Decimal("5")) for _i in range(7)]
    for deal in deals:
        services.move_stage(deal, make_stage("方案设计"), actor=Actor(rep, "test"))
    assert DealTally.objects.count() == 21
    tally_upkeep.fold()
    (row,) = DealTally.objects.all()
    assert (row.stage.name, row.deals, row.amount, row.unrated) == ("方案设计", 7, 35, 35)
    assert tally_upkeep.wrong() == 0


def summed(rows, *names):
    found = Counter()
    for row in rows:
        key = tuple(row[name] for name in names)
        for figure in ("count", "total", "expected"):
            found[*key, figure] += row.get(figure) or 0
    return {key: value for key, value in found.items() if value}


@pytest.fixture
def readers(rep, other, make_user, grant, team, department):
    """One of each scope, each with two shares: of what they see anyway and of what they don't."""
    other.department = department
    other.save()
    lead, head, chief = make_user("lead"), make_user("head", department=department), make_user("chief")
    stranger = make_user("stranger")
    team("一组", rep, lead)
    for user, scope in ((rep, Scope.OWN), (lead, Scope.TEAM), (head, Scope.DEPARTMENT), (chief, Scope.ALL)):
        grant(user, DEAL, view=scope)
    random = Random(5)
    sources = [None, *[Source.objects.create(name=name) for name in ("测试展会", "测试官网")]]
    for i in range(80):
        deal = make_opportunity(
            owner=random.choice([rep, other, head, stranger]),
            stage=random.choice([make_stage("需求分析"), make_stage("方案设计"), make_stage("赢单")]),
            amount=random.choice([None, Decimal(i * 7) / 4]),
            currency=random.choice(["CNY", "USD"]),
            probability=random.choice([None, 35]),
            source=random.choice(sources),
            close_date=random.choice([None, timezone.localdate() - timedelta(days=random.randrange(100))]),
        )
        if random.random() < 0.6:
            services.move_stage(deal, make_stage("合同谈判"), actor=Actor(rep, "test"))
        if i % 4 == 0:
            for user in (rep, lead, head, chief):
                RecordShare.objects.create(entity=DEAL, record_id=deal.pk, user=user)
    readers = {"rep": rep, "lead": lead, "head": head, "chief": chief, "stranger": stranger}
    return {name: User.objects.get(pk=user.pk) for name, user in readers.items()}


WHO = ["rep", "lead", "head", "chief", "stranger"]


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("folded", [False, True])
def test_what_is_read_is_what_one_may_see(readers, who, folded):
    user = readers[who]
    if folded:
        tally_upkeep.fold()
    rows = list(Opportunity.objects.restrict(user).select_related("stage"))
    assert bool(rows) == (who != "stranger")
    expected = Counter()
    for row in rows:
        key = (row.stage_id, row.currency)
        expected[*key, "count"] += 1
        expected[*key, "total"] += row.amount or 0
        expected[*key, "expected"] += (row.amount or 0) * row.chance / 100
    found = summed(tallies.deals(user, "stage", where=Q()), "stage", "currency")
    assert found == {key: value for key, value in expected.items() if value}
    assert all("total" not in row for row in tallies.deals(user, "stage", where=Q(), money=False))


@pytest.mark.parametrize("who", WHO)
def test_what_was_won_is_counted_three_ways(readers, who):
    first = timezone.localdate().replace(day=1)
    months = (first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))
    for limits in (None, months):
        found = tallies.three_ways(readers[who], where=Q(state="won"), months=limits)
        rows = Opportunity.objects.restrict(readers[who]).won()
        rows = rows.filter(close_date__range=limits) if limits else rows
        for name, key in (
            ("month", lambda r: r.close_date and r.close_date.replace(day=1)),
            ("owner", lambda r: r.owner_id),
            ("source", lambda r: r.source_id),
        ):
            expected = Counter()
            for row in rows:
                expected[key(row), row.currency, "count"] += 1
                expected[key(row), row.currency, "total"] += row.amount or 0
            assert summed(found[name], "key", "currency") == {k: v for k, v in expected.items() if v}, name


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
def test_moves_are_counted_in_the_months_of_the_reader(readers, who, zone):
    local, random = ZoneInfo(zone), Random(3)
    bounds = datetime(2026, 3, 1, tzinfo=local), datetime(2026, 5, 1, tzinfo=local)
    stages = list(Stage.objects.filter(pipeline__name="测试流程"))
    made = [
        StageHistory(
            opportunity=deal,
            from_stage=stages[0],
            to_stage=random.choice(stages),
            at=random.choice(bounds) + timedelta(minutes=random.randrange(-2000, 2000)),
            seconds=random.choice([None, 7]),
        )
        for deal in Opportunity.objects.all()
    ]
    StageHistory.objects.bulk_create(made)
    user, stages = readers[who], [stage.pk for stage in stages]
    for period in (None, bounds, (bounds[0], bounds[0] + timedelta(days=31))):
        expected = Counter()
        for made in StageHistory.objects.filter(opportunity__in=Opportunity.objects.restrict(user)):
            if period is None or period[0] <= made.at < period[1]:
                expected["n"] += 1
                expected["all"] += made.seconds or 0
                expected["known"] += made.seconds is not None
        found = Counter()
        for row in tallies.moves(user, where=Q(), stages=stages, period=period):
            found.update({name: row[name] or 0 for name in ("n", "all", "known")})
        assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}


def test_the_nearest_month_is_that_of_the_bound():
    zone = ZoneInfo("Asia/Shanghai")
    assert tallies._nearest_month(datetime(2026, 1, 1, tzinfo=zone)) == datetime(2026, 1, 1, tzinfo=UTC)
    assert tallies._nearest_month(datetime(2026, 3, 1, 9, tzinfo=UTC)) == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_lose_nothing(rep, other):
    """Three write and one folds at the same time; nobody waits for another's tally, and all is counted."""
    deals = [make_opportunity(owner=rep, amount=Decimal("10")).pk for _i in range(12)]
    stages, failed, done = [make_stage("需求分析"), make_stage("方案设计")], [], threading.Event()

    def write(mine):
        try:
            for turn in range(8):
                for pk in mine:
                    deal = Opportunity.objects.get(pk=pk)
                    deal.owner = [rep, other][turn % 2]
                    deal.stage, deal.amount = stages[turn % 2], Decimal(turn)
                    records.save(deal, actor=Actor(rep, "test"))
        except Exception as error:  # noqa: BLE001 - told to the test below
            failed.append(error)
        finally:
            connection.close()

    def keep_folding():
        while not done.is_set():
            tally_upkeep.fold()
        connection.close()

    writers = [threading.Thread(target=write, args=(deals[i::3],)) for i in range(3)]
    folder = threading.Thread(target=keep_folding)
    for thread in (folder, *writers):
        thread.start()
    for thread in writers:
        thread.join(60)
    done.set()
    folder.join(60)
    assert not failed
    assert tally_upkeep.wrong() == 0
    tally_upkeep.fold()
    assert sum(DealTally.objects.values_list("deals", flat=True)) == 12
