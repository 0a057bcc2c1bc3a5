"""What nobody gets by the public pages: the same time twice, what meetings are about, more than there is."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from crm.access.models import Scope
from crm.activities.models import Participant, Task
from crm.messaging.merging import merge, values_for
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.purge import purge
from crm.reference.calendars import SpecialDay, WorkingCalendar, touch
from marketing.booking import public, services
from marketing.booking.factories import make_booking_page
from marketing.booking.models import Booking
from marketing.booking.tests.conftest import ALL_DAY, WANG, WEEK, moment_of, times_on
from sales.models import Lead

OPEN = {"notice_hours": 0, **dict.fromkeys(WEEK, ALL_DAY)}
db = pytest.mark.django_db


def busy(user, start, minutes=30, **values):
    """A meeting in somebody's calendar."""
    task = Task(
        owner=user,
        subject="并购谈判",
        kind="meeting",
        due_at=start,
        ends_at=start + timedelta(minutes=minutes),
        **values,
    )
    records.save(task, actor=Actor(user))
    return task


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_get_one_meeting(desk):
    client = Client(headers={"accept-language": "en"})
    at = times_on(client.get(desk.path))[0]
    visitors = [services.Visitor(f"访客{n}", email=f"v{n}@example.com") for n in range(20)]

    def book(number):
        try:
            return services.book(desk, visitors[number], moment_of(at), 30, key=f"k{number}").pk
        except services.Taken:
            return None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        won = [pk for pk in pool.map(book, range(20)) if pk]
    assert len(won) == Booking.objects.count() == Task.objects.count() == Lead.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_form_sent_ten_times_at_once_is_one_meeting(desk):
    at = times_on(Client().get(desk.path))[0]

    def book(_number):
        try:
            return services.book(
                desk, services.Visitor(**{k: WANG[k] for k in ("name", "email")}), moment_of(at), 30, key="k"
            ).pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        assert len(set(pool.map(book, range(10)))) == Booking.objects.count() == Task.objects.count() == 1


@db
def test_nobody_learns_what_meetings_are_about(desk, host, other, visitor, offered, tomorrow):
    start = moment_of(offered(desk, tomorrow)[2])
    task = busy(host, start, place="机密会议室", description="对方报价")
    page = visitor.get(desk.path, {"day": str(tomorrow)}).content.decode()
    assert f"{start:%Y%m%dT%H%MZ}" not in page
    assert not any(word in page for word in ("并购", "机密", "报价", str(task.pk) + "/"))
    joined = busy(other, start + timedelta(hours=1))
    Participant.objects.create(task=joined, user=host)
    assert f"{joined.due_at:%Y%m%dT%H%MZ}" not in offered(desk, tomorrow)
    Participant.objects.update(state="declined")
    assert f"{joined.due_at:%Y%m%dT%H%MZ}" in offered(desk, tomorrow)
    task.status = "cancelled"
    records.save(task, actor=Actor(host))
    assert f"{start:%Y%m%dT%H%MZ}" in offered(desk, tomorrow)


@db
def test_buffers_notice_horizon_and_most_a_day(host, send, offered, tomorrow):
    page = make_booking_page(
        owner=host, **OPEN | {"buffer_before": 30, "buffer_after": 30, "per_day": 2, "days_ahead": 2}
    )
    first = moment_of(offered(page, tomorrow)[6])
    assert send(page, f"{first:%Y%m%dT%H%MZ}").status_code == 303
    left = {moment_of(text) for text in offered(page, tomorrow)}
    near = {first + timedelta(minutes=30 * n) for n in (-1, 0, 1)}
    assert not near & left and first + timedelta(hours=1) in left and first - timedelta(hours=1) in left
    assert send(page, offered(page, tomorrow)[-1], email="x@example.com", phone="").status_code == 303
    there = offered(page, tomorrow)
    assert not any(timezone.localdate(moment_of(text)) == tomorrow for text in there)
    far = timezone.localdate() + timedelta(days=3)
    assert not any(timezone.localdate(moment_of(text)) >= far for text in offered(page, far))
    late = make_booking_page(owner=host, **OPEN | {"notice_hours": 30})
    assert all(moment_of(text) >= timezone.now() + timedelta(hours=30) for text in offered(late))


@db
def test_public_holidays_are_closed(host, offered, tomorrow):
    page = make_booking_page(owner=host, **OPEN)
    calendar = WorkingCalendar.objects.filter(is_default=True).first() or WorkingCalendar.objects.create(
        name="中国", is_default=True
    )
    SpecialDay.objects.create(calendar=calendar, day=tomorrow, works=False, name="厂庆")
    touch(calendar)
    assert not any(timezone.localdate(moment_of(text)) == tomorrow for text in offered(page, tomorrow))
    page.holidays = False
    records.save(page, actor=Actor(host))
    assert any(timezone.localdate(moment_of(text)) == tomorrow for text in offered(page, tomorrow))


@db
def test_one_of_several_hosts_the_least_booked_first(host, other, hosting, send, offered, tomorrow):
    page = make_booking_page(owner=host, hosts=[host, hosting(other)], **OPEN)
    at = offered(page, tomorrow)[4]
    for number in range(2):
        assert send(page, at, email=f"v{number}@example.com", phone="").status_code == 303
    assert at not in offered(page, tomorrow)
    assert [b.host for b in Booking.objects.order_by("pk")] == [host, other]
    busy(other, moment_of(offered(page, tomorrow)[8]))
    send(page, offered(page, tomorrow)[8], email="w@example.com", phone="")
    assert Booking.objects.order_by("-pk")[0].host == host  # who alone is free


@db
def test_all_hosts_together(host, other, hosting, send, offered, tomorrow):
    page = make_booking_page(owner=host, hosts=[other, host], hosting="all", **OPEN)
    hosting(other)
    at = offered(page, tomorrow)[4]
    busy(host, moment_of(at))
    assert at not in offered(page, tomorrow)
    start = offered(page, tomorrow)[5]
    assert send(page, start).status_code == 303
    task = Task.objects.exclude(subject="并购谈判").get()
    people = list(task.participants.filter(user__isnull=False).values_list("user", "state"))
    assert (task.owner, people) == (other, [(host.pk, "accepted")])


@db
def test_nobody_fills_a_calendar(desk, send, offered, monkeypatch, visitor):
    for _number in range(services.MOST_AHEAD):
        assert send(desk, offered(desk)[0]).status_code == 303
    more = send(desk, offered(desk)[0], email=WANG["email"].upper(), phone="")
    assert more.status_code == 422 and "3 meetings" in more.content.decode()
    form = visitor.get(f"{desk.path}?at={offered(desk)[0]}")
    monkeypatch.setattr(public, "SENDS", 0)
    many = send(desk, offered(desk)[0], form=form, name="张三")
    assert many.status_code == 429 and "张三" in many.content.decode()
    monkeypatch.setattr(public, "LOOKS", 0)
    assert visitor.get(desk.path).status_code == 429
    assert Booking.objects.count() == services.MOST_AHEAD


@db
@pytest.mark.parametrize(
    "query",
    [
        "at=x",
        "at=99999999T9999Z",
        "day=2026-99-99",
        "day=0001-01-01",
        "tz=../../etc/passwd",
        "tz=%00",
        "length=x",
        "at=20990101T0000Z",
    ],
)
def test_any_address_is_answered(desk, visitor, query):
    assert visitor.get(f"{desk.path}?{query}").status_code == 200
    assert visitor.post(f"{desk.path}?{query}", {"at": "\x00", "name": "\x00"}).status_code == 422


@db
def test_times_are_the_visitors(desk, host, visitor, offered, tomorrow):
    page = visitor.get(f"{desk.path}?tz=America/New_York").content.decode()
    assert "America/New York (UTC" in page
    here, there = offered(desk, tomorrow), offered(desk, tomorrow, tz="America/New_York")
    assert here and there and set(here) != set(there)


@db
def test_who_sees_the_page_but_not_the_meeting_learns_no_name(desk, host, other, hosting, grant, send, offered, client):
    send(desk, offered(desk)[0])
    grant(hosting(other), "booking.bookingpage", view=Scope.ALL)
    for user, seen in ((host, True), (other, False)):
        client.force_login(user)
        shown = client.get(f"/sales/bookingpages/{desk.pk}/?tab=bookings").content.decode()
        assert (WANG["name"] in shown, WANG["company"] in shown) == (seen, seen)


@db
def test_nobody_fills_the_calendar_of_whom_they_may_give_nothing(desk, host, other, grant, client):
    grant(host, "booking.bookinghost", view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    client.force_login(host)
    data = {"page": desk.pk, "user": other.pk, "position": 0}
    assert client.post("/sales/bookinghosts/add/", data).status_code == 422
    assert client.post("/sales/bookinghosts/add/", data | {"user": host.pk}).status_code == 302
    assert [one.user for one in desk.hosts.all()] == [host]


@db
def test_the_link_stands_where_one_writes(desk, host, client):
    lead = Lead(owner=host, name="王强", email="w@example.com")
    records.save(lead, actor=Actor(host))
    client.force_login(host)
    assert f'data-copy="{desk.url}"' in client.get(f"/sales/leads/{lead.pk}/").content.decode()
    begun = client.post("/mail/write/", {"entity": "sales.lead", "record": lead.pk}, follow=True).content.decode()
    assert f'data-insert="{desk.url}"' in begun
    assert merge("{{ me.booking }}", values_for(host, lead)) == desk.url


@db
def test_a_team_becomes_hosts_as_far_as_one_may_give_them_work(desk, host, other, make_user, grant, team, client):
    stranger = make_user("stranger")
    team("North", host, other)
    team("South", stranger)
    grant(host, "activities.task", assign=Scope.TEAM)
    client.force_login(host)
    url = f"/sales/bookingpages/{desk.pk}/do/add_team/"
    page = client.get(url).content.decode()
    assert "North" in page and "South" not in page
    north = host.teams.get()
    assert client.post(url, {"team": north.pk}).status_code == 302
    assert client.post(url, {"team": north.pk}).status_code == 302
    assert {one.user for one in desk.hosts.all()} == {host, other} and desk.hosts.count() == 2
    assert client.post(url, {"team": stranger.teams.get().pk}).status_code == 422


@db
def test_what_was_typed_goes_with_the_person(desk, send, offered, boss):
    send(desk, offered(desk)[0])
    lead = Lead.objects.get()
    records.delete(lead, actor=Actor(boss))
    purge([lead], actor=Actor(boss))
    left = Booking.objects.get()
    assert (left.name, left.email, left.phone, left.company, left.answers, left.on_id) == ("", "", "", "", [], None)
    assert left.task is None
