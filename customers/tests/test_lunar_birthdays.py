"""Birthdays entered as people say them: 八月十五, 闰四月初一; the next day is worked out, and owners are told on it."""

from __future__ import annotations

from datetime import date

import pytest

from crm.access.models import Scope
from crm.lib.lunar import LunarDay, read_lunar
from crm.notifications.models import Notification
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_contact
from customers.models import Contact
from customers.profile.birthdays import move_on, remind

CONTACT = "customers.contact"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("8-15", "八月十五"),
        ("农历八月十五", "八月十五"),
        ("闰4-1", "闰四月初一"),
        ("閏四月初一", "闰四月初一"),
        ("十二月廿三", "腊月廿三"),
        ("１-１", "正月初一"),
        ("腊月三十", "腊月三十"),
        ("二月二十", "二月二十"),
    ],
)
def test_a_day_is_read_however_it_is_written(text, said):
    assert str(read_lunar(text)) == said == str(read_lunar(said))


@pytest.mark.parametrize("text", ["", "13-1", "8-31", "0-5", "八月", "闰", "<b>", "八月十五十五", "9" * 99])
def test_what_is_no_day_is_refused(text):
    with pytest.raises(ValueError, match="^"):
        read_lunar(text)


@pytest.mark.parametrize(
    ("day", "today", "expected"),
    [
        (LunarDay(8, 15), date(2026, 1, 1), date(2026, 9, 25)),
        (LunarDay(8, 15), date(2026, 9, 26), date(2027, 9, 15)),
        (LunarDay(4, 1, True), date(2020, 5, 1), date(2020, 5, 23)),  # 2020 has a leap fourth month
        (LunarDay(4, 1, True), date(2026, 1, 1), date(2026, 5, 17)),  # 2026 has none
        (LunarDay(12, 30), date(2026, 1, 1), date(2026, 2, 16)),  # that month has 29 days
    ],
)
def test_the_next_time(day, today, expected):
    assert day.next(today) == expected


def test_it_is_entered_on_the_form_and_kept_as_said(client, rep, grant):
    grant(rep, CONTACT, view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    client.force_login(rep)
    form = {"name": "王明", "birthday_calendar": "solar"}
    assert client.post("/customers/contacts/add/", form | {"lunar_birthday": "8-32"}).status_code == 422
    answer = client.post("/customers/contacts/add/", form | {"lunar_birthday": "8-15"})
    assert answer.status_code == 302, answer.context["form"].errors
    contact = Contact.objects.get()
    assert contact.lunar_birthday == "八月十五" and contact.next_birthday_on == read_lunar("8-15").next(date.today())
    contact.lunar_birthday = ""
    records.save(contact, actor=Actor(rep))
    assert Contact.objects.get().next_birthday_on is None


def test_owners_hear_of_it_on_the_day_and_once(rep, other, grant, field_rule):
    grant(rep, CONTACT, view=Scope.OWN)
    grant(other, CONTACT, view=Scope.OWN)
    field_rule(other, CONTACT, "birthday", "hidden")
    mine = make_contact(owner=rep, lunar_birthday="八月十五")
    make_contact(owner=other, lunar_birthday="八月十五")
    make_contact(owner=rep, birthday=date(1980, 9, 26))
    Contact.objects.update(next_birthday_on=None)
    assert move_on(date(2026, 9, 24)) == 3
    for day in (date(2026, 9, 24), date(2026, 9, 25), date(2026, 9, 25)):
        remind(day)
    told = Notification.objects.filter(kind="birthday")
    assert [(row.user_id, row.record_id) for row in told] == [(rep.pk, mine.pk)]
    move_on(date(2026, 9, 26))
    mine.refresh_from_db()
    assert mine.next_birthday_on == date(2027, 9, 15)
