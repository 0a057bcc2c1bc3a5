"""What beat asks workers to do for pools."""

from celery import shared_task

from crm.ownership import recycler


@shared_task(name="crm.ownership.tasks.recycle", ignore_result=True)
def recycle() -> None:
    """Take back what its owners have left alone, and warn of what comes next."""
    recycler.recycle()
