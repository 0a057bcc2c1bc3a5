"""When somebody has their next birthday, and how old they are."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any

from django.db.models import Q
from django.utils import timezone

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.lib.lunar import next_lunar, read_lunar
from crm.notifications.services import notify
from crm.records.hooks import WriteBatch, computed
from customers.models import Contact
from customers.notices import BIRTHDAY
from customers.profile.portraits import Calendar

CONTACT = "customers.contact"
OF_BIRTHDAY = ("birthday", "birthday_calendar", "lunar_birthday", "next_birthday_on")
BATCH = 2000


def batched(rows: Iterator[Any], size: int) -> Iterator[list[Any]]:
    """The rows, so many at a time."""
    while part := list(islice(rows, size)):
        yield part


def _in_year(day: date, year: int) -> date:
    """The birthday in a year; on 29 February it is kept on the 28th where there is none."""
    return (
        day.replace(year=year, day=28)
        if (day.month, day.day) == (2, 29) and not isleap(year)
        else day.replace(year=year)
    )


def next_birthday(contact: Any, today: date) -> date | None:
    """The next time that the person has a birthday, today included; None where nobody knows."""
    if contact.lunar_birthday and (day := _lunar(contact.lunar_birthday, today)):
        return day
    if contact.birthday is None:
        return None
    if contact.birthday_calendar == Calendar.LUNAR and (day := next_lunar(contact.birthday, today)):
        return day
    this_year = _in_year(contact.birthday, today.year)
    return this_year if this_year >= today else _in_year(contact.birthday, today.year + 1)


def _lunar(text: str, today: date) -> date | None:
    try:
        return read_lunar(text).next(today)
    except ValueError:
        return None


def age(contact: Any, today: date) -> int:
    """Full years."""
    return today.year - contact.birthday.year - (_in_year(contact.birthday, today.year) > today)


@computed
def keep_next_birthday(batch: WriteBatch) -> set[str]:
    """The day stands on the contact, so that lists, conditions and rules go by it."""
    if batch.model is not Contact:
        return set()
    today, touched = timezone.localdate(), False
    for contact in batch.after:
        day = next_birthday(contact, today)
        touched |= day != contact.next_birthday_on
        contact.next_birthday_on = day
    return {"next_birthday_on"} if touched else set()


def move_on(today: date) -> int:
    """Give who had a birthday, or never had a next one worked out, their next one; how many."""
    known = Q(birthday__isnull=False) | ~Q(lunar_birthday="")
    rows = Contact.objects.filter(known, Q(next_birthday_on__lt=today) | Q(next_birthday_on__isnull=True))
    moved = 0
    for part in batched(rows.order_by("pk").only(*OF_BIRTHDAY).iterator(chunk_size=BATCH), BATCH):
        for contact in part:
            contact.next_birthday_on = next_birthday(contact, today)
        moved += Contact._base_manager.bulk_update(part, ["next_birthday_on"])
    return moved


def remind(today: date) -> int:
    """Tell owners whose birthday it is today, once; how many people have one."""
    people = list(Contact.objects.alive().filter(next_birthday_on=today, owner__isnull=False).select_related("owner"))
    for contact in people:
        if len(bind(registry[CONTACT], contact.owner).readable_on(contact, ["birthday", "lunar_birthday"])) == 2:
            notify([contact.owner_id], BIRTHDAY, record=contact, key=f"birthday:{contact.pk}:{today.isoformat()}")
    return len(people)
