"""Activities that repeat: their rows equal the rule, and this one, those that follow or all are changed and undone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.activities.attending import invite
from crm.activities.models import Task
from crm.activities.repeating import AHEAD, MOST, change_series, end_series, extend_all, repeat_task
from crm.activities.services import complete_task
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import ChangeSet
from crm.records.undo import undo

pytestmark = pytest.mark.django_db
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
START = datetime(2026, 3, 2, 10, tzinfo=SHANGHAI)  # a Monday


def rows(task):
    return list(Task.objects.filter(series=task.series, deleted_at__isnull=True).order_by("occurs_at"))


def starts(task):
    return [row.due_at.astimezone(SHANGHAI).replace(tzinfo=None) for row in rows(task)]


@pytest.fixture
def weekly(rep, make_activity):
    task = make_activity(rep, due_at=START)
    return repeat_task(task, "FREQ=WEEKLY;BYDAY=MO", actor=Actor(rep), now=NOW)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rule=st.sampled_from(
        [
            "FREQ=DAILY",
            "FREQ=WEEKLY;BYDAY=MO,WE",
            "FREQ=MONTHLY;BYMONTHDAY=31",
            "FREQ=YEARLY",
            "FREQ=DAILY;INTERVAL=3;COUNT=7",
        ]
    ),
    later=st.lists(st.integers(20, 200), max_size=3),
)
def test_its_rows_are_those_of_the_rule_however_often_it_is_continued(rep, make_activity, rule, later):
    rep.timezone = "Europe/Berlin"
    rep.save()
    start = datetime(2026, 3, 2, 10, tzinfo=BERLIN)
    task = repeat_task(make_activity(rep, due_at=start), rule, actor=Actor(rep), now=NOW)
    now = NOW
    for days in later:
        now += timedelta(days=days)
        extend_all(now)
        extend_all(now)
    found = [row.due_at.astimezone(BERLIN).replace(tzinfo=None) for row in rows(task)]
    oracle = rrulestr(rule, dtstart=start.replace(tzinfo=None))
    expected = [m for m in oracle.xafter(start.replace(tzinfo=None), count=len(found) - 1) if m]
    assert found == [start.replace(tzinfo=None), *expected]
    assert len(found) >= 2
    assert {row.ends_at - row.due_at for row in rows(task)} == {timedelta(hours=1)}
    Task.objects.all().delete()


def test_what_comes_round_brings_what_it_is_made_of(rep, other, keeps, make_activity):
    keeps(other)
    keeps(rep)
    task = make_activity(rep, due_at=START, checklist="[x] 带样品\n合同", place="泵房")
    invite(task, actor=Actor(rep), user=other)
    task.refresh_from_db()
    repeat_task(task, "FREQ=WEEKLY;BYDAY=MO;COUNT=3", actor=Actor(rep), now=NOW)
    second = rows(task)[1]
    assert (second.subject, second.place, second.checklist) == (task.subject, "泵房", "带样品\n合同")
    assert [p.user for p in second.participants.all()] == [other]
    assert (second.steps_done, second.steps_total) == (0, 2)


def test_only_this_one(weekly, rep):
    second = rows(weekly)[1]
    change_series(second, "this", {"due_at": second.due_at + timedelta(hours=3)}, actor=Actor(rep))
    hours = [moment.hour for moment in starts(weekly)][:4]
    assert hours == [10, 13, 10, 10]
    assert rows(weekly)[1].ends_at - rows(weekly)[1].due_at == timedelta(hours=1)


def test_this_and_those_that_follow_are_a_series_of_their_own(weekly, rep):
    before, third = starts(weekly), rows(weekly)[2]
    to = third.due_at + timedelta(days=1, hours=2)
    values = {"due_at": to, "subject": "周会"}
    change_series(third, "following", values, actor=Actor(rep))
    third.refresh_from_db()
    assert starts(weekly) == before[:2]
    assert starts(third)[:3] == [m + timedelta(days=1, hours=2) for m in before[2:5]]
    assert {row.subject for row in rows(third)} == {"周会"}
    assert {row.subject for row in rows(weekly)} == {"拜访设备部"}
    extend_all(NOW + timedelta(days=700))
    assert starts(weekly) == before[:2]
    assert all(moment.weekday() == 1 for moment in starts(third))


def test_all_that_are_open(weekly, rep):
    first, fifth = rows(weekly)[0], rows(weekly)[4]
    complete_task(first, actor=Actor(rep))
    before = starts(weekly)
    change_series(fifth, "all", {"due_at": fifth.due_at + timedelta(hours=1), "place": "总部"}, actor=Actor(rep))
    after = starts(weekly)
    assert after[0] == before[0]
    assert after[1:] == [moment + timedelta(hours=1) for moment in before[1:]]
    assert [row.place for row in rows(weekly)][:2] == ["", "总部"]


def test_changing_many_is_undone_at_once(weekly, rep):
    before = starts(weekly)
    change_series(rows(weekly)[2], "all", {"due_at": rows(weekly)[2].due_at + timedelta(days=2)}, actor=Actor(rep))
    assert starts(weekly) != before
    undo(ChangeSet.objects.latest("pk"), actor=Actor(rep))
    assert starts(weekly) == before
    assert extend_all(NOW) == 0


def test_it_ends(weekly, rep):
    third = rows(weekly)[2]
    end_series(third, actor=Actor(rep))
    assert len(rows(weekly)) == 3
    extend_all(NOW + timedelta(days=900))
    assert len(rows(weekly)) == 3
    undo(ChangeSet.objects.latest("pk"), actor=Actor(rep))
    assert len(rows(weekly)) > 3


def test_one_in_the_trash_does_not_come_back(weekly, rep):
    before, second = len(rows(weekly)), rows(weekly)[1]
    records.delete(second, actor=Actor(rep))
    extend_all(NOW)
    assert len(rows(weekly)) == before - 1


def test_another_rule_takes_the_place_of_the_first(weekly, rep):
    repeat_task(weekly, "FREQ=DAILY;COUNT=3", actor=Actor(rep), now=NOW)
    assert [moment.day for moment in starts(weekly)] == [2, 3, 4]
    assert Task.objects.filter(deleted_at__isnull=True).count() == 3


def test_it_needs_a_beginning(rep, make_activity):
    with pytest.raises(ValidationError):
        repeat_task(make_activity(rep, due_at=None, ends_at=None), "FREQ=DAILY", actor=Actor(rep))


def test_no_more_than_a_handful_is_made_at_once(rep, make_activity):
    task = repeat_task(make_activity(rep, due_at=START), "FREQ=DAILY", actor=Actor(rep), now=NOW)
    assert len(rows(task)) == MOST + 1
    assert timedelta(days=399) < AHEAD


def test_whole_days_stay_whole_when_the_clocks_change(rep, make_activity):
    rep.timezone = "Europe/Berlin"
    rep.save()
    day = datetime(2026, 3, 22, tzinfo=BERLIN)
    task = make_activity(rep, due_at=day, ends_at=day + timedelta(days=1), all_day=True)
    repeat_task(task, "FREQ=WEEKLY;BYDAY=SU;COUNT=2", actor=Actor(rep), now=NOW)
    second = rows(task)[1]  # 29 March has 23 hours
    assert second.ends_at.astimezone(BERLIN).replace(tzinfo=None) == datetime(2026, 3, 30)


def test_through_the_page(client, rep, keeps, make_activity):
    keeps(rep)
    task = make_activity(rep)
    client.force_login(rep)
    url = f"/activities/tasks/{task.pk}/do/repeat/"
    assert client.get(url).status_code == 200
    data = {"frequency": "weekly", "interval": "1", "count": "4"}
    assert client.post(url, data).status_code == 302
    task.refresh_from_db()
    assert len(rows(task)) == 4
    data = {"scope": "following", "subject": "新主题", "due_at": "2031-01-06T09:00", "priority": "high"}
    assert client.post(f"/activities/tasks/{rows(task)[1].pk}/do/series/", data).status_code == 302
    assert Task.objects.filter(subject="新主题").count() == 3
