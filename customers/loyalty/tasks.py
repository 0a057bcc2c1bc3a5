"""Points expire by themselves."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from crm.records.actor import Actor
from customers.loyalty.ledger import expire_due


@shared_task
def expire() -> int:
    """Take what was good until yesterday or before."""
    return expire_due(timezone.localdate(), actor=Actor(None, "loyalty"))
