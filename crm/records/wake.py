"""Telling the dispatcher that the outbox has work. Redis only wakes it: beat finds what a lost call leaves."""

from kombu.exceptions import OperationalError

from crm.lib.cache import redis_answers
from crm.records.tasks import dispatch


def wake_dispatcher() -> None:
    """Ask a worker to empty the outbox now. A broker that is down or frozen costs its short time-out and nothing else."""
    if not redis_answers():
        return
    try:
        dispatch.apply_async(retry=False)
    except (OperationalError, OSError):
        return
