"""Thin doors from Celery into the reading of documents."""

from celery import shared_task

from crm.documents import reading


@shared_task(name="crm.documents.tasks.read")
def read_documents() -> None:
    """Each minute: read what is new."""
    reading.read_waiting()
