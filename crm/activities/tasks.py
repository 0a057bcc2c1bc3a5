"""Thin doors from Celery into the services."""

from celery import shared_task

from crm.activities import repeating, sharing


@shared_task(name="crm.activities.tasks.end_shares")
def end_shares() -> None:
    """Each quarter of an hour: note the end of shares whose time is over."""
    sharing.end_expired()


@shared_task(name="crm.activities.tasks.extend_series")
def extend_series() -> None:
    """Each hour: the occurrences of activities that repeat, as they come into reach."""
    repeating.extend_all()
