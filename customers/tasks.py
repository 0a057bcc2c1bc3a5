"""What beat asks workers to do for customers."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from crm.customfields import definitions
from customers.profile import health
from customers.profile.birthdays import move_on, remind
from customers.profile.completeness import TABLES, store_all


@shared_task(name="customers.tasks.refresh_health", ignore_result=True)
def refresh_health() -> int:
    """Risks come with time: look at all accounts again. Doing it twice changes nothing."""
    return sum(health.refresh_all())


@shared_task(name="customers.tasks.recount", ignore_result=True)
def recount() -> int:
    """Work out the completeness of everything anew: after the weights changed, and nightly."""
    definitions.renew()  # the weights may have changed since this process last looked
    return sum(changed for model in TABLES for _last, changed in store_all(model))


@shared_task(name="customers.tasks.birthdays", ignore_result=True)
def birthdays() -> int:
    """Each morning: whose birthday is over gets the next one, owners hear whose it is today. Doing it twice tells nobody twice."""
    today = timezone.localdate()
    move_on(today)
    return remind(today)
