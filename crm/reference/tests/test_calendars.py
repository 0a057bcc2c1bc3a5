"""Working calendars: holidays and weekends worked instead, a branch with hours of its own, changes seen at once."""

from datetime import date, datetime, time

import pytest

from crm.lib.tests.test_worktime import SHANGHAI
from crm.reference.calendars import WorkingCalendar, WorkingHours, load_china_days, touch, worktime_of
from crm.users.models import Absence, Department, away

pytestmark = pytest.mark.django_db


def test_the_first_calendar_knows_the_public_holidays_of_china():
    work = worktime_of()
    assert not work.is_working_day(date(2026, 10, 1)) and work.is_working_day(date(2026, 10, 10))
    assert work.days_after(datetime(2026, 9, 30, 15, tzinfo=SHANGHAI), 3) == datetime(2026, 10, 10, 18, tzinfo=SHANGHAI)


def test_a_branch_follows_the_calendar_of_the_nearest_department_above(make_user, django_assert_num_queries):
    branch = Department.objects.create(name="新加坡")
    team = Department.objects.create(name="渠道部", parent=branch)
    team.refresh_from_db()
    nights = WorkingCalendar.objects.create(name="夜班")
    WorkingHours.objects.create(calendar=nights, weekday=6, start=time(20), end=time(23, 59))
    nights.departments.add(branch)
    person = make_user("night", department=team)
    sunday = datetime(2026, 11, 22, 21, tzinfo=SHANGHAI)
    assert worktime_of(person).is_working(sunday) and not worktime_of().is_working(sunday)
    assert worktime_of(person).spans(sunday.date())[0][1] == datetime(2026, 11, 23, tzinfo=SHANGHAI)
    WorkingHours.objects.filter(calendar=nights).update(weekday=5)
    touch(nights)
    assert not worktime_of(person).is_working(sunday)
    with django_assert_num_queries(1):
        worktime_of()


def test_holidays_are_added_once_and_an_unknown_year_is_refused():
    calendar = WorkingCalendar.objects.create(name="分公司")
    assert load_china_days(calendar, 2026) == 39 and load_china_days(calendar, 2026) == 0
    with pytest.raises(ValueError):
        load_china_days(calendar, 2100)


def test_who_is_away_and_who_stands_in(client, rep, other):
    client.force_login(rep)
    page = client.post(
        "/profile/absences/new/",
        {"starts_at": "2026-11-23T09:00", "ends_at": "2026-11-27T18:00", "deputy": other.pk, "note": "年假"},
    )
    assert page.status_code == 302
    assert away(datetime(2026, 11, 24, tzinfo=SHANGHAI)) == {rep.pk: other.pk}
    assert away(datetime(2026, 11, 28, tzinfo=SHANGHAI)) == {}
    refused = client.post("/profile/absences/new/", {"starts_at": "2026-11-23T09:00", "ends_at": "2026-11-20T18:00"})
    assert refused.status_code == 422 and "ends after it begins" in refused.content.decode()
    mine = Absence.objects.get()
    client.force_login(other)
    assert client.post(f"/profile/absences/{mine.pk}/", {"remove": "1"}).status_code == 404
    client.force_login(rep)
    client.post(f"/profile/absences/{mine.pk}/", {"remove": "1"})
    assert not Absence.objects.exists()
