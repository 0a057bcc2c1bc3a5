"""Thin doors from Celery into the services."""

from celery import shared_task

from crm.notifications import reminding, sending


@shared_task(name="crm.notifications.tasks.digests")
def digests() -> None:
    """Every five minutes: the daily summaries whose hour has come."""
    sending.queue_digests()


@shared_task(name="crm.notifications.tasks.reminders")
def reminders() -> None:
    """Each minute: the tasks that are about to be due."""
    reminding.remind()


@shared_task(name="crm.notifications.tasks.sweep")
def sweep() -> None:
    """Each day: drop what was read long ago."""
    reminding.sweep()
