"""What falls due with quotes."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from sales.quotes import services


@shared_task
def expire() -> int:
    """Offers end with the day they are valid until."""
    return services.expire_quotes(timezone.localdate())
