"""What record pages show of booking: the link of a page and who booked by it, how a meeting came about, a link for customers."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.access import policy
from crm.activities.models import Task
from crm.entities.entity import registry
from crm.entities.panels import panel, record_tab
from crm.entities.refs import refs
from marketing.booking.linking import SHOWN, pages_of
from marketing.booking.models import Booking, BookingPage

PAGE, MEETING = "booking.bookingpage", "activities.task"
LATEST = 100


@panel(PAGE, slot="side", template="booking/link.html", order=-30)
def link(record: BookingPage, user: Any) -> dict | None:
    """The address to hand on."""
    return None if record.deleted_at else {"pages": [record], "own": True}


@record_tab(
    PAGE,
    "bookings",
    _("Bookings"),
    icon="calendar-check",
    template="booking/bookings.html",
    count=lambda page: page.bookings.count(),
)
def bookings_tab(page: BookingPage, user: Any) -> dict[str, Any]:
    """The latest bookings: who came and what for only where the reader sees the meeting, of the others that time is taken."""
    rows = list(page.bookings.select_related("host").order_by("-starts_at", "-pk")[:LATEST])
    ids = [row.task_id for row in rows if row.task_id]
    may = policy.can(user, MEETING, "view")
    seen = set(Task.objects.restrict(user).filter(pk__in=ids).values_list("pk", flat=True)) if may else set()
    known = refs(user, [(row.on_entity, row.on_id) for row in rows if row.on_id and row.task_id in seen])
    url = registry[MEETING].url
    return {
        "lines": [
            {
                "row": row,
                "url": url("record", row.task_id) if row.task_id in seen else "",
                "person": known.get((row.on_entity, row.on_id)) if row.task_id in seen else None,
            }
            for row in rows
        ]
    }


@panel(MEETING, slot="side", template="booking/booked.html", order=-10)
def booked(record: Task, user: Any) -> dict | None:
    """By which page a meeting was booked and what was answered; how to reach the person stands with their own record, if there is one."""
    booking = Booking.objects.filter(task=record).select_related("page").first()
    if booking is None:
        return None
    page = registry[PAGE].url("record", booking.page_id) if policy.can_record(user, booking.page, "view") else ""
    return {"booking": booking, "page_url": page, "reach": not booking.on_id}


def share(record: Any, user: Any) -> dict | None:
    """The links of the reader's own booking pages, to be copied into whatever they write with."""
    if record.deleted_at or not policy.can(user, PAGE, "view"):
        return None
    pages = list(pages_of(user)[:SHOWN])
    return {"pages": pages, "own": False} if pages else None


for label in ("sales.lead", "customers.contact", "customers.account"):
    panel(label, slot="side", template="booking/link.html", order=6)(share)
