"""What falls due with partners."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from sales.partners import forwarding


@shared_task
def chase() -> list[int]:
    """Remind of forwarded leads that wait for an answer, and take back those that waited too long."""
    return list(forwarding.chase(timezone.now()))
