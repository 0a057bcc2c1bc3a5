"""What booking does by itself."""

from __future__ import annotations

from celery import shared_task

from marketing.booking import reminding


@shared_task(name="marketing.booking.tasks.remind")
def remind() -> None:
    """Each minute: remind visitors of what is coming up."""
    reminding.remind()
