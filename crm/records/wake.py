"""Telling the workers that there is something to do. Redis only wakes them: beat finds what a lost call leaves."""

from celery import Task
from kombu.exceptions import OperationalError

from crm.lib.cache import redis_answers
from crm.records.tasks import dispatch, send_outgoing


def wake_dispatcher() -> None:
    """Ask a worker to empty the outbox now. A broker that is down or frozen costs its short time-out and nothing else."""
    _wake(dispatch)


def wake_outgoing() -> None:
    """Ask a worker to send now what waits to leave the house."""
    _wake(send_outgoing)


def _wake(task: Task) -> None:
    if not redis_answers():
        return
    try:
        task.apply_async(retry=False)
    except (OperationalError, OSError):
        return
