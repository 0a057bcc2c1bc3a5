"""A visitor books, moves and calls off a meeting: by the front door, with everything that follows."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from crm.access.models import Scope
from crm.activities.models import Task
from crm.activities.services import cancel_task
from crm.notifications.models import Notification
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.dispatch import dispatch
from crm.records.models import Entry, EntryLink
from customers.factories import make_contact, make_source
from marketing.booking.factories import make_booking_page
from marketing.booking.inviting import token_of
from marketing.booking.models import Booking
from marketing.booking.tests.conftest import ALL_DAY, WANG, moment_of
from sales.factories import make_lead
from sales.models import Lead
from sales.sequences.entering import enrol
from sales.sequences.factories import make_sequence
from sales.sequences.tests.conftest import account, mailbox, own_network, receiver  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db
QUESTIONS = ({"text_zh": "您想了解什么？", "text_en": "What about?", "required": True},)


def meeting(task, host):
    """What the calendar has of it."""
    return task.owner, task.kind, task.on_entity, task.due_at, task.ends_at - task.due_at


def test_booking_makes_a_lead_and_a_meeting(desk, host, offered, send, visitor, mails):
    desk.source = make_source("官网")
    desk.meeting_url = "https://meeting.example/123"
    records.save(desk, actor=Actor(host))
    at = offered(desk)[3]
    answer = send(desk, at, **WANG)
    assert answer.status_code == 303 and not answer.cookies
    shown = visitor.get(answer["Location"])
    assert "Your meeting is booked" in shown.content.decode() and "no-store" in shown["Cache-Control"]
    assert shown["X-Robots-Tag"] == "noindex" and 'content="noindex"' in shown.content.decode()
    lead, task, booking = Lead.objects.get(), Task.objects.get(), Booking.objects.get()
    assert (lead.name, lead.email, lead.company, lead.owner) == ("王小川", WANG["email"], "远山泵业", host)
    assert (lead.source.name, lead.first_source.name) == ("官网", "官网")
    assert meeting(task, host) == (host, "meeting", "sales.lead", moment_of(at), timedelta(minutes=30))
    assert (task.on_id, task.subject, task.place) == (lead.pk, "产品演示 · 王小川", desk.meeting_url)
    assert [(p.entity, p.record_id, p.state) for p in task.participants.all()] == [("sales.lead", lead.pk, "accepted")]
    assert (booking.task, booking.host, booking.state, booking.on_id) == (task, host, "booked", lead.pk)
    told = Notification.objects.get(kind="booking_booked")
    assert (told.user, told.record_id) == (host, task.pk)
    entry = Entry.objects.get(kind="booking.booked")
    assert EntryLink.objects.filter(entry_id=entry.pk, entity="sales.lead", record_id=lead.pk).exists()
    assert at not in offered(desk, timezone.localdate(moment_of(at)))
    (mail,) = [m for m in mails() if m.to == [WANG["email"]]]
    assert mail.reply_to == [host.email] and "王小川" not in mail.body + mail.subject


def test_the_invitation_is_one_that_calendars_read(desk, host, offered, send, visitor, mails):
    at = offered(desk)[0]
    send(desk, at)
    booking = Booking.objects.get()
    (mail,) = [m for m in mails() if m.to == [WANG["email"]]]
    (part,) = mail.alternatives
    assert part.mimetype == "text/calendar; method=REQUEST; charset=utf-8"
    calendar = Calendar.from_ical(part.content)
    (event,) = calendar.walk("VEVENT")
    assert (calendar["METHOD"], event["STATUS"], event["SEQUENCE"]) == ("REQUEST", "CONFIRMED", 0)
    assert event.decoded("dtstart") == moment_of(at) and event.decoded("dtend") - event.decoded("dtstart") == timedelta(
        minutes=30
    )
    assert (event["ORGANIZER"], event["ATTENDEE"]) == (f"mailto:{host.email}", f"mailto:{WANG['email']}")
    link = reverse("booking:meeting", args=[token_of(booking)])
    assert link in event["DESCRIPTION"] and link in mail.body
    assert WANG["name"] not in part.content
    file = visitor.get(reverse("booking:file", args=[token_of(booking)]))
    (own,) = Calendar.from_ical(file.content).walk("VEVENT")
    assert file["Content-Type"].startswith("text/calendar") and own["UID"] == event["UID"]


def test_whom_we_know_is_met_and_no_second_lead_made(desk, host, other, offered, send):
    contact = make_contact(email="WANG@example.com", owner=other)
    send(desk, offered(desk)[0])
    assert not Lead.objects.exists()
    task = Task.objects.get()
    assert (task.owner, task.on_entity, task.on_id) == (host, "customers.contact", contact.pk)


def test_a_host_who_adds_no_leads_still_has_the_meeting(desk, host, grant, offered, send, client):
    grant(host, "sales.lead", add=Scope.NONE)
    send(desk, offered(desk)[0])
    task = Task.objects.get()
    assert not Lead.objects.exists() and not task.on_id
    client.force_login(host)
    shown = client.get(f"/activities/tasks/{task.pk}/").content.decode()
    assert WANG["email"] in shown and WANG["phone"] in shown


def test_who_books_leaves_the_sequence(desk, host, grant, offered, send, account):  # noqa: F811 - the fixture
    for label in ("sequences.enrolment", "sequences.sequence", "sequences.sequencestep"):
        grant(host, label, view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    lead = make_lead(owner=host, name="王小川", email=WANG["email"])
    enrolment = enrol(lead, actor=Actor(host), sequence=make_sequence(owner=host))
    send(desk, offered(desk)[0])
    dispatch()
    enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.reason) == ("stopped", "met")


def test_what_is_wrong_is_told_and_typed_again(desk, host, visitor, send, offered):
    desk = make_booking_page(
        owner=host, name="问", notice_hours=0, way="phone", questions=QUESTIONS, **dict.fromkeys(("monday",), ALL_DAY)
    )
    at = offered(desk)[0]
    answer = send(desk, at, email="no address", phone="12", name="张三")
    text = answer.content.decode()
    assert answer.status_code == 422 and "张三" in text and "no address" in text and at in text
    assert text.count("invalid-feedback") >= 3 and not Booking.objects.exists()
    question = desk.questions.get()
    fine = send(desk, at, **{f"q{question.pk}": "离心泵"})
    assert fine.status_code == 303
    assert Booking.objects.get().answers == [["What about?", "离心泵"]]
    assert "离心泵" in Task.objects.get().description


def test_one_needs_an_address_or_a_number(desk, send, offered):
    at = offered(desk)[0]
    assert send(desk, at, email="", phone="").status_code == 422
    assert send(desk, at, email="").status_code == 303
    assert Booking.objects.get().phone == WANG["phone"]


def test_the_same_page_sent_twice_is_one_meeting(desk, visitor, send, offered):
    at = offered(desk)[0]
    form = visitor.get(f"{desk.path}?at={at}")
    first, second = send(desk, at, form), send(desk, at, form)
    assert (first.status_code, second.status_code) == (303, 303) and first["Location"] == second["Location"]
    assert Booking.objects.count() == Task.objects.count() == 1


def test_a_time_that_is_gone_is_told_with_others(desk, visitor, send, offered):
    at = offered(desk)[0]
    form = visitor.get(f"{desk.path}?at={at}")
    assert send(desk, at).status_code == 303
    late = send(desk, at, form=form, stamp=None, name="张三", email="zhang@example.com")
    assert late.status_code == 422  # the desk forgot its mark
    other_form = visitor.get(f"{desk.path}?at={offered(desk)[0]}")
    late = send(desk, at, form=other_form, at=at, name="张三", email="zhang@example.com")
    text = late.content.decode()
    assert late.status_code == 409 and "张三" in text and "Somebody was quicker" in text
    assert f'value="{at}"' not in text and 'name="at"' in text
    assert Booking.objects.count() == 1


def test_moving_it_moves_the_meeting_and_tells_both(desk, host, visitor, send, offered, mails):
    first, second = offered(desk)[0], offered(desk)[4]
    where = send(desk, first)["Location"].partition("?")[0]
    shown = visitor.get(f"{where}move/").content.decode()
    assert f'value="{second}"' in shown and f'value="{first}"' in shown  # one's own time is no obstacle
    assert visitor.post(f"{where}move/", {"at": second}).status_code == 303
    booking, task = Booking.objects.get(), Task.objects.get()
    assert booking.starts_at == task.due_at == moment_of(second) and booking.moves == 1
    assert Notification.objects.get(kind="booking_moved").user == host
    told = [m for m in mails() if m.to == [WANG["email"]]][-1]
    (event,) = Calendar.from_ical(told.alternatives[0].content).walk("VEVENT")
    assert (event["SEQUENCE"], event.decoded("dtstart")) == (1, moment_of(second))
    assert visitor.post(f"{where}move/", {"at": "20200101T0000Z"}).status_code == 409
    assert visitor.post(f"{where}move/", {"at": "nonsense"}).status_code == 422


def test_calling_it_off_frees_the_time_and_tells_both(desk, host, visitor, send, offered, mails):
    at = offered(desk)[0]
    where = send(desk, at)["Location"]
    assert "Your meeting is booked" in visitor.get(where).content.decode()
    assert Booking.objects.get().state == "booked"  # looking changes nothing
    assert visitor.post(where, {"reason": "出差"}).status_code == 303
    assert "was called off" in visitor.get(where).content.decode()
    task = Task.objects.get()
    assert (task.status, task.outcome) == ("cancelled", "出差") and at in offered(desk)
    assert Notification.objects.get(kind="booking_cancelled").user == host
    told = [m for m in mails() if m.to == [WANG["email"]]][-1]
    calendar = Calendar.from_ical(told.alternatives[0].content)
    (event,) = calendar.walk("VEVENT")
    assert (calendar["METHOD"], event["STATUS"]) == ("CANCEL", "CANCELLED")
    assert visitor.post(where).status_code == 303 and Booking.objects.get().moves == 1
    assert visitor.post(f"{where.partition('?')[0]}move/", {"at": at}).status_code == 409


def test_what_the_host_does_in_the_calendar_the_visitor_hears(desk, host, send, offered, mails):
    at, actor = offered(desk)[0], Actor(host)
    send(desk, at)
    task = Task.objects.get()
    task.due_at += timedelta(days=1)
    records.save(task, actor=actor)
    booking = Booking.objects.get()
    assert booking.starts_at == task.due_at and booking.ends_at - booking.starts_at == timedelta(minutes=30)
    assert any("Changed" in m.subject for m in mails())
    cancel_task(task, actor=actor)
    booking.refresh_from_db()
    assert booking.state == "cancelled" and any("Called off" in m.subject for m in mails())


def test_links_are_signed(desk, visitor, send, offered):
    send(desk, offered(desk)[0])
    token = token_of(Booking.objects.get())
    for wrong in (f"{token}x", token.split(":")[0], "1:x", "999:" + token.split(":")[1]):
        assert visitor.get(f"/b/m/{wrong}/").status_code == 404
        assert visitor.post(f"/b/m/{wrong}/").status_code == 404
        assert visitor.get(f"/b/m/{wrong}/meeting.ics").status_code == 404


def test_a_meeting_given_to_a_colleague_is_theirs(desk, host, other, hosting, send, offered, mails):
    send(desk, offered(desk)[0])
    task = Task.objects.get()
    task.owner = hosting(other)
    records.save(task, actor=Actor(host))
    assert Booking.objects.get().host == other and any("Changed" in m.subject for m in mails())


def test_what_was_booked_by_a_page_in_the_trash_can_be_called_off(desk, host, send, offered, visitor):
    where = send(desk, offered(desk)[0])["Location"]
    records.delete(desk, actor=Actor(host))
    assert desk.path not in visitor.get(where).content.decode()
    assert visitor.post(where).status_code == 303 and Task.objects.get().status == "cancelled"


def test_a_closed_page_and_one_in_the_trash_are_not_there(desk, host, visitor):
    desk.active = False
    records.save(desk, actor=Actor(host))
    assert visitor.get(desk.path).status_code == 404
    desk.active = True
    records.save(desk, actor=Actor(host))
    assert visitor.get(desk.path).status_code == 200
    records.delete(desk, actor=Actor(host))
    assert visitor.get(desk.path).status_code == visitor.post(desk.path).status_code == 404
