"""The calendar and its feed: what may be seen at every door, what is only “busy”, moving by hand, and the file itself."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from icalendar import Calendar

from crm.access.models import Scope
from crm.activities.attending import answer, invite
from crm.activities.feed import address_of, calendar_of
from crm.activities.models import CalendarFeed, Task
from crm.activities.repeating import repeat_task
from crm.activities.services import cancel_task
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import ChangeSet, Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def own(rep, keeps, make_activity):
    keeps(rep)
    return make_activity(rep)


@pytest.fixture
def theirs(other, keeps, make_activity):
    keeps(other)
    return make_activity(other, subject="秘密谈判", place="密室")


def day_of(task):
    return timezone.localtime(task.due_at).date()


def events(client, task, who=""):
    day = day_of(task)
    span = {"start": f"{day}T00:00:00", "end": f"{day + timedelta(days=1)}T00:00:00", "who": who}
    return client.get("/calendar/events/", span).json()


def wall(moment):
    return timezone.localtime(moment).replace(tzinfo=None).isoformat(timespec="minutes")


# Who sees what


def test_ones_own_and_what_one_takes_part_in(client, rep, other, own, theirs):
    invite(theirs, actor=Actor(other), user=rep)
    client.force_login(rep)
    assert {event["title"] for event in events(client, own)} == {"拜访设备部", "秘密谈判"}
    answer(theirs.participants.get(), "declined", actor=Actor(rep))
    assert {event["title"] for event in events(client, own)} == {"拜访设备部"}


def test_of_others_only_that_time_is_taken(client, rep, other, own, theirs, make_activity):
    make_activity(other, due_at=theirs.ends_at, subject="noch geheimer")
    make_activity(other, due_at=theirs.due_at + timedelta(hours=5), ends_at=None, subject="a point")
    client.force_login(rep)
    found = events(client, theirs, other.pk)
    assert [(e["title"], e["start"], e["end"]) for e in found] == [
        ("Busy", wall(theirs.due_at), wall(theirs.due_at + timedelta(hours=2)))
    ]
    assert set(found[0]) == {"title", "start", "end", "editable", "busy"}
    for view in ("day", "week", "month", "agenda", "team"):
        page = client.get("/calendar/", {"view": view, "day": str(day_of(theirs)), "who": other.pk})
        assert page.status_code == 200
        text = page.content.decode()
        assert "Busy" in text
        assert "秘密谈判" not in text
        assert "密室" not in text


def test_who_may_see_all_sees_names(client, rep, other, own, theirs, keeps):
    keeps(rep, view=Scope.ALL)
    client.force_login(rep)
    assert [e["title"] for e in events(client, theirs, other.pk)] == ["秘密谈判"]
    assert (
        "秘密谈判"
        in client.get("/calendar/", {"view": "team", "day": str(day_of(theirs)), "who": other.pk}).content.decode()
    )


def test_a_hidden_field_is_not_told(client, rep, own, field_rule):
    field_rule(rep, "activities.task", "subject", "hidden")
    field_rule(rep, "activities.task", "place", "hidden")
    Task.objects.update(place="密室")
    client.force_login(rep)
    assert [(e["title"], e.get("place", "")) for e in events(client, own)] == [("Visit", "")]
    assert "密室" not in calendar_of(rep).decode()
    assert "拜访设备部" not in calendar_of(rep).decode()


def test_without_the_grant_there_is_no_calendar(client, rep, other, theirs):
    client.force_login(rep)
    for url in ("/calendar/", "/calendar/events/?start=2026-01-01&end=2026-01-02", "/calendar/addresses/"):
        assert client.get(url).status_code == 403
    assert client.post(f"/calendar/{theirs.pk}/move/").status_code == 403
    assert client.post("/calendar/addresses/new/").status_code == 403


@pytest.mark.parametrize(
    "query", ["", "start=x&end=y", "start=2026-01-01&end=2026-12-31", "start=2026-02-01&end=2026-01-01"]
)
def test_no_more_than_six_weeks_at_once(client, rep, own, query):
    client.force_login(rep)
    assert client.get(f"/calendar/events/?{query}").status_code == 422


def test_what_was_called_off_is_gone(client, rep, own):
    cancel_task(own, actor=Actor(rep))
    client.force_login(rep)
    assert events(client, own) == []


# Moving by hand


def moved(client, task, **changes):
    start = task.due_at + timedelta(hours=2)
    data = {"start": wall(start), "end": wall(start + timedelta(hours=3)), "all_day": "0", "version": task.version}
    return client.post(f"/calendar/{task.pk}/move/", data | changes)


def test_dragged_and_made_longer_with_undo(client, rep, own):
    client.force_login(rep)
    response = moved(client, own)
    assert response.status_code == 200
    before = own.due_at
    own.refresh_from_db()
    assert (own.due_at, own.ends_at) == (before + timedelta(hours=2), before + timedelta(hours=5))
    undo = json.loads(response["HX-Trigger"])["toast"]["undo_url"]
    assert client.post(undo).status_code == 302
    own.refresh_from_db()
    assert (own.due_at, own.ends_at) == (before, before + timedelta(hours=1))


def test_what_somebody_changed_meanwhile_goes_back(client, rep, own):
    client.force_login(rep)
    version = own.version
    own.subject = "neu"
    records.save(own, actor=Actor(rep))
    before = own.due_at
    response = moved(client, own, version=version)
    assert response.status_code == 409
    assert json.loads(response["HX-Trigger"])["toast"]["level"] == "error"
    own.refresh_from_db()
    assert own.due_at == before


@pytest.mark.parametrize(
    "changes",
    [{"start": ""}, {"end": "2020-01-01T00:00"}, {"scope": "others"}, {"start": "0001-01-01T00:00"}, {"owner": "x"}],
)
def test_nonsense_is_refused(client, rep, own, changes):
    client.force_login(rep)
    assert moved(client, own, **changes).status_code == 422
    assert not Entry.objects.filter(kind="activities.task.changed").exists()


def test_only_who_may_change_it(client, rep, other, own, theirs, keeps, field_rule):
    keeps(rep, view=Scope.ALL)
    client.force_login(rep)
    assert moved(client, theirs).status_code == 404
    invite(theirs, actor=Actor(other), user=rep)
    assert moved(client, theirs).status_code == 404
    theirs.participants.update(acts=True)
    assert moved(client, theirs).status_code == 200
    field_rule(rep, "activities.task", "due_at", "read")
    assert moved(client, own).status_code == 403


def test_given_to_a_colleague_only_within_rights(client, rep, other, own, keeps):
    keeps(other)
    client.force_login(rep)
    assert moved(client, own, owner=other.pk).status_code == 422
    keeps(rep, assign=Scope.ALL)
    assert moved(client, own, owner=other.pk).status_code == 200
    own.refresh_from_db()
    assert own.owner == other


def test_a_series_is_dragged_as_a_whole(client, rep, own):
    repeat_task(own, "FREQ=DAILY;COUNT=4", actor=Actor(rep))
    client.force_login(rep)
    second = Task.objects.order_by("occurs_at")[1]
    assert moved(client, second, scope="following").status_code == 200
    hours = [timezone.localtime(t.due_at).hour for t in Task.objects.order_by("occurs_at")]
    assert hours == [10, 12, 12, 12]
    assert ChangeSet.objects.filter(kind="repeat").count() == 2


def test_all_day(client, rep, own):
    client.force_login(rep)
    day = day_of(own)
    assert moved(client, own, start=str(day), end="", all_day="1").status_code == 200
    (event,) = events(client, own)
    assert (event["allDay"], event["start"], event["end"]) == (True, str(day), str(day + timedelta(days=1)))


def test_moving_the_beginning_alone_keeps_the_length(client, rep, own):
    client.force_login(rep)
    url = f"/activities/tasks/{own.pk}/cell/due_at/"
    assert client.post(url, {"due_at": wall(own.due_at + timedelta(days=1))}).status_code == 200
    own.refresh_from_db()
    assert own.ends_at - own.due_at == timedelta(hours=1)


# The feed


@pytest.fixture
def address(rep):
    return urlsplit(address_of(CalendarFeed.objects.create(user=rep, name="Phone"))).path


def test_another_calendar_reads_what_the_person_may_see(client, rep, other, own, theirs, address):
    Task.objects.filter(pk=own.pk).update(
        subject='会议; a,b\nBEGIN:VEVENT \\n 引号"', place="泵房, 2 楼", description="第一行\n第二行"
    )
    response = client.get(address)
    assert (response.status_code, response["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    calendar = Calendar.from_ical(response.content)
    (event,) = calendar.walk("VEVENT")
    assert event["SUMMARY"] == '会议; a,b\nBEGIN:VEVENT \\n 引号"'
    assert event["LOCATION"] == "泵房, 2 楼"
    assert "第一行\n第二行" in event["DESCRIPTION"]
    assert event.decoded("DTSTART") == own.due_at
    assert event.decoded("DTEND") == own.ends_at
    assert event["UID"].startswith(f"task-{own.pk}@")
    assert all(len(line) <= 75 for line in response.content.split(b"\r\n"))


def test_its_marks_are_stable(client, rep, own, address):
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    uid = Calendar.from_ical(first.content).walk("VEVENT")[0]["UID"]
    own.due_at += timedelta(days=1)
    records.save(own, actor=Actor(rep))
    changed = client.get(address, headers={"If-None-Match": first["ETag"]})
    (event,) = Calendar.from_ical(changed.content).walk("VEVENT")
    assert (changed.status_code, event["UID"], event["SEQUENCE"]) == (200, uid, 1)
    assert changed["ETag"] != first["ETag"]


def test_whole_days_and_points(rep, own, make_activity):
    day = timezone.localtime(own.due_at).replace(hour=0)
    make_activity(rep, due_at=day, ends_at=day + timedelta(days=2), all_day=True, subject="展会")
    make_activity(rep, ends_at=None, subject="回电")
    found = {event["SUMMARY"]: event for event in Calendar.from_ical(calendar_of(rep)).walk("VEVENT")}
    assert (found["展会"].decoded("DTSTART"), found["展会"].decoded("DTEND")) == (
        day.date(),
        day.date() + timedelta(days=2),
    )
    assert "DTEND" not in found["回电"]
    assert found["回电"]["TRANSP"] == "TRANSPARENT"


def test_who_takes_part_stands_in_it(rep, other, own, keeps):
    keeps(other)
    other.email = "chen@example.com"
    other.save()
    invite(own, actor=Actor(rep), user=other)
    answer(own.participants.get(), "accepted", actor=Actor(other))
    (event,) = Calendar.from_ical(calendar_of(rep)).walk("VEVENT")
    assert str(event["ATTENDEE"]) == "mailto:chen@example.com"
    assert event["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"


def test_a_right_that_was_taken_away_holds_at_once(client, rep, own, grant, address):
    grant(rep, "activities.task", view=Scope.NONE)
    assert Calendar.from_ical(client.get(address).content).walk("VEVENT") == []


def test_an_address_is_good_for_nothing_else_and_ends(client, rep, own, address):
    token = address.removeprefix("/calendar/feed/").removesuffix(".ics")
    for wrong in (token[:-1] + ("A" if token[-1] != "A" else "B"), token.split(":")[0], "x", f"{token}x"):
        assert client.get(f"/calendar/feed/{wrong}.ics").status_code == 404
    rep.is_active = False
    rep.save()
    assert client.get(address).status_code == 404
    rep.is_active = True
    rep.save()
    assert client.get(address).status_code == 200
    assert client.post(address).status_code == 405
    client.force_login(rep)
    feed = rep.calendar_feeds.get()
    assert client.post(f"/calendar/addresses/{feed.pk}/end/").status_code == 302
    assert client.get(address).status_code == 404


def test_nobody_ends_the_address_of_another(client, other, theirs, address):
    client.force_login(other)
    assert client.post(f"/calendar/addresses/{CalendarFeed.objects.get().pk}/end/").status_code == 404
    assert address not in client.get("/calendar/addresses/").content.decode()


def test_addresses_are_made_on_their_page(client, rep, own):
    client.force_login(rep)
    assert client.post("/calendar/addresses/new/", {"name": "Outlook"}).status_code == 302
    page = client.get("/calendar/addresses/").content.decode()
    assert address_of(rep.calendar_feeds.get()) in page


def test_the_page_is_an_agenda_without_its_script(client, rep, own, make_activity):
    make_activity(rep, due_at=timezone.make_aware(datetime(2031, 5, 5, 9)), subject="far away")
    client.force_login(rep)
    page = client.get("/calendar/", {"day": str(day_of(own))}).content.decode()
    assert "拜访设备部" in page
    assert "far away" not in page
    assert "far away" in client.get("/calendar/", {"view": "month", "day": "2031-05-20"}).content.decode()
