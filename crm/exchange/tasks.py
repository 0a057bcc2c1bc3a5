"""Thin doors from Celery into the room."""

from celery import shared_task

from crm.exchange import sources


@shared_task(name="crm.exchange.tasks.sweep")
def sweep() -> None:
    """Each day: remove files of imports of long ago."""
    sources.sweep()
