"""A person's age, next birthday (also by the lunar calendar) and preferences, within what one may know."""

from __future__ import annotations

from datetime import date

import pytest

from crm.access.models import Scope
from crm.lib.lunar import lunar_text, next_lunar
from customers.factories import make_contact, make_preference
from customers.models import Contact
from customers.profile.birthdays import age, next_birthday


@pytest.mark.parametrize(
    ("born", "today", "expected"),
    [
        (date(1980, 2, 16), date(2026, 1, 1), date(2026, 2, 17)),  # the first of the first month: New Year
        (date(1980, 2, 16), date(2026, 2, 17), date(2026, 2, 17)),
        (date(1980, 2, 16), date(2026, 2, 18), date(2027, 2, 6)),
        (date(1985, 9, 29), date(2026, 6, 1), date(2026, 9, 25)),  # 中秋
        (date(1890, 1, 1), date(2026, 1, 1), None),
    ],
)
def test_a_lunar_birthday_falls_on_another_day_each_year(born, today, expected):
    assert next_lunar(born, today) == expected


def test_the_lunar_day_in_words():
    assert lunar_text(date(1980, 2, 16)) == "正月初一"


@pytest.mark.parametrize(
    ("born", "today", "day", "years"),
    [
        (date(1980, 3, 1), date(2026, 3, 1), date(2026, 3, 1), 46),
        (date(1980, 3, 1), date(2026, 3, 2), date(2027, 3, 1), 46),
        (date(1980, 2, 29), date(2026, 2, 27), date(2026, 2, 28), 45),
        (date(1980, 2, 29), date(2028, 2, 28), date(2028, 2, 29), 47),
        (date(1980, 12, 31), date(2026, 1, 1), date(2026, 12, 31), 45),
    ],
)
def test_birthdays_and_ages(born, today, day, years):
    contact = Contact(birthday=born)
    assert (next_birthday(contact, today), age(contact, today)) == (day, years)


@pytest.mark.django_db
def test_the_portrait_keeps_to_what_one_may_know(client, rep, grant, field_rule):
    grant(rep, "customers.contact", view=Scope.OWN, change=Scope.OWN)
    grant(rep, "customers.preference", view=Scope.OWN, add=Scope.OWN)
    person = make_contact(owner=rep, birthday=date(1980, 2, 16), birthday_calendar="lunar")
    make_preference(person, "只喝龙井", kind="food")
    make_preference(make_contact(owner=rep), "金丝雀")
    client.force_login(rep)
    url = f"/customers/insight/customers.contact/{person.pk}/"
    page = client.get(url).content.decode()
    assert "只喝龙井" in page and "正月初一" in page and "years old" in page and "金丝雀" not in page
    field_rule(rep, "customers.contact", "birthday", "hidden")
    field_rule(rep, "customers.preference", "text", "hidden")
    page = client.get(url).content.decode()
    assert "只喝龙井" not in page and "years old" not in page
