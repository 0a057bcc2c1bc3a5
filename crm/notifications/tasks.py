"""Thin doors from Celery into the services."""

from celery import shared_task

from crm.notifications import reminding, sending


@shared_task(name="crm.notifications.tasks.digests")
def digests() -> None:
    """Every five minutes: the daily summaries whose hour has come."""
    sending.queue_digests()


@shared_task(name="crm.notifications.tasks.reminders")
def reminders() -> None:
    """At every full minute: the activities whose reminder has come."""
    reminding.remind()


@shared_task(name="crm.notifications.tasks.escalate")
def escalate() -> None:
    """Each quarter of an hour: what has been overdue for days, to superiors."""
    reminding.escalate()


@shared_task(name="crm.notifications.tasks.sweep")
def sweep() -> None:
    """Each day: drop what was read long ago."""
    reminding.sweep()
