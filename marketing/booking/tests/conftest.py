"""A host with a booking page, and a visitor who finds it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from crm.access.models import Scope
from crm.records.models import Outgoing
from crm.records.sending import send_due
from crm.users.models import User
from marketing.booking.factories import make_booking_page
from marketing.booking.models import BookingPage
from marketing.webforms import stamps

ALL_DAY = "08:00-20:00"
WANG = {"name": "王小川", "email": "wang@example.com", "phone": "13912345678", "company": "远山泵业"}
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """People write as slowly as they like, and nobody came before."""
    cache.clear()
    monkeypatch.setattr(stamps, "QUICKEST", timedelta(seconds=-1))


@pytest.fixture
def hosting(grant) -> Callable[[User], User]:
    """Let somebody have meetings and leads of their own."""

    def let(user: User) -> User:
        for label in ("activities.task", "sales.lead", "customers.contact", "booking.bookingpage"):
            grant(user, label, view=Scope.OWN, add=Scope.OWN, change=Scope.OWN, delete=Scope.OWN)
        return user

    return let


@pytest.fixture
def host(rep, hosting) -> User:
    rep.email = "lin@crm.example"
    rep.save()
    return hosting(rep)


@pytest.fixture
def desk(host) -> BookingPage:
    """Half an hour, any day from eight to eight, from now on."""
    hours = dict.fromkeys(WEEK, ALL_DAY)
    return make_booking_page(owner=host, name="产品演示", title_en="Product demo", notice_hours=0, **hours)


@pytest.fixture
def visitor() -> Client:
    return Client(enforce_csrf_checks=True, headers={"accept-language": "en"})


def times_on(answer: Any) -> list[str]:
    """The times that a page offers, as its addresses name them."""
    return re.findall(r"at=(\d{8}T\d{4}Z)", answer.content.decode())


@pytest.fixture
def offered(visitor) -> Callable[..., list[str]]:
    """``offered(page)`` are the times of the first free day, ``offered(page, day)`` those of another."""

    def look(page: BookingPage, day: Any = "", **query: Any) -> list[str]:
        return times_on(visitor.get(page.path, {"day": str(day), **query} if day else query))

    return look


@pytest.fixture
def tomorrow() -> Any:
    return timezone.localdate() + timedelta(days=1)


@pytest.fixture
def send(visitor) -> Callable[..., Any]:
    """``send(page, at, name="…")`` opens the form at a time and sends it, as a browser does."""

    def go(page: BookingPage, start: str, form: Any = None, query: str = "", **values: Any) -> Any:
        form = form or visitor.get(f"{page.path}?at={start}{query}")
        assert form.status_code == 200
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form.content.decode()))
        data = {**hidden, **WANG, **values}
        return visitor.post(f"{page.path}?at={start}{query}", {k: v for k, v in data.items() if v is not None})

    return go


@pytest.fixture
def mails(mailoutbox) -> Callable[[], list]:
    """What was sent, with what waits to be."""

    def sent() -> list:
        Outgoing.objects.filter(state="queued").update(next_at=timezone.now() - timedelta(seconds=1))
        send_due()
        return mailoutbox

    return sent


def moment_of(text: str) -> datetime:
    """The moment that an address names."""
    return datetime.strptime(f"{text}+0000", "%Y%m%dT%H%MZ%z")
