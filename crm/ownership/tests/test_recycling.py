"""Recycling: the moment equals an obvious oracle over random calendars; warned, exempt, taken once; why and why not."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from crm.notifications.models import Notification
from crm.ownership import anchors, recycler
from crm.ownership.models import RecycleRule, RecycleRun, RecycleVerdict
from crm.ownership.recycling import Judge, outlook
from crm.records.actor import Actor
from crm.records.models import Entry
from crm.records.undo import undo
from crm.reference.calendars import SpecialDay, WorkingCalendar, WorkingHours, touch
from crm.users.models import Department
from customers.factories import make_account
from customers.models import Account
from sales.factories import make_lead, make_opportunity
from sales.models import Lead

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
HOT = {"all": [{"field": "rating", "op": "in", "value": ["hot"]}]}


@pytest.fixture
def pool(people, make_pool):
    return make_pool(*people, name="East")


@pytest.fixture
def make_rule(pool):
    return lambda **values: RecycleRule.objects.create(
        **{"pool": pool, "counted_from": "activity", "days": 30, "warn_days": 3, **values}
    )


@pytest.fixture
def lead_of(people):
    """A lead that somebody has held and last followed up so many days before now."""

    def make(days=100.0, touched=None, owner=None, **values):
        lead = make_lead(owner=owner or people[0], **values)
        at = NOW - timedelta(days=touched) if touched is not None else None
        Lead.objects.filter(pk=lead.pk).update(held_since=NOW - timedelta(days=days), last_activity_at=at)
        lead.refresh_from_db()
        return lead

    return make


def where(lead) -> str:
    lead.refresh_from_db()
    return lead.owner.username if lead.owner else lead.pool.name


def test_it_goes_at_its_minute_and_not_before(make_rule, lead_of, client_of, people):
    make_rule(days=30)
    lead = lead_of(days=100, touched=29)
    due = lead.last_activity_at + timedelta(days=30)
    recycler.recycle(due - timedelta(minutes=1))
    assert where(lead) == "ann"
    recycler.recycle(due)
    assert where(lead) == "East"
    entry = Entry.objects.get(kind="ownership.recycled", record_id=lead.pk)
    assert entry.cause.startswith("recycle:") and (entry.data["days"], entry.data["unit"]) == (30, "days")
    page = client_of(people[0]).get(f"/sales/leads/{lead.pk}/timeline/").content.decode()
    assert "the last follow-up: " in page and "limit 30 days" in page
    verdict = RecycleVerdict.objects.get(verdict="recycled", record_id=lead.pk)
    assert (verdict.counted_from, verdict.due_at) == (lead.last_activity_at, due)


def test_who_has_just_got_it_is_not_to_blame(make_rule, lead_of):
    make_rule(days=30)
    lead = lead_of(days=5, touched=200)
    recycler.recycle(NOW)
    assert where(lead) == "ann"


def test_owners_are_warned_once_and_a_follow_up_ends_it(make_rule, lead_of, people, client_of):
    make_rule(days=30, warn_days=3)
    soon, later = [lead_of(touched=28), lead_of(touched=28.5)], lead_of(touched=20)
    for _turn in range(3):
        recycler.recycle(NOW)
    told = Notification.objects.get(user=people[0], kind="recycled_soon")
    assert told.data["count"] == 2 and RecycleRun.objects.count() == 1
    listed = client_of(people[0]).get("/sales/leads/?view=recycled_soon").context["page"].records
    assert {lead.pk for lead in listed} == {lead.pk for lead in soon}
    soon[0].refresh_from_db()
    assert soon[0].recycle_at == soon[0].last_activity_at + timedelta(days=30)
    Lead.objects.filter(pk=soon[0].pk).update(last_activity_at=NOW)
    recycler.recycle(NOW + timedelta(minutes=1))
    soon[0].refresh_from_db()
    assert soon[0].recycle_at is None and where(later) == "ann"


def test_what_is_exempt_stays_and_the_log_says_so_once(make_rule, lead_of):
    rule = make_rule(exempt=HOT)
    hot, cold = lead_of(touched=40, rating="hot"), lead_of(touched=40)
    for _turn in range(2):
        recycler.recycle(NOW)
    assert (where(hot), where(cold)) == ("ann", "East")
    assert (
        RecycleVerdict.objects.filter(rule=rule, record_id=hot.pk).values_list("verdict", flat=True).get() == "exempt"
    )


@pytest.mark.parametrize("broken", [{"all": [{"field": "gone", "op": "is", "value": "x"}]}, {"nonsense": 1}])
def test_an_exemption_that_is_not_understood_spares_all(make_rule, lead_of, broken):
    make_rule(exempt=broken)
    lead = lead_of(touched=40)
    recycler.recycle(NOW)
    assert where(lead) == "ann"


def test_only_members_and_open_records_by_level(make_rule, lead_of, make_user, people):
    make_rule(condition=HOT)
    strange = lead_of(touched=40, owner=make_user("eve"), rating="hot")
    done = lead_of(touched=40, rating="hot", status="invalid", invalid_reason="x")
    cold, hot = lead_of(touched=40), lead_of(touched=40, rating="hot", owner=people[1])
    recycler.recycle(NOW)
    assert [where(one) for one in (strange, done, cold, hot)] == ["eve", "ann", "ann", "East"]


def test_a_date_that_was_declared_counts_from_its_end(pool, make_rule, lead_of):
    assert "held" in {one.name for one in anchors.anchors_of("sales.lead")}
    rule = make_rule(counted_from="date:created_at", days=10)
    lead = lead_of(days=100)
    Lead.objects.filter(pk=lead.pk).update(created_at=NOW - timedelta(days=10))
    recycler.recycle(NOW - timedelta(minutes=1))
    assert where(lead) == "ann"
    recycler.recycle(NOW)
    assert where(lead) == "East" and rule.pool == pool


def test_the_first_contact_is_due_in_working_hours(make_rule, lead_of):
    make_rule(counted_from="first_contact", days=4, unit="working_hours", warn_days=0)
    lead, met = lead_of(), lead_of()
    monday = datetime(2026, 11, 23, 16, tzinfo=ZoneInfo("Asia/Shanghai"))
    Lead.objects.filter(pk__in=[lead.pk, met.pk]).update(held_since=monday)
    Lead.objects.filter(pk=met.pk).update(last_activity_at=monday + timedelta(minutes=5))
    due = datetime(2026, 11, 24, 11, tzinfo=ZoneInfo("Asia/Shanghai"))
    recycler.recycle(due - timedelta(minutes=1))
    assert where(lead) == "ann"
    recycler.recycle(due)
    assert (where(lead), where(met)) == ("East", "ann")


def test_a_dry_run_says_how_many_and_writes_nothing(make_rule, lead_of):
    rule = make_rule(exempt=HOT)
    for days in (40, 41, 28, 5):
        lead_of(touched=days)
    lead_of(touched=50, rating="hot")
    found = outlook(rule, NOW)
    assert (found.due, found.soon, found.exempt, found.about) == (2, 1, 1, 5)
    assert not RecycleVerdict.objects.exists() and Lead.objects.filter(pool__isnull=False).count() == 0


def test_a_turn_is_undone_as_a_whole_and_gives_a_fresh_start(make_rule, lead_of, boss):
    make_rule()
    leads = [lead_of(touched=40) for _n in range(3)]
    recycler.recycle(NOW)
    entry = Entry.objects.filter(kind="ownership.recycled").first()
    assert undo(entry.change_set, actor=Actor(boss, "request")).records == 3
    assert {where(lead) for lead in leads} == {"ann"}
    recycler.recycle(NOW + timedelta(hours=1))
    assert {where(lead) for lead in leads} == {"ann"}


def test_a_killed_turn_is_gone_on_with(make_rule, lead_of, monkeypatch):
    make_rule()
    leads = [lead_of(touched=40) for _n in range(5)]
    monkeypatch.setattr(recycler, "BATCH", 2)
    noted, count = recycler._note, iter(range(10))

    def dies(*args):
        if next(count) == 1:
            raise KeyboardInterrupt
        return noted(*args)

    monkeypatch.setattr(recycler, "_note", dies)
    with pytest.raises(KeyboardInterrupt):
        recycler.recycle(NOW)
    assert Lead.objects.filter(pool__isnull=False).count() == 2
    monkeypatch.setattr(recycler, "_note", noted)
    recycler.recycle(NOW)
    assert {where(lead) for lead in leads} == {"East"}
    assert Entry.objects.filter(kind="ownership.recycled").count() == 5
    assert RecycleVerdict.objects.filter(verdict="recycled").count() == 5


def oracle(rule, days: dict, hours: tuple, anchor: datetime, zone: ZoneInfo) -> datetime:
    """Walk minute by minute, or day by day, in the words of the rule."""
    if rule.unit == "days":
        return anchor + timedelta(days=rule.days)
    works = lambda day: days.get(day, day.weekday() < 5)  # noqa: E731
    if rule.unit == "working_days":
        day, left = anchor.astimezone(zone).date(), rule.days
        while left:
            day += timedelta(days=1)
            left -= works(day)
        return datetime.combine(day, hours[1], zone).astimezone(UTC)
    at, left = anchor.astimezone(UTC), rule.days * 60
    while left:
        local = at.astimezone(zone)
        left -= works(local.date()) and hours[0] <= local.time() < hours[1]
        at += timedelta(minutes=1)
    return at


@pytest.mark.parametrize("seed", range(12))
def test_the_moment_equals_the_oracle_over_random_calendars(seed, make_rule, lead_of, people):
    random = Random(seed)
    WorkingCalendar.objects.update(is_default=False)
    zone = ZoneInfo(random.choice(["Asia/Shanghai", "Europe/Berlin", "America/New_York"]))
    calendar = WorkingCalendar.objects.create(name=f"C{seed}", is_default=random.random() < 0.5, timezone=zone.key)
    branch = Department.objects.create(name=f"D{seed}")
    if not calendar.is_default:
        calendar.departments.add(branch)
    people[0].department = branch
    people[0].save()
    hours = time(random.choice([8, 9]), 0), time(random.choice([17, 18]), 0)
    for weekday in range(5):
        WorkingHours.objects.create(calendar=calendar, weekday=weekday, start=hours[0], end=hours[1])
    special = {}
    for _n in range(12):
        day = (NOW + timedelta(days=random.randrange(-60, 30))).date()
        special[day] = random.random() < 0.4
        SpecialDay.objects.update_or_create(calendar=calendar, day=day, defaults={"works": special[day]})
    touch(calendar)
    rule = make_rule(
        unit=random.choice(["days", "working_days", "working_hours"]), days=random.randint(1, 25), warn_days=0
    )
    leads = [lead_of(days=90, touched=random.random() * 50) for _n in range(6)]
    for lead in leads:
        at = lead.last_activity_at.replace(second=0, microsecond=0)
        Lead.objects.filter(pk=lead.pk).update(last_activity_at=at)
        lead.last_activity_at = at
    judged = {one.record_id: one.at for one in Judge(rule, NOW).due_by(NOW + timedelta(days=365))}
    for lead in leads:
        expected = oracle(rule, special, hours, lead.last_activity_at, zone)
        assert judged[lead.pk] == expected, (seed, rule.unit, rule.days, lead.last_activity_at)
        by = {one.record_id for one in Judge(rule, NOW).due_by(expected - timedelta(seconds=1))}
        assert lead.pk not in by and lead.pk in {one.record_id for one in Judge(rule, NOW).due_by(expected)}


def test_the_record_tells_who_had_it_and_what_rules_say(make_rule, lead_of, people, client_of, pool):
    make_rule(exempt=HOT)
    lead, hot = lead_of(touched=28), lead_of(touched=28, rating="hot")
    page = client_of(people[0]).get(f"/sales/leads/{lead.pk}/?tab=owners").content.decode()
    assert "the last follow-up + 30 days" in page and "exempt" not in page
    assert "The record is exempt." in client_of(people[0]).get(f"/sales/leads/{hot.pk}/?tab=owners").content.decode()
    recycler.recycle(lead.last_activity_at + timedelta(days=30))
    page = client_of(people[1]).get(f"/sales/leads/{lead.pk}/?tab=owners").content.decode()
    assert "Owner: ann → –" in page and "Recycled" in page


def test_my_day_shows_what_will_soon_go(make_rule, lead_of, people, client_of):
    make_rule()
    lead = lead_of(touched=28, name="Nearly gone")
    recycler.recycle(NOW)
    page = client_of(people[0]).get("/home/widget/recycled_soon/").content.decode()
    assert "Nearly gone" in page and f"/sales/leads/{lead.pk}/" in page


def test_accounts_without_a_deal_go_and_those_with_a_late_one_stay(people, make_pool):
    ann = people[0]
    pool = make_pool(ann, entity="customers.account", name="Sea")
    RecycleRule.objects.create(pool=pool, counted_from="deal", days=60)
    silent, sold = (make_account(owner=ann) for _n in range(2))
    deal = make_opportunity(owner=ann, account=sold)
    won = deal.stage.pipeline.stages.filter(is_won=True).first()
    type(deal)._base_manager.filter(pk=deal.pk).update(state="won", stage=won, closed_at=NOW - timedelta(days=30))
    Account.objects.update(held_since=NOW - timedelta(days=100))
    recycler.recycle(NOW)
    assert (where(silent), where(sold)) == ("Sea", "ann")
    recycler.recycle(NOW + timedelta(days=30))
    assert where(sold) == "Sea"
