"""What beat and the writing transactions ask workers to do for the log."""

from celery import shared_task

from crm.records import dispatch as outbox
from crm.records import partitions, sending


@shared_task(name="crm.records.tasks.dispatch", ignore_result=True)
def dispatch() -> None:
    """Empty the outbox."""
    outbox.dispatch()


@shared_task(name="crm.records.tasks.ensure_partitions", ignore_result=True)
def ensure_partitions() -> None:
    """Make the coming months of the logs and drop audit months past their retention."""
    partitions.ensure_partitions()
    partitions.drop_old_audit()


@shared_task(name="crm.records.tasks.send_outgoing", ignore_result=True)
def send_outgoing() -> None:
    """Send what waits to leave the house."""
    sending.send_due()
