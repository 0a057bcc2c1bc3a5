"""What falls due with partners."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from sales.partners import forwarding, protecting, registering


@shared_task
def chase() -> list[int]:
    """Remind of forwarded leads that wait for an answer, and take back those that waited too long."""
    return list(forwarding.chase(timezone.now()))


@shared_task
def end_protection() -> int:
    """Registered deals are protected until a day, and not after it."""
    ended = registering.end_protection(timezone.localdate())
    protecting.protect_again()
    return ended
