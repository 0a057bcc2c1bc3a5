"""Thin doors from Celery into the services."""

from celery import shared_task

from crm.messaging import polling
from crm.records.wake import wake


@shared_task(name="crm.messaging.tasks.poll_all", ignore_result=True)
def poll_all() -> None:
    """Ask a worker for each mailbox that is due."""
    for account_id in polling.due_accounts():
        poll.apply_async([account_id], expires=300, retry=False)


@shared_task(name="crm.messaging.tasks.poll", ignore_result=True, soft_time_limit=600, time_limit=660)
def poll(account_id: int) -> None:
    """Read one mailbox."""
    polling.poll(account_id)


def wake_pollers() -> None:
    """Read the mailboxes that are due now."""
    wake(poll_all)
