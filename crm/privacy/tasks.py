"""Thin doors from Celery into the room."""

from celery import shared_task

from crm.privacy import retention as rules


@shared_task(name="crm.privacy.tasks.retention")
def retention() -> None:
    """Each night: what has been kept long enough goes."""
    rules.run_all()
