"""What booking pages need before a test that holds for every entity can save them."""

from __future__ import annotations

from crm.entities.testing import readies
from marketing.booking.models import BookingPage


@readies("booking.bookingpage")
def keeps_hours(record: BookingPage) -> None:
    """Hours are no free text; those of a weekend stand nowhere else."""
    record.saturday, record.sunday = "03:07-04:19" if record.saturday else "", "05:11-06:23" if record.sunday else ""
