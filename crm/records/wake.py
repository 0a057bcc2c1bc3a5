"""Telling the dispatcher that the outbox has work. Redis only wakes it: beat finds what a lost call leaves."""

from celery import current_app
from kombu.exceptions import OperationalError


def wake_dispatcher() -> None:
    """Ask a worker to empty the outbox now. A broker that is down or frozen costs its short time-out and nothing else."""
    try:
        current_app.send_task("crm.records.tasks.dispatch", ignore_result=True, retry=False)
    except (OperationalError, OSError):
        return
