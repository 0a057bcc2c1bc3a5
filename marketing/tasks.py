"""What marketing does by itself."""

from __future__ import annotations

from celery import shared_task

from marketing.events import taking


@shared_task
def ensure_months() -> None:
    """The partitions of the coming months."""
    taking.ensure_months()
