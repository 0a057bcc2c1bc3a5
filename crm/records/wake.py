"""Telling the workers that there is something to do. Redis only wakes them: beat finds what a lost call leaves."""

from celery import Task
from kombu.exceptions import OperationalError

from crm.lib.cache import redis_answers
from crm.records.tasks import dispatch, send_outgoing


def wake_dispatcher() -> None:
    """Ask a worker to empty the outbox now. A broker that is down or frozen costs its short time-out and nothing else."""
    wake(dispatch)


def wake_outgoing() -> None:
    """Ask a worker to send now what waits to leave the house."""
    wake(send_outgoing)


def wake(task: Task) -> None:
    """Ask a worker to do ``task`` now."""
    if not redis_answers():
        return
    try:
        task.apply_async(retry=False)
    except (OperationalError, OSError):
        return
