"""What the inbox does by itself."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from crm.inbound.models import Delivery

KEPT = timedelta(days=90)


@shared_task(name="crm.inbound.tasks.sweep", ignore_result=True)
def sweep() -> int:
    """Remove deliveries that came long ago."""
    return Delivery.objects.filter(at__lt=timezone.now() - KEPT).delete()[0]
