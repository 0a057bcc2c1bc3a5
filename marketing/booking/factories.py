"""Booking pages for tests and demos, written through the same services as everything else."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any

from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import User
from customers.factories import some_user
from marketing.booking.models import BookingHost, BookingPage, BookingQuestion

_numbers = count(1)


def make_booking_page(hosts: Iterable[User] = (), questions: Iterable[dict] = (), **values: Any) -> BookingPage:
    """A saved page with its hosts and questions."""
    owner = values["owner"] = some_user(values.get("owner"))
    page = BookingPage(**{"name": f"线上演示{next(_numbers)}", **values})
    records.save(page, actor=Actor(owner, "factory"))
    for place, user in enumerate(hosts):
        records.save(BookingHost(page=page, owner=owner, user=user, position=place), actor=Actor(owner, "factory"))
    for place, one in enumerate(questions):
        question = BookingQuestion(page=page, owner=owner, position=place, **one)
        records.save(question, actor=Actor(owner, "factory"))
    return page
