"""Visitors are reminded once at each moment that the page names, of the meeting as it stands, and of none that was called off."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.activities.services import cancel_task
from crm.records import services as records
from crm.records.actor import Actor
from marketing.booking.columns import RemindersField
from marketing.booking.models import Booking
from marketing.booking.reminding import remind
from marketing.booking.tests.conftest import WANG

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def booked(desk, offered, send):
    """A meeting three days from now, booked long ago."""
    day = timezone.localdate() + timedelta(days=3)
    assert send(desk, offered(desk, day)[0]).status_code == 303
    Booking.objects.update(changed_at=timezone.now() - timedelta(days=1))
    return Booking.objects.get()


@pytest.fixture
def told(mails):
    """The reminders that went out."""
    return lambda: [m for m in mails() if m.to == [WANG["email"]] and m.subject.startswith(("Rem", "会议提醒"))]


def move(booking, start):
    task = booking.task
    task.due_at, task.ends_at = start, start + timedelta(minutes=30)
    records.save(task, actor=Actor(booking.host, "test"))
    booking.refresh_from_db()


def test_each_comes_once_at_its_hour(booked, told):
    start = booked.starts_at
    counts = [remind(start - before) for before in (25 * HOUR, 24 * HOUR, 23 * HOUR, 2 * HOUR, HOUR, HOUR / 2)]
    assert counts == [0, 1, 0, 0, 1, 0]
    assert remind(start) == 0
    sent = told()
    assert [mail.subject for mail in sent] == ["Reminder: Product demo · CRM"] * 2
    assert len(told()) == 2
    assert "coming up" in sent[0].body and "/b/m/" in sent[0].body and WANG["name"] not in sent[0].body
    assert not sent[0].attachments


def test_who_was_away_or_booked_late_gets_one_or_none(booked, told):
    assert remind(booked.starts_at - HOUR / 2) == 1
    Booking.objects.update(changed_at=booked.starts_at - HOUR / 2)
    assert remind(booked.starts_at - HOUR / 4) == 0


def test_none_after_it_was_called_off(booked, told):
    assert remind(booked.starts_at - 24 * HOUR) == 1
    cancel_task(booked.task, actor=Actor(booked.host, "test"))
    assert told() == []
    assert remind(booked.starts_at - HOUR) == 0


def test_it_moves_with_the_meeting(booked, told):
    old = booked.starts_at
    assert remind(old - 24 * HOUR) == 1
    move(booked, old + 48 * HOUR)
    Booking.objects.update(changed_at=old - 23 * HOUR)
    assert remind(old - HOUR) == 0
    assert remind(booked.starts_at - 24 * HOUR) == 1
    assert len(told()) == 1


def test_it_speaks_the_language_of_the_visitor_and_pages_decide(booked, desk, told):
    Booking.objects.update(language="zh-hans")
    desk.reminders = ""
    records.save(desk, actor=Actor(desk.owner))
    assert remind(booked.starts_at - HOUR) == 0
    desk.reminders = "2"
    records.save(desk, actor=Actor(desk.owner))
    assert remind(booked.starts_at - HOUR) == 1
    assert "年" in told()[0].body


def test_hours_are_typed_as_people_say_them():
    assert RemindersField().to_python("1、24") == "24, 1"
    for wrong in ("0", "169", "a", "1,2,3,4,5,6,7", "-1"):
        with pytest.raises(ValidationError):
            RemindersField().to_python(wrong)
